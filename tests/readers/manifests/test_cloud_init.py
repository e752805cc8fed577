"""User-data of cloud-init: what the first start of a machine does."""

from __future__ import annotations

import base64
import gzip

import pytest

from dten_audit.model.facts.privilege import SudoersRule
from dten_audit.model.facts.schedules import CronJob
from tests.readers.manifests.reading import commands, package, roles, unreadable

CONFIG = """\
#cloud-config
packages: [nginx, [curl, 1.0]]
package_upgrade: true
users:
  - default
  - name: deploy
    groups: [wheel, docker]
    shell: /bin/bash
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
  - {name: web, sudo: false}
write_files:
  - path: /etc/cron.d/dten
    permissions: '0644'
    content: |
      # jobs
      */5 * * * * root /opt/dten/bin/sync
bootcmd:
  - echo early
runcmd:
  - systemctl enable --now nginx
  - [systemctl, restart, "a b", $X]
  - |
    if true; then
      reboot
    fi
ntp: {enabled: true}
power_state: {mode: reboot, delay: "+5"}
"""


def test_what_a_config_does() -> None:
    assert commands("user-data", CONFIG) == [
        "2 apt-get install -y nginx curl",
        "3 apt-get upgrade -y",
        "6 useradd -G wheel,docker -s /bin/bash deploy",
        "10 useradd web",
        "12 install -D -m 0644 -o root /dev/stdin /etc/cron.d/dten",
        "16 /opt/dten/bin/sync",
        "18 echo early",
        "20 systemctl enable --now nginx",
        "21 systemctl restart a b ?${X}",
        "24 reboot",
        "26 timedatectl set-ntp true",
        "27 shutdown -r +5",
    ]


def test_files_and_sudo_rules_are_read_as_what_they_are() -> None:
    found = package("cloud/user-data.yaml", CONFIG)
    assert [(job.at.line, job.path) for job in found.of(CronJob)] == [(16, "/etc/cron.d/dten")]
    rules = [(rule.at.line, rule.who, rule.path) for rule in found.of(SudoersRule)]
    assert rules == [(9, ("deploy",), "/etc/sudoers.d/90-cloud-init-users")]


def test_it_runs_on_hosts() -> None:
    assert roles("user-data", CONFIG) == {"script"}


@pytest.mark.parametrize(
    ("encoding", "content", "line"),
    [
        ("b64", base64.b64encode(b"#!/bin/sh\nreboot\n"), 6),
        ("gz+b64", base64.b64encode(gzip.compress(b"#!/bin/sh\nreboot\n", mtime=0)), 6),
    ],
)
def test_encoded_files(encoding: str, content: bytes, line: int) -> None:
    text = (
        "#cloud-config\nwrite_files:\n- path: /opt/x.sh\n  permissions: '0755'\n"
        f"  encoding: {encoding}\n  content: {content.decode()}\n"
    )
    assert commands("user-data", text)[-1] == f"{line} reboot"


@pytest.mark.parametrize("content", ["%%%", "AAAA", base64.b64encode(b"\x1f\x8b\x08").decode()])
def test_what_cannot_be_decoded_is_said_or_nothing(content: str) -> None:
    file = f"{{path: /x.sh, encoding: gzip+base64, content: '{content}'}}"
    text = f"#cloud-config\nwrite_files: [{file}]\n"
    assert commands("user-data", text) == ["2 install -D -m 0644 -o root /dev/stdin /x.sh"]


def test_several_parts() -> None:
    text = (
        'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n\n--==\n'
        "Content-Type: text/cloud-config\n\n#cloud-config\nruncmd: [ls]\n--==\n"
        "Content-Type: text/x-shellscript\n\n#!/bin/sh\nreboot\n--==\n"
        "Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.b64encode(b'systemctl stop x').decode()}\n--==--\n"
    )
    assert commands("user-data", text) == ["8 ls", "13 reboot", "18 systemctl stop x"]


def test_hooks_and_addresses() -> None:
    assert commands("user-data", "#cloud-boothook\nsystemctl stop x\n") == ["2 systemctl stop x"]
    found = unreadable("user-data", "#include\nhttps://example.org/a\n")
    assert [gap.partition(":")[0] for gap in found] == ["1 cloud-init"]
    assert unreadable("a.h", "#include\n#include <x.h>\n") == []


def test_autoinstall() -> None:
    text = "#cloud-config\nautoinstall:\n  late-commands:\n    - [curtin, in-target, --, reboot]\n"
    assert commands("user-data", text) == ["4 curtin in-target -- reboot"]
