"""What tasks do, said as commands: modules, free forms, loops, variables, layers, tests."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.commands import Guard
from dten_audit.readers.orchestration.ansible_guards import clauses

from .reading import commands, lines, stated, texts

TASKS = "roles/dten/tasks/main.yml"


def task(body: str) -> str:
    """Return a task file with one task."""
    first, *rest = body.split("\n")
    return "\n".join(["---", f"- {first}", *(f"  {line}" for line in rest)]) + "\n"


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
        ["2: psql -d dten -c DROP TABLE old"],
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


def play(tasks: str, keys: str = "") -> str:
    """Return a playbook with tasks and further keys of the play."""
    head = "".join(f"  {line}\n" for line in keys.split("\n") if line)
    return f"- hosts: app\n{head}  tasks:\n" + "".join(f"    {x}\n" for x in tasks.split("\n"))


def test_variables_of_the_play_are_filled_in_where_nothing_sets_them_again() -> None:
    keys = "vars:\n  svc: dten-core\n  all: [a, b]\n  made: 'x-{{ svc }}'\n  changing: y"
    text = play(
        "- service: {name: '{{ svc }}', state: started}\n"
        "- service: {name: '{{ made }}', state: started}\n"
        "- apt: {name: '{{ all }}'}\n"
        "- set_fact: {changing: z}\n"
        "- service: {name: '{{ changing }}', state: started}\n"
        "- service: {name: '{{ svc | upper }}', state: started}",
        keys,
    )
    assert [line.partition(": ")[2] for line in lines(text)] == [
        "systemctl start dten-core=",
        "systemctl start x-dten-core=",
        "apt-get install -y a= b=",
        "systemctl start ${changing}?",
        "systemctl start ${svc_upper}?",
    ]


def users(text: str) -> list[tuple[str, str]]:
    """Return tool and user of each command; empty where it keeps the user."""
    return [
        next(((x.tool, x.target) for x in c.layers if x.kind == "privilege"), ("", ""))
        for c in commands(text)
    ]


BECOME = [
    ("", "- command: id", ("", "")),
    ("become: true", "- command: id", ("sudo", "root")),
    ("become: yes\nbecome_user: dten", "- command: id", ("sudo", "dten")),
    ("become: true", "- command: id\n  become: false", ("", "")),
    ("become: true", "- command: id\n  become_user: postgres", ("sudo", "postgres")),
    ("", "- become: true\n  block:\n    - command: id", ("sudo", "root")),
    ("", "- become: true\n  block:\n    - command: id\n      become_user: x", ("sudo", "x")),
    ("become: true\nbecome_method: su", "- command: id", ("su", "root")),
    ("become: true\nbecome_method: community.general.doas", "- command: id", ("doas", "root")),
    ("vars: {ansible_become: true, ansible_become_user: dten}", "- command: id", ("sudo", "dten")),
    ("become: '{{ up }}'", "- command: id", ("", "")),
    ("vars: {up: true}\nbecome: '{{ up }}'", "- command: id", ("sudo", "root")),
    ("become: true\nremote_user: root", "- command: id", ("", "")),
    ("sudo: yes", "- command: id", ("sudo", "root")),
]


@pytest.mark.parametrize(("keys", "tasks", "wanted"), BECOME)
def test_become_is_inherited(keys: str, tasks: str, wanted: tuple[str, str]) -> None:
    assert users(play(tasks, keys)) == [wanted]


def test_roles_and_includes_are_references_with_the_user_of_the_play() -> None:
    text = (
        "- import_playbook: db.yml\n"
        "- hosts: app\n  become: true\n  roles:\n    - dten\n"
        "    - {role: corp.dten.agent, become: no}\n"
        "  tasks:\n    - include_tasks: more.yml\n    - import_role: {name: x, tasks_from: setup}\n"
        "    - ansible.builtin.include_role:\n        name: '{{ y }}'\n"
    )
    assert [line.partition(": ")[2] for line in lines(text)] == [
        "import_playbook db.yml",
        "role dten/tasks/main.yml dten/handlers/main.yml",
        "role agent/tasks/main.yml agent/handlers/main.yml",
        "include_tasks more.yml",
        "import_role x/tasks/setup.yml x/handlers/main.yml",
        "include_role {{ y }}/tasks/main.yml? {{ y }}/handlers/main.yml?",
    ]
    assert users(text) == [("", ""), ("sudo", "root"), ("", ""), *[("sudo", "root")] * 3]


GUARDS = [
    ("ansible_service_mgr == 'systemd'", Guard("systemd-running", "systemd", 3)),
    ("ansible_facts['service_mgr'] != \"systemd\"", Guard("systemd-running", "systemd", 3, False)),
    ("ansible_user_id == 'root'", Guard("root-check", "root", 3)),
    ("ansible_facts.effective_user_id | int == 0", Guard("root-check", "root", 3)),
    ("'dten.service' in ansible_facts.services", Guard("unit-exists", "dten.service", 3)),
    (
        "'dten.service' not in ansible_facts['services']",
        Guard("unit-exists", "dten.service", 3, False),
    ),
    ("ansible_facts.services['x.service'] is defined", Guard("unit-exists", "x.service", 3)),
    ("dten_enabled | bool", Guard("other", "dten_enabled | bool", 3)),
    ("a == 'x' or b", Guard("other", "a == 'x' or b", 3)),
]


@pytest.mark.parametrize(("when", "guard"), GUARDS)
def test_conditions_are_read(when: str, guard: Guard) -> None:
    quoted = when.replace('"', '\\"')
    (command,) = commands(task(f'command: id\nwhen: "{quoted}"'), TASKS)
    assert command.guards == (guard,)


@pytest.mark.parametrize(
    ("first", "when", "guard"),
    [
        ("stat: path=/etc/init.d/dten", "x.stat.exists", ("path-exists", "/etc/init.d/dten", True)),
        ("stat: {path: /opt/a}", "not x.stat.exists", ("path-exists", "/opt/a", False)),
        ("stat: {path: /opt/a}", "x.stat.exists == false", ("path-exists", "/opt/a", False)),
        ("command: which sudo", "x.rc == 0", ("command-exists", "sudo", True)),
        ("shell: command -v sudo", "x is failed", ("command-exists", "sudo", False)),
        ("command: systemctl cat dten", "x is succeeded", ("unit-exists", "dten", True)),
        ("command: systemctl cat dten", "x.rc != 0", ("unit-exists", "dten", False)),
        ("systemd: {name: ntpd}", "x.status.SubState == 'running'", ("unit-exists", "ntpd", True)),
        (
            "systemd: {name: ntpd}",
            "((x.status['SubState'] | lower) == 'running') or (x.status.LoadState == 'loaded')",
            ("unit-exists", "ntpd", True),
        ),
        (
            "systemd: {name: ntpd}",
            "x.status.SubState == 'running' or other",
            ("other", "x.status.SubState == 'running' or other", True),
        ),
        ("systemd: {name: ntpd}", "x is success", ("other", "x is success", True)),
        (
            "systemd: {name: ntpd, state: started}",
            "x.status.SubState == 'dead'",
            ("other", "x.status.SubState == 'dead'", True),
        ),
    ],
)
def test_results_are_remembered(first: str, when: str, guard: tuple[str, str, bool]) -> None:
    text = f"- {first}\n  register: x\n- command: id\n  when: {when}\n"
    kind, subject, _, holds = commands(text, TASKS)[-1].guards[0]
    assert (kind, subject, holds) == guard


def test_conditions_are_split_at_and() -> None:
    assert clauses("a and  b") == ["a", "b"]
    assert clauses("a and b or c") == ["a and b or c"]


@pytest.mark.parametrize(
    ("keys", "failure"),
    [
        ("", "stops"),
        ("ignore_errors: yes", "ignored"),
        ("failed_when: false", "ignored"),
        ("failed_when: x.rc > 1", "stops"),
        ("failed_when: x.rc not in [0, 1]", "ignored"),
        ("failed_when: x.rc not in [0]", "stops"),
        ("failed_when:\n  - x.rc not in [0, 5]", "ignored"),
        ("failed_when: x.rc not in [0, 1] or x.stdout == ''", "stops"),
        (
            "failed_when: \"'msg' in x and 'Could not find the requested service' not in x.msg\"",
            "ignored",
        ),
        ("failed_when: \"'Could not find the requested service' in x.msg\"", "stops"),
        ("failed_when: \"'deprecated' not in x.msg\"", "stops"),
        ("ignore_errors: '{{ check }}'", "stops"),
    ],
)
def test_what_a_failure_does(keys: str, failure: str) -> None:
    body = "systemd: {name: dten, state: started}" + (f"\n{keys}" if keys else "")
    assert commands(task(body), TASKS)[0].failure == failure


def test_a_block_with_a_rescue_does_not_stop() -> None:
    text = task("block:\n  - command: a\nrescue:\n  - command: b\nalways:\n  - command: c")
    first, second, third = commands(text, TASKS)
    assert (first.failure, second.guards[0].subject, third.guards) == (
        "default",
        "the block failed",
        (),
    )


@pytest.mark.parametrize("keys", ["when: false", "tags: never", "tags: [debug, never]"])
def test_tasks_that_never_run_are_not_called(keys: str) -> None:
    assert not commands(task(f"command: id\n{keys}"), TASKS)[0].called


def test_tasks_handed_to_another_host_run_elsewhere() -> None:
    keys = [
        ("delegate_to: db1", "db1"),
        ("delegate_to: localhost", "localhost"),
        ("delegate_to: '{{ inventory_hostname }}'", ""),
    ]
    for key, host in keys:
        (command,) = commands(play(f"- command: id\n  {key}"))
        assert [x.target for x in command.layers if x.kind == "remote"] == ([host] if host else [])
    (command,) = commands(play("- local_action: command id"))
    assert command.layers[0].target == "localhost"


def test_shell_texts_get_user_tests_folder_and_environment() -> None:
    text = play(
        "- shell: |\n    cd x\n    sudo -u pg psql -c 'ALTER TABLE {{ t }} ADD c int'\n"
        "  args: {chdir: /opt}\n  when: go\n  environment: {PGHOST: db}",
        "become: true",
    )
    first, second = commands(text)
    assert [x.tool for x in second.layers] == ["sudo", "sh", "sudo"]
    assert (first.folder, second.argv[2].certainty) == ("/opt/x", "computed")
    assert second.environment[0][0] == "PGHOST"
    assert second.guards[0].subject == "go"
    assert (first.document, first.order, second.order) == ("package!/site.yml", 0, 1)


QUIET = [
    "apiVersion: v1\nkind: Ingress\nspec:\n  tls:\n  - hosts: [a]\n",
    "- hosts: [a, b]\n  paths: [/x]\n",
    "- id: hook\n  command: systemctl restart dten\n  name: x\n",
    "when: x\n- broken",
    "steps:\n- command: systemctl restart dten\n",
    "- name: a\n  service: dten\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_other_yaml_is_no_playbook(text: str) -> None:
    assert not commands(text, "config/values.yml")


def test_a_file_of_tasks_is_told_by_its_keywords_wherever_it_lies() -> None:
    text = "- name: a\n  service: name=dten state=started\n  become: true\n"
    assert lines(text, "playbooks/common.yml") == ["2: systemctl start dten"]


def test_a_read_twice_file_states_once() -> None:
    text = "- name: a\n  ansible.builtin.service: name=dten state=started\n  become: true\n"
    assert len(stated(text, TASKS)) == 1
