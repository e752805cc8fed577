"""Hostile shell texts of a given size: what costs the whole audit, not only the shell reader.

Each family is a few lines with ``§`` for a number that differs at each repetition, so that nothing
is met twice; or a text that nests, repeats or stands in one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_NUMBER: Final = "§"
_NUMBERED: Final[dict[str, str]] = {
    "stops of units": "systemctl stop x§\n",
    "starts and stops": "systemctl stop x§\nsystemctl disable x§\nsystemctl start y§.timer\n",
    "masks": "systemctl mask --now x§.service\nln -s /dev/null /etc/systemd/system/y§.service\n",
    "services": "service x§ restart\n/etc/init.d/y§ stop\ninvoke-rc.d z§ start\n",
    "guarded stops": "if systemctl cat a§ >/dev/null; then systemctl stop a§; fi\n",
    "crontab lines": "echo '*/5 * * * * /opt/a§.sh' | crontab -\n",
    "cron files": "echo '0 3 * * * root /opt/a§' > /etc/cron.d/a§\n",
    "cron here-documents": "cat > /etc/cron.d/a§ <<E\n0 3 * * * root /opt/b§\nE\n",
    "one long crontab": "echo '§ 3 * * * /opt/a§.sh' >> /etc/crontab\n",
    "at jobs": "echo 'systemctl stop a§' | at 03:00\n",
    "unit files": "cat > /etc/systemd/system/a§.service <<E\n[Service]\nExecStart=/opt/a§\nE\n",
    "sudo": "sudo -u u§ /opt/a§.sh\nsudo systemctl stop x§\n",
    "sudo, bare": "sudo a§\n",
    "su": "su - u§ -c 'rm -rf /srv/a§'\n",
    "sudoers": "echo 'u§ ALL=(ALL) NOPASSWD: /opt/a§' > /etc/sudoers.d/u§\n",
    "chmod and chown": "chmod 4755 /opt/a§\nchown -R u§ /srv/a§\n",
    "users": "useradd -m u§\nusermod -aG wheel u§\n",
    "ssh": "ssh h§ 'systemctl stop a§ && rm -rf /srv/a§'\n",
    "nested texts": "ssh h§ \"sudo sh -c 'systemctl stop a§'\"\n",
    "containers": "docker exec c§ sh -c 'apt-get update; a§'\nkubectl exec p§ -- a§\n",
    "functions": "f§() { systemctl stop a§; }\n",
    "functions calling functions": 'f§() { f1 "$@"; a§ $1; }\nf§ b\n',
    "calls of one function": 'f() { sudo systemctl stop "$1"; }\nf a§\n',
    "assignments": "a§=b\nb=$a§\nc§=$b\n",
    "array": "a+=(x§)\n",
    "exports": "export A§=b\nprog§\n",
    "defaults": "A=${B§:-/opt/a§}\nrm -rf $A/§\n",
    "removals": "rm -rf /var/lib/a§\n",
    "loops over literals": "for i in a§ b c d; do systemctl stop $i; done\n",
    "loops in loops": "for i in a b c; do for j in d§ e f; do rm $i$j; done; done\n",
    "case arms": "case $1 in a§) systemctl stop a§ ;; *) b§ ;; esac\n",
    "choices": "if a§; then x=b§; else x=c; fi\nsystemctl stop $x\n",
    "and-or": "a§ && b§ || c§ || exit 1\n",
    "pipelines": "a§ | grep b§ | sort | xargs rm -f\n",
    "arithmetic": "x=$((x + §))\n((y = x * §))\n",
    "traps": "trap 'rm -f /tmp/a§' EXIT\n",
    "downloads": "curl -fsSL https://a§.example/x.sh | sh\nwget http://b§.example/c.tar.gz\n",
    "here-documents for SQL": "psql d§ <<E\nDROP TABLE t§;\nALTER TABLE u§ ADD c int;\nE\n",
    "SQL in arguments": "mysql -e 'DROP TABLE t§'\npsql -c 'DELETE FROM t§'\n",
    "here-strings": "cat <<< 'a§'\nsh <<< 'systemctl stop a§'\n",
    "programs in here-documents": "python3 - <<E\nimport os\nos.system('a§')\nE\n",
    "packages": "apt-get install -y a§\nyum remove -y b§\nrpm -e c§\n",
    "mounts": "mount /dev/sd§ /mnt/a§\nmkfs.ext4 /dev/b§\n",
    "kernel settings": "sysctl -w net.a§=1\necho § > /proc/sys/net/a§\n",
    "firewall": "iptables -A INPUT -p tcp --dport § -j ACCEPT\n",
    "keys": "openssl req -new -x509 -days § -out /etc/a§.pem\nkeytool -import -alias a§\n",
    "sourced files": ". /opt/lib/a§.sh\nsource ./b§.sh\n",
    "words": "a§ b c d e f g h i j k l m n o p q r s t u v w x y z\n",
    "long words": f"a§ {'x' * 200}\n",
    "comments": f"# {'systemctl stop x ' * 5}§\n",
    "printed text": 'echo "systemctl stop a§; rm -rf /"\n',
    "eval": 'eval "systemctl stop a§"\n',
    "find": "find /srv/a§ -name '*.log' -exec rm {} \\;\n",
    "guards that gather": "[ -x /opt/a§ ] || exit 0\n",
}  # fmt: skip
_ONCE: Final[dict[str, tuple[str, str, str]]] = {
    "one line of stops": ("", "systemctl stop a; ", "\n"),
    "one line of words": ("rm ", "a ", "\n"),
    "one line of units": ("systemctl stop ", "x§ ", "\n"),
    "one pipeline": ("a ", "| b§ ", "\n"),
    "one chain": ("a ", "&& systemctl stop b§ ", "\n"),
    "one case": ("case $1 in\n", "a§) systemctl stop b§ ;;\n", "esac\n"),
    "one if": ("if a; then b\n", "elif [ $1 = x§ ]; then systemctl stop b§\n", "fi\n"),
    "one loop": ("for i in ", "a§ ", "; do systemctl stop $i; done\n"),
    "one array": ("a=(", "x§ ", ")\nfor i in ${a[@]}; do systemctl stop $i; done\n"),
    "one function": ("f() {\n", "systemctl stop x§\n", "}\nf\nf\nf\n"),
    "one here-document": ("cat > /etc/cron.d/a <<E\n", "§ 3 * * * root /opt/a§\n", "E\n"),
    "one crontab here-document": ("crontab - <<E\n", "*/5 * * * * /opt/a§ >> /var/log/a\n", "E\n"),
    "one SQL here-document": ("psql <<E\n", "ALTER TABLE t§ ADD COLUMN c int;\n", "E\n"),
    "one ssh text": ("ssh host '", "systemctl stop x§\n", "'\n"),
    "one root text": ("sudo sh <<E\n", "systemctl stop x§\n", "E\n"),
    "one file of sudoers": ("cat > /etc/sudoers.d/a <<E\n", "u§ ALL=NOPASSWD: /opt/a§\n", "E\n"),
    "one set of variables": ("x=a\n", "x=$x-§\n", "systemctl stop $x\n"),
}  # fmt: skip
_NESTED: Final = (
    ("if a; then\n", "systemctl stop x\n", "fi\n"),
    ("f§() {\n", "systemctl stop x\n", "}\n"),
    ("( ", "systemctl stop x", " )"),
    ("$( ", "systemctl stop x", " )"),
    ("for i in a b c; do\n", "systemctl stop x\n", "done\n"),
    ("case a in b)\n", "systemctl stop x\n", ";; esac\n"),
    ('"$(', "systemctl stop x", ')"'),
    ("sudo ", "systemctl stop x", ""),
    ("eval ", "systemctl stop x", ""),
)


def texts(size: int) -> Iterator[tuple[str, str]]:
    """Yield the name of a text and the text itself, about ``size`` characters long."""
    for name, piece in _NUMBERED.items():
        yield name, "#!/bin/sh\n" + _repeated(piece, size)
    for name, (head, piece, tail) in _ONCE.items():
        yield name, "#!/bin/sh\n" + head + _repeated(piece, size) + tail
    for opening, inner, closing in _NESTED:
        count = size // (len(opening) + len(closing) + 2)
        body = _repeated(opening, count * len(opening)) + inner + closing * count
        yield f"{opening.strip()} nested", "#!/bin/sh\n" + body
    yield "everything", "#!/bin/sh\n" + _mixed(size)


def _repeated(piece: str, size: int) -> str:
    """Return a piece, numbered, until it fills ``size`` characters."""
    pieces = piece.split(_NUMBER)
    found: list[str] = []
    length = number = 0
    while length < size:
        found.append(str(number).join(pieces))
        length += len(found[-1])
        number += 1
    return "".join(found)


def _mixed(size: int) -> str:
    """Return all numbered families in turn: they meet each other's facts."""
    every = "".join(_NUMBERED.values())
    return _repeated(every, size)
