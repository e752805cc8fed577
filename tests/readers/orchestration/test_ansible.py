"""What tasks do, said as commands: modules, free forms, jobs, texts, loops."""

from __future__ import annotations

import pytest

from .reading import TASKS, commands, lines, task, texts

MODULES = [
    ("systemd: {name: dten-core, state: restarted}", ["2: systemctl restart dten-core"]),
    (
        (
            "ansible.builtin.systemd_service:\n  name: dten-core\n"
            "  state: started\n  enabled: yes\n"
            "  daemon_reload: true"
        ),
        [
            "2: systemctl daemon-reload",
            "2: systemctl enable dten-core",
            "2: systemctl start dten-core",
        ],
    ),
    (
        "service: name=dten-core state=stopped enabled=no",
        ["2: systemctl disable dten-core", "2: systemctl stop dten-core"],
    ),
    ("sysvinit: {name: dten, state: reloaded}", ["2: systemctl reload dten"]),
    ("systemd: {name: dten, masked: on, scope: user}", ["2: systemctl --user mask dten"]),
    ("systemd: {daemon_reload: yes}", ["2: systemctl daemon-reload"]),
    (
        "service: name={{ dten_service }} state=restarted",
        ["2: systemctl restart= ${dten_service}?"],
    ),
    ('service: {name: dten, state: "{{ wanted }}"}', ["2: systemctl ${wanted}? dten"]),
    (
        "command: systemctl restart dten-core creates=/var/lib/dten/done",
        ["2: systemctl restart dten-core"],
    ),
    ("command: echo a; rm -rf /", ["2: echo a; rm -rf /"]),
    ("command:\n  argv: [psql, -c, 'SELECT 1; SELECT 2']", ["3: psql -c SELECT 1; SELECT 2"]),
    ("shell: systemctl stop a && systemctl stop b", ["2: systemctl stop a", "2: systemctl stop b"]),
    (
        "ansible.builtin.shell: |\n  systemctl stop dten\n\n  rm -rf /opt/dten/old",
        ["3: systemctl stop dten", "5: rm -rf /opt/dten/old"],
    ),
    ("shell:\n  cmd: systemctl stop dten\n  chdir: /opt", ["3: systemctl stop dten"]),
    ("action: command systemctl restart dten", ["2: systemctl restart dten"]),
    ("raw: systemctl restart dten", ["2: systemctl restart dten"]),
    ("expect: {command: passwd dten, responses: {'(?i)password:': secret}}", ["2: passwd dten"]),
    ("script: migrate.sh --all", ["2: ./migrate.sh --all"]),
    (
        "apt: {name: [dten, 'dten-cli=9.4'], state: present, update_cache: yes}",
        ["2: apt-get install -y dten dten-cli=9.4"],
    ),
    ("apt: upgrade=dist", ["2: apt-get -y dist-upgrade"]),
    ("yum: name=dten,dten-cli state=latest", ["2: dnf install -y dten dten-cli"]),
    ("package: {name: telnet, state: absent}", ["2: apt-get remove -y telnet"]),
    (
        "user: {name: dten, groups: [wheel, docker], shell: /sbin/nologin, system: true}",
        ["2: useradd --system -s /sbin/nologin -G wheel,docker dten"],
    ),
    ("user: {name: dten, state: absent}", ["2: userdel dten"]),
    ("file: {path: /opt/dten/bin/tool, mode: 04755}", ["2: chmod 04755 /opt/dten/bin/tool"]),
    ("file: {path: /opt/dten/bin/tool, mode: 'u+s'}", ["2: chmod u+s /opt/dten/bin/tool"]),
    ("file: {path: /opt/dten/bin/tool, mode: 755}", ["2: chmod 1363 /opt/dten/bin/tool"]),
    ("file: {path: /etc/dten, state: directory, mode: '0750'}", ["2: mkdir -p -m 0750 /etc/dten"]),
    ("file: {path: /etc/dten, state: absent}", ["2: rm -rf /etc/dten"]),
    (
        "file: {src: /opt/dten/bin/x, dest: /usr/bin/x, state: link}",
        ["2: ln -s /opt/dten/bin/x /usr/bin/x"],
    ),
    (
        "copy: src=dten.service dest=/etc/systemd/system/dten.service mode=0644",
        [
            "2: cp dten.service /etc/systemd/system/dten.service",
            "2: chmod 0644 /etc/systemd/system/dten.service",
        ],
    ),
    (
        "get_url: {url: 'https://corp.example/x.tgz', dest: /tmp/x.tgz}",
        ["2: curl -o /tmp/x.tgz https://corp.example/x.tgz"],
    ),
    ("unarchive: {src: dten.tgz, dest: /opt}", ["2: tar -x -f dten.tgz -C /opt"]),
    ("reboot:", ["2: reboot"]),
    (
        "community.general.capabilities: {path: /opt/dten/bin/x, capability: cap_setuid+ep}",
        ["2: setcap cap_setuid+ep /opt/dten/bin/x"],
    ),
    ("lineinfile: {path: /etc/hosts, line: 10.0.0.1 db}", ["2: tee -a /etc/hosts"]),
    (
        "community.postgresql.postgresql_query: {db: dten, query: DROP TABLE old}",
        ["2: psql -1 -d dten -c DROP TABLE old"],
    ),
    ("at: {command: /opt/dten/bin/x, count: 20, units: minutes}", ["2: at now + 20 minutes"]),
    ("debug: msg='systemctl restart dten'", []),
    ("fail: {msg: run systemctl restart dten}", []),
    ("set_fact: {command: systemctl restart dten}", []),
    ("name: systemctl restart dten", []),
]


@pytest.mark.parametrize(("body", "wanted"), MODULES, ids=[body[:40] for body, _ in MODULES])
def test_modules_become_the_commands_that_do_the_same(body: str, wanted: list[str]) -> None:
    assert lines(task(body), TASKS) == wanted


def test_a_job_of_cron_is_the_line_that_it_becomes() -> None:
    text = task(
        "cron:\n  name: import\n  minute: '*/5'\n  job: /opt/dten/bin/import --all\n  user: dten"
    )
    assert lines(text, TASKS) == ["2: crontab -u dten -l", "2: crontab -u dten -"]
    (part,) = texts(text, TASKS)
    assert (part.kind, part.text, part.lines) == (
        "crontab",
        "*/5 * * * * /opt/dten/bin/import --all\n",
        (5,),
    )
    assert commands(text, TASKS)[1].stdin


@pytest.mark.parametrize(
    ("keys", "line", "path"),
    [
        (
            "special_time: daily, cron_file: dten, user: dten",
            "@daily dten /x\n",
            "/etc/cron.d/dten",
        ),
        (
            "hour: 3, minute: 0, cron_file: /etc/crontab, user: root",
            "0 3 * * * root /x\n",
            "/etc/crontab",
        ),
        (
            "minute: 0, cron_file: '{{ dir }}/var/spool/cron/root', user: root",
            "0 * * * * root /x\n",
            "${dir}/var/spool/cron/root",
        ),
        (
            "minute: '{{ m }}', cron_file: dten, user: '{{ u }}'",
            "${m} * * * * ${u} /x\n",
            "/etc/cron.d/dten",
        ),
    ],
)
def test_jobs_in_files_have_a_user_field(keys: str, line: str, path: str) -> None:
    (part,) = texts(task(f"cron: {{job: /x, {keys}}}"), TASKS)
    assert (part.kind, part.text, part.path) == ("cron", line, path)


@pytest.mark.parametrize("keys", ["state: absent", "disabled: yes", "env: yes, name: PATH"])
def test_jobs_that_are_taken_away_are_none(keys: str) -> None:
    assert not list(texts(task(f"cron: {{name: x, job: /x, {keys}}}"), TASKS))


def test_texts_that_land_in_files_are_documents() -> None:
    text = task(
        "copy:\n  dest: /etc/sudoers.d/dten\n  content: |\n"
        "    # ours\n    {{ u }} ALL=(ALL) NOPASSWD: ALL"
    )
    (part,) = texts(text, TASKS)
    assert (part.kind, part.path, part.lines) == ("sudoers", "/etc/sudoers.d/dten", (5,))
    assert part.text == "# ours\n${u} ALL=(ALL) NOPASSWD: ALL\n"


def test_a_text_that_is_computed_as_a_whole_says_nothing() -> None:
    text = task("copy: {dest: /etc/sudoers.d/dten, content: '{{ rules }}'}")
    assert not list(texts(text, TASKS))
    assert lines(text, TASKS) == ["2: tee /etc/sudoers.d/dten"]


def test_loops_over_literals_run_once_for_each() -> None:
    text = task("service: name={{ item }} state=restarted\nloop: [dten-a, dten-b]")
    assert lines(text, TASKS) == [
        "2: systemctl restart= dten-a=",
        "2: systemctl restart= dten-b=",
    ]
    text = task(
        "user: {name: '{{ u.name }}', groups: '{{ u.groups }}'}\nloop:\n"
        "  - {name: a, groups: wheel}\n  - {name: b, groups: users}\n"
        "loop_control: {loop_var: u}"
    )
    assert lines(text, TASKS) == ["2: useradd -G wheel= a=", "2: useradd -G users= b="]


@pytest.mark.parametrize(
    "loop", ["loop: '{{ services }}'", "with_dict: {a: b}", "with_fileglob: ['x/*']"]
)
def test_loops_over_unknown_lists_leave_the_item_open(loop: str) -> None:
    assert lines(task(f"service: name={{{{ item }}}} state=started\n{loop}"), TASKS) == [
        "2: systemctl start= ${item}?"
    ]
