"""Dockerfiles: what the build runs, what containers run, what here-documents write."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.containers import ContainerSetting
from dten_audit.model.facts.privilege import SudoersRule
from tests.readers.manifests.reading import commands, package, roles, unreadable

LINES = r"""# syntax=docker/dockerfile:1
ARG BASE=debian:12
FROM $BASE AS build
RUN --mount=type=cache,target=/var/cache \
    # why
    apt-get update && \

    apt-get install -y curl; \
    chmod 4755 /usr/bin/x
RUN ["/bin/sh", "-c", "systemctl enable nginx"]
RUN <<EOF
systemctl start foo
for i in a b; do
  service $i stop
done
EOF
RUN python3 <<PY && reboot
import os
PY
COPY <<-"SUDO" /etc/sudoers.d/app
	app ALL=(ALL) NOPASSWD: ALL
	SUDO
ONBUILD RUN crontab -l
# RUN reboot
HEALTHCHECK --interval=5m \
  CMD curl -f http://localhost/
FROM build
ENTRYPOINT ["tini", "--", "/entrypoint.sh"]
CMD ["--serve"]
"""


def test_commands_and_their_lines() -> None:
    assert commands("Dockerfile", LINES) == [
        "6 apt-get update",
        "8 apt-get install -y curl",
        "9 chmod 4755 /usr/bin/x",
        "10 /bin/sh -c systemctl enable nginx",
        "10 systemctl enable nginx",
        "12 systemctl start foo",
        "14 service ~a stop",
        "14 service ~b stop",
        "17 python3",
        "17 reboot",
        "23 crontab -l",
        "26 docker/container:build | curl -f http://localhost/",
        "28 docker/container:1 | tini/plain | /entrypoint.sh",
    ]
    assert roles("Dockerfile", LINES) == {"container-build"}


def test_files_written_by_copy() -> None:
    found = package("Dockerfile", LINES).of(SudoersRule)
    assert [(rule.at.line, rule.path) for rule in found] == [(21, "/etc/sudoers.d/app")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN a \\\n  b\n", ["2 a b"]),
        ("FROM a\nRUN a \\  \n  b\n", ["2 a b"]),
        ("# escape=`\nFROM a\nRUN a `\n  b c:\\x\n", ["3 a b c:x"]),
        ("#escape=`\n# a comment\nFROM a\nRUN a `\n b\n", ["4 a b"]),
        ("# a comment\n# escape=`\nFROM a\nRUN a \\\n b\n", ["4 a b"]),
        ('FROM a\nSHELL ["/bin/bash", "-c"]\nrun ls\n', ["3 ls"]),
        ("FROM a\nRUN --network=none --mount=type=secret,id=x ls -l\n", ["2 ls -l"]),
        ("FROM a\nRUN cat <<EOF\n", ["2 cat"]),
        ('FROM a\nRUN echo "<<EOF"\nRUN ls\n', ["2 echo <<EOF", "3 ls"]),
        ('FROM a\nRUN ["ls", "-l"]\n', ["2 ls -l"]),
        ("FROM a\nRUN [ -x /a ] && ls\n", ["2 ls"]),
        ("FROM a\nCMD []\n", []),
        ("FROM a\nHEALTHCHECK NONE\n", []),
        ('FROM a\nLABEL x="RUN ls"\nENV A="RUN ls"\n', []),
        ("FROM a\nCMD exec ls\n", ["2 docker/container:0 | exec/plain | ls"]),
        (
            'FROM a\nCMD ["su", "app", "-c", "ls"]\n',
            ["2 docker/container:0 | ls", "2 docker/container:0 | su/privilege:app | sh -c ls"],
        ),
        (
            'FROM a\nRUN ["ssh", "db", "reboot"]\n',
            ["2 ssh/remote:db | reboot", "2 ssh/remote:db | sh -c reboot"],
        ),
    ],
)
def test_forms(text: str, expected: list[str]) -> None:
    found = [line for line in commands("build/Dockerfile.web", text) if " [ " not in line]
    assert sorted(found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN x\n", [(1, "no-user", "")]),
        ("FROM a\nUSER app\n", []),
        ("FROM a\nUSER app\nUSER root\n", [(3, "root-user", "root")]),
        ("FROM a\nUSER 0:0\n", [(2, "root-user", "0")]),
        ("FROM a AS b\nUSER app\nFROM b\n", []),
        ("FROM a AS b\nUSER app\nFROM c\n", [(3, "no-user", "")]),
        ("FROM mcr.microsoft.com/windows/servercore:1\n", []),
        ("ARG X\n", []),
    ],
)
def test_user_in_force(text: str, expected: list[tuple[int, str, str]]) -> None:
    found = package("Dockerfile", text).of(ContainerSetting)
    assert [(fact.at.line, fact.right, fact.value) for fact in found] == expected


def test_windows_and_powershell() -> None:
    text = (
        "FROM mcr.microsoft.com/windows/nanoserver:1\nRUN dir\n"
        'SHELL ["pwsh", "-c"]\nRUN Get-Item x\n'
    )
    kinds = [info.kind for info in package("Dockerfile", text).documents.values()]
    assert kinds == ["dockerfile", "batch", "powershell"]


def test_what_is_no_instruction_is_said() -> None:
    text = "FROM a\nFOO bar\nRUN ls\n- b\n"
    assert unreadable("Dockerfile", text) == [
        "2 dockerfile: not an instruction",
        "4 dockerfile: not an instruction",
    ]
    assert commands("Dockerfile", text) == ["3 ls"]


def test_templates_are_read_as_far_as_they_are_known() -> None:
    text = (
        "FROM {{ base }}:1\n{% if x\n %}\nRUN ls {{ y }} \\\n  {% if a %} -l {% endif %}\n"
        "{{ macros.install(\n  z) }}\n{# RUN no #}\nRUN pwd\n"
    )
    reason = "a template: what these lines become is known only when it is filled in"
    assert unreadable("Dockerfile.j2", text) == [f"2 dockerfile: {reason}"]
    assert commands("Dockerfile.j2", text) == ["4 ls ?${y} -l", "9 pwd"]
