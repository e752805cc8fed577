"""CI files: the scripts of their steps, each at its true line."""

from __future__ import annotations

import textwrap

import pytest

from tests.readers.manifests.reading import commands, package, roles, unreadable

GITHUB = """\
name: CI
on: push
jobs:
  build:
    runs-on: ${{ matrix.os }}
    steps:
      - uses: actions/checkout@v4
      - name: sudo make me a sandwich
        run: |
          sudo apt-get update

          sudo apt-get install -y ${{ matrix.package }}
      - run: >-
          systemctl
          restart docker

          chmod 600 /x
      - run: "crontab -l"
      - shell: python
        run: import os
  windows:
    runs-on: windows-2022
    steps: [{run: Get-Service}, {shell: bash, run: make}]
"""
GITLAB = """\
.base: &base
  before_script:
    - apt-get update
    - !reference [.other, script]
build:
  <<: *base
  script:
    - |
      for i in a b; do
        cp $i /srv/
      done
    - [crontab -l, [make]]
  environment: {name: "sudo"}
"""
CIRCLE = """\
version: 2.1
jobs:
  build:
    docker: [{image: cimg/base}]
    steps:
      - checkout
      - run: make << parameters.target >>
      - when:
          condition: true
          steps:
            - run: {name: x, command: sudo make install}
"""
AZURE = """\
stages:
- stage: A
  jobs:
  - deployment: D
    strategy:
      runOnce:
        deploy:
          steps:
          - script: tar xf $(Build.ArtifactStagingDirectory)/a.tar
          - task: Bash@3
            inputs: {targetType: inline, script: systemctl stop dten}
          - pwsh: Stop-Service dten
"""
TEKTON = """\
apiVersion: tekton.dev/v1
kind: Task
spec:
  steps:
    - name: a
      script: |
        #!/bin/sh
        systemctl stop x
"""
CASES = [
    (".github/workflows/ci.yml", GITHUB, [
        "10 sudo/privilege:root | apt-get update",
        "12 sudo/privilege:root | apt-get install -y ?${matrix_package}",
        "14 systemctl restart docker",
        "17 chmod 600 /x",
        "18 crontab -l",
        "23 make",
    ]),
    (".gitlab-ci.yml", GITLAB, ["3 apt-get update", "10 cp ~a /srv/", "10 cp ~b /srv/",
                                "12 crontab -l", "12 make"]),
    (".circleci/config.yml", CIRCLE, ["7 make ?${parameters_target}",
                                      "11 sudo/privilege:root | make install"]),
    ("azure-pipelines.yml", AZURE, ["9 tar xf ?${Build_ArtifactStagingDirectory}/a.tar",
                                    "11 systemctl stop dten"]),
    ("bitbucket-pipelines.yml",
     "pipelines:\n  default:\n    - step:\n        script:\n          - make\n", ["5 make"]),
    (".travis.yml", "install: skip\nscript:\n  - make test\nmatrix: {include: [{script: tox}]}\n",
     ["1 skip", "3 make test", "4 tox"]),
    (".drone.yml", "kind: pipeline\nsteps:\n- name: a\n  commands: ['echo $$HOME']\n",
     ["4 echo ?${HOME}"]),
    (".woodpecker/a.yml", "steps:\n  a: {commands: [make]}\n", ["2 make"]),
    (".buildkite/pipeline.yml", "steps:\n  - command: make\n  - commands: [tox, ls]\n",
     ["2 make", "3 tox", "3 ls"]),
    ("appveyor.yml", "install:\n  - sh: make\n  - ps: Get-Item x\n", ["2 make"]),
    ("buildspec.yml", "phases:\n  build:\n    commands: [make]\n", ["3 make"]),
    ("t/task.yaml", TEKTON, ["8 systemctl stop x"]),
    ("action.yml", "runs:\n  using: composite\n  steps:\n    - run: make\n      shell: bash\n",
     ["4 make"]),
    ("snap/snapcraft.yaml", "parts:\n  a:\n    override-build: |\n      make install\n",
     ["4 make install"]),
    ("org.x.yml", "modules:\n  - name: a\n    build-commands: [make]\n", ["3 make"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "expected"), CASES, ids=[case[0] for case in CASES])
def test_scripts_of_steps(path: str, text: str, expected: list[str]) -> None:
    windows = ("Get-Service", "Stop-Service", "Get-Item")
    found = commands(path, text)
    assert [line for line in found if line.split()[1] not in windows] == expected


def test_what_ci_runs_is_not_run_on_hosts() -> None:
    assert roles(".github/workflows/ci.yml", GITHUB) == {"ci"}
    assert roles("x/tasks/t.yaml", CASES[11][1]) == {"ci"}
    assert roles("snap/snapcraft.yaml", CASES[13][1]) == {"build"}


def test_languages_by_the_shell_key() -> None:
    kinds = {info.kind for info in package(".github/workflows/ci.yml", GITHUB).documents.values()}
    assert kinds == {"yaml", "shell", "python", "powershell"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/values.yaml", GITHUB),
        (".github/dependabot.yml", GITHUB),
        ("config.yml", CIRCLE),
        (".gitlab-ci.yml", "x: {y: {script: {z: sudo x}}}\n"),
    ],
)
def test_other_files_and_other_keys_are_left_alone(path: str, text: str) -> None:
    assert commands(path, text) == []


def test_a_broken_file_is_said_and_read_as_far_as_it_goes() -> None:
    text = "script:\n  - make\nother: [\n"
    assert commands(".travis.yml", text) == ["2 make"]
    assert "4 travis" in [gap.partition(":")[0] for gap in unreadable(".travis.yml", text)]


def test_lines_of_folded_and_quoted_texts() -> None:
    text = textwrap.dedent("""\
        script:
          - >
            make
              deep

            systemctl stop a
          - "crontab -l;
            crontab -r"
          - 'ls
            -l'
          - &anchor |
            rm x
          - !!str make y
    """)
    assert commands(".travis.yml", text) == [
        "3 make", "4 deep", "6 systemctl stop a", "7 crontab -l", "7 crontab -r", "9 ls -l",
        "12 rm x", "13 make y",
    ]  # fmt: skip
