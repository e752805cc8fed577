"""Wrappers peeled off by the table, and shell text read in place."""

from __future__ import annotations

import pytest

from dten_audit.readers.shell.tables import clients, wrappers
from tests.readers.shell.helpers import commands, shown

PEELED = [
    ("sudo -n -u postgres psql -l", ["sudo/privilege:postgres | psql -l"]),
    ("sudo -iu postgres psql -l", ["sudo/privilege:postgres | psql -l"]),
    ("sudo --user=postgres -- psql -l", ["sudo/privilege:postgres | psql -l"]),
    ("sudo -E A=b systemctl stop x", ["sudo/privilege:root | systemctl stop x"]),
    ("/usr/bin/sudo systemctl stop x", ["sudo/privilege:root | systemctl stop x"]),
    ("sudo -v", ["sudo -v"]),
    ("sudo -i", ["sudo -i"]),
    ("doas -u www rm x", ["doas/privilege:www | rm x"]),
    ("pkexec --user x rm y", ["pkexec/privilege:x | rm y"]),
    ("run0 --user=x rm y", ["run0/privilege:x | rm y"]),
    (
        "su - postgres -c 'psql -l; rm x'",
        ["su/privilege:postgres | psql -l", "su/privilege:postgres | rm x"],
    ),
    ("su -c 'rm x' postgres", ["su/privilege:postgres | rm x"]),
    ('su -s /bin/sh www -c "rm x"', ["su/privilege:www | rm x"]),
    ("su - postgres", ["su - postgres"]),
    ("runuser -u app -- rm x", ["runuser/privilege:app | rm x"]),
    ("runuser -l app -c 'rm x'", ["runuser/privilege:app | rm x"]),
    ("gosu app rm x", ["gosu/privilege:app | rm x"]),
    ("setpriv --reuid=app rm x", ["setpriv/privilege:app | rm x"]),
    ("env -i A=b PATH=/bin rm x", ["env/plain | rm x"]),
    ("nice -n 19 ionice -c3 nohup rm x", ["nice/plain | ionice/plain | nohup/plain | rm x"]),
    ("timeout -k 5 30 systemctl stop x", ["timeout/plain | systemctl stop x"]),
    ("time -p rm x", ["time/plain | rm x"]),
    ("time rm x", ["rm x"]),
    ("exec rm x", ["exec/plain | rm x"]),
    ("command rm x", ["command/plain | rm x"]),
    ("command -v rm", ["command -v rm"]),
    ("ls | xargs -r -n 1 rm -f", ["ls", "xargs/plain | rm -f"]),
    (
        "find /x -type f -exec chmod 644 {} + -exec rm {} \\;",
        [
            "find /x -type f -exec chmod 644 {} + -exec rm {} ;",
            "find/plain | chmod 644 {}",
            "find/plain | rm {}",
        ],
    ),
    ("find /x -delete", ["find /x -delete"]),
    ("flock -n /run/x.lock rm y", ["flock/lock:/run/x.lock | rm y"]),
    ("flock -w 10 /run/x.lock -c 'rm y'", ["flock/lock:/run/x.lock | rm y"]),
    (
        "(\nflock -n 9 || exit 1\npsql -f x.sql\n) 9>/run/x.lock\nrm y",
        ["flock -n 9", "flock/lock:/run/x.lock | psql -f x.sql", "rm y"],
    ),
    (
        "exec 9>/run/x.lock\nflock 9\npsql -l\nflock -u 9\nrm y",
        [
            "exec",
            "flock 9",
            "flock/lock:/run/x.lock | psql -l",
            "flock/lock:/run/x.lock | flock -u 9",
            "rm y",
        ],
    ),
    ("chroot /mnt /bin/sh -c 'rm x'", ["chroot/container:/mnt | sh/shell | rm x"]),
    ("setsid stdbuf -oL rm x", ["setsid/plain | stdbuf/plain | rm x"]),
    ("systemd-run --on-calendar=daily rm x", ["systemd-run/deferred | rm x"]),
    ("systemd-run --uid=app --wait rm x", ["systemd-run/plain:app | rm x"]),
    ("ssh -o A=b -p 22 root@db 'systemctl stop x'", ["ssh/remote:root@db | systemctl stop x"]),
    ("ssh db systemctl stop x", ["ssh/remote:db | systemctl stop x"]),
    ("sshpass -p x ssh db rm y", ["sshpass/plain | ssh/remote:db | rm y"]),
    ("ssh db", ["ssh db"]),
    ("docker exec -it -u app web rm x", ["docker/container:web | rm x"]),
    ("docker compose -f c.yml exec -T db psql -l", ["docker/container:db | psql -l"]),
    ("docker-compose exec db psql -l", ["docker-compose/container:db | psql -l"]),
    ("docker run --rm -v /a:/b img:1 rm x", ["docker/container:img:1 | rm x"]),
    ("docker pull img", ["docker pull img"]),
    (
        "podman exec web sh -c 'rm x && ls'",
        ["podman/container:web | sh/shell | rm x", "podman/container:web | sh/shell | ls"],
    ),
    ("kubectl -n x exec -it deploy/db -c pg -- psql -l", ["kubectl/container:deploy/db | psql -l"]),
    ("oc exec pod -- rm x", ["oc/container:pod | rm x"]),
    ("kubectl apply -f x.yaml", ["kubectl apply -f x.yaml"]),
    ("lxc exec c1 -- rm x", ["lxc/container:c1 | rm x"]),
    ("pct exec 100 -- bash -c 'rm x'", ["pct/container:100 | bash/shell | rm x"]),
    ('eval "systemctl stop x"', ["eval/shell | systemctl stop x"]),
    ("C='rm -rf'\neval $C /x", ["eval/shell | rm -rf /x"]),
    ("sh -ec 'rm x' a b", ["sh/shell | rm x"]),
    ("bash -c 'rm \"$1\"' _ x", ["bash/shell | rm ~x"]),
    ('bash -c "$CMD"', ["bash/shell | ?${CMD}"]),
    ("bash x.sh -c y", ["bash x.sh -c y"]),
    ("trap 'rm -f /x' EXIT", ["trap/deferred | rm -f /x"]),
    ("c() { rm /x; }\ntrap c EXIT INT", ["trap/deferred | rm /x"]),
    ("trap - EXIT", []),
    ("watch -n 5 'systemctl status x'", ["watch/plain | systemctl status x"]),
    ("parallel -j 4 gzip {} ::: a b", ["parallel/plain | gzip a", "parallel/plain | gzip b"]),
    ("at -f x.sh now", ["at -f x.sh now", "at/deferred | sh x.sh"]),
    ("busybox rm x", ["busybox/plain | rm x"]),
    ("ansible web -b -m shell -a 'rm x'", ["ansible/remote:web | rm x"]),
    ("salt 'web*' cmd.run 'rm x'", ["salt/remote:web* | rm x"]),
    ("virt-customize -a i.img --run-command 'rm x'", ["virt-customize/container:i.img | rm x"]),
    (
        'ssh db "su - postgres -c \'psql -c \\"select 1\\"\'"',
        ["ssh/remote:db | su/privilege:postgres | psql -c select 1"],
    ),
    # several texts, entry points, arguments from elsewhere
    (
        "virt-customize -a i.img --run-command 'rm x' --install y --run-command 'rm z'",
        ["virt-customize/container:i.img | rm x", "virt-customize/container:i.img | rm z"],
    ),
    (
        "virt-customize -a i.img --run x.sh",
        ["virt-customize -a i.img --run x.sh", "virt-customize/container:i.img | sh x.sh"],
    ),
    (
        "docker run --rm --entrypoint /bin/sh img -c 'rm x'",
        ["docker/container:img | sh/shell | rm x"],
    ),
    ("docker run --entrypoint '' img rm x", ["docker/container:img | rm x"]),
    (
        "start-stop-daemon --stop --exec /usr/sbin/x",
        ["start-stop-daemon --stop --exec /usr/sbin/x"],
    ),
    (
        "start-stop-daemon -S -b -c app -x /opt/x -- -d",
        [
            "start-stop-daemon -S -b -c app -x /opt/x -- -d",
            "start-stop-daemon/plain:app | /opt/x -d",
        ],
    ),
    ("parallel ::: 'rm a' 'rm b'", ["parallel/plain | rm a", "parallel/plain | rm b"]),
    ("parallel rm {} ::: a b ::: c", ["parallel/plain | rm {}"]),
    ("echo a b | xargs systemctl stop", ["xargs/plain | systemctl stop a b"]),
    ("echo a b | xargs -n1 rm", ["xargs/plain | rm a", "xargs/plain | rm b"]),
    (
        "printf '%s\\n' a b | xargs -I{} systemctl stop {}.service",
        ["xargs/plain | systemctl stop a.service", "xargs/plain | systemctl stop b.service"],
    ),
    ("ls | xargs -I % rm %", ["ls", "xargs/plain | rm %"]),
    ("env -S 'A=b rm x'", ["env/plain | rm x"]),
    (
        "kubectl debug node/n -it --image=i -- chroot /host rm x",
        ["kubectl/container:node/n | chroot/container:/host | rm x"],
    ),
    ("ip netns exec blue systemctl stop x", ["ip/container:blue | systemctl stop x"]),
    ("ip addr add 10.0.0.1/8 dev x", ["ip addr add 10.0.0.1/8 dev x"]),
    ("unshare -m --root /mnt rm x", ["unshare/plain | rm x"]),
    ("screen -dmS job rm x", ["screen/plain | rm x"]),
    ("screen -S job -X stuff 'rm x'", ["screen -S job -X stuff rm x"]),
    ("tmux new-session -d -s job 'rm x; ls'", ["tmux/plain | rm x", "tmux/plain | ls"]),
    ("tmux kill-server", ["tmux kill-server"]),
    (
        "awk 'BEGIN { system(\"rm x\") } # system(y)' f",
        ['awk BEGIN { system("rm x") } # system(y) f', "awk/plain | rm x"],
    ),
    (
        "expect -c 'spawn sudo rm x; expect eof'",
        ["expect -c spawn sudo rm x; expect eof", "expect/plain | sudo/privilege:root | rm x"],
    ),
    (
        'expect <<\'E\'\nspawn -noecho ssh h {rm x}\nexpect "rm y"\nsend "pw\\r"\nE',
        ["expect", "expect/plain | ssh/remote:h | rm x"],
    ),
    ('cmd=(sudo systemctl)\n"${cmd[@]}" restart x', ["sudo/privilege:root | systemctl restart x"]),
    ("cmd=(sudo systemctl)\ncmd+=(stop)\n${cmd[*]} x", ["sudo/privilege:root | systemctl stop x"]),
    ("S=sudo\n${S:+$S }systemctl stop x", ["sudo/privilege:root | systemctl stop x"]),
    ("${NO:+$NO }systemctl stop x", ["systemctl stop x"]),
    ('bash -c "$(curl -fsSL u)"', ["curl -fsSL u", "bash/shell | ?$(curl -fsSL u)"]),
    ("trap c EXIT\nc() { rm /x; }", ["trap/deferred | rm /x"]),
    ("trap 'c 1' EXIT\ntrap - EXIT\nc() { rm /x$1; }", ["trap/deferred | rm /x1"]),
    # functions that wrap
    ("f() { sudo rm x; }\nf", ["sudo/privilege:root | rm x"]),
    ('r() { sudo "$@"; }\nr systemctl stop x', ["sudo/privilege:root@r | systemctl stop x"]),
    ('s() { "$@" >/dev/null 2>&1; }\ns rm x', ["rm x"]),
    (
        'retry() { local n=$1; shift; until "$@"; do sleep 1; done; }\nretry 3 rm x',
        ["rm x", "sleep 1"],
    ),
    ("p() { su - postgres -c \"$1\"; }\np 'psql -l'", ["su/privilege:postgres@p | psql -l"]),
    ('a() { b "$@"; }\nb() { sudo "$@"; }\na rm x', ["sudo/privilege:root@b | rm x"]),
]


@pytest.mark.parametrize(("script", "expected"), PEELED)
def test_peeled(script: str, expected: list[str]) -> None:
    assert [shown(command).replace("~", "") for command in commands(script)] == [
        text.replace("~", "") for text in expected
    ]


def test_wrapper_keeps_its_own_words() -> None:
    (command,) = commands("echo pw | sudo -S -u app rm x")
    assert [word.text for word in command.layers[0].arguments] == ["sudo", "-S", "-u", "app"]
    assert [[word.text for word in feed] for feed in command.feeds] == [["echo", "pw"]]


def test_environment() -> None:
    script = "export PGHOST=db\nA=1 sudo B=2 env C=$X psql -l"
    (command,) = commands(script)
    found = [(name, word.text, word.certainty) for name, word in command.environment]
    assert found == [
        ("PGHOST", "db", "resolved"),
        ("A", "1", "exact"),
        ("B", "2", "exact"),
        ("C", "${X}", "computed"),
    ]


def test_tables_name_their_sources() -> None:
    assert {"sudo", "su", "ssh", "docker", "kubectl", "flock", "eval"} <= wrappers().keys()
    assert {"psql", "mysql", "sqlite3", "crontab", "python3"} <= clients().keys()
