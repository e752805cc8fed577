"""What plays hand down to their tasks: variables, become, tests, failures, other hosts."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.commands import Guard
from dten_audit.readers.orchestration.ansible_guards import clauses

from .reading import TASKS, commands, lines, play, stated, task


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
