"""Which modules tasks call, by the names that a collection may have given up."""

from __future__ import annotations

from dten_audit.model.facts.config import ConfigKey
from tests.derive.trees import package_of

TASKS = """\
- name: start
  community.docker.docker_container: {name: web}
- community.docker.docker_container: {name: db}
- block:
    - include: more.yml
    - local_action: openssl_certificate path=/x
  rescue:
    - action: {module: acme.web.old}
- ansible.builtin.copy: {src: a, dest: /b}
- "{{ module }}": {}
- action: "{{ module }} x=1"
"""


def named(path: str, text: str) -> list[tuple[int | None, str]]:
    found = package_of({path: text}).of(ConfigKey)
    return [(key.at.line, key.key) for key in found if key.format == "ansible"]


def test_each_module_is_stated_once_where_it_is_called_first() -> None:
    assert named("roles/web/tasks/main.yml", TASKS) == [
        (2, "community.docker.docker_container"),
        (5, "include"),
        (6, "openssl_certificate"),
        (8, "acme.web.old"),
    ]


def test_what_is_no_task_names_no_module() -> None:
    assert named("vars/main.yml", "- community.docker.docker_container: {name: web}\n") == []
    assert named("x.yml", "a: [{include: b.yml}]\n") == []
