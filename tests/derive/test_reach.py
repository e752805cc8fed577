"""Which files of a Debian package run by themselves, and which somebody must call."""

from __future__ import annotations

import pytest

from dten_audit.derive.reach import Reach
from dten_audit.derive.roles import Roles

from .trees import package_of

TREE = {
    "postinst": "#!/bin/sh\n/usr/lib/dten/setup\n",
    "usr/lib/dten/setup": "#!/bin/sh\n/usr/lib/dten/setup-queue\n",
    "usr/lib/dten/setup-queue": "#!/bin/sh\nsystemctl restart dten-queue\n",
    "usr/sbin/dten-balance": "#!/bin/sh\nsystemctl restart dten-haproxy\n",
    "usr/sbin/dten-upgrade": "#!/bin/sh\nsystemctl restart dten-haproxy\n",
    "usr/sbin/dtend": "#!/bin/sh\nsystemctl restart dten-haproxy\n",
    "usr/sbin/dten-nightly": "#!/bin/sh\nsystemctl restart dten-haproxy\n",
    "etc/network/if-up.d/dten": "#!/bin/sh\nservice dten reload\n",
    "etc/cron.d/dten": "0 3 * * * root /usr/sbin/dten-nightly\n",
    "lib/systemd/system/dten.service": "[Service]\nExecStart=-/usr/sbin/dtend --all\n",
}


@pytest.mark.parametrize(
    ("path", "by_hand"),
    [
        ("postinst", False),
        ("usr/lib/dten/setup", False),
        ("usr/lib/dten/setup-queue", False),
        ("usr/sbin/dten-balance", True),
        ("usr/sbin/dten-upgrade", False),
        ("usr/sbin/dtend", False),
        ("usr/sbin/dten-nightly", False),
        ("etc/network/if-up.d/dten", False),
    ],
)
def test_what_the_package_runs(path: str, by_hand: bool) -> None:
    package = package_of({"debian-binary": "2.0\n", **TREE})
    document = next(i.id for i in package.documents.values() if i.path == path and not i.host)
    assert Reach(package).by_hand(document) is by_hand


def test_without_dpkg_everything_may_be_run() -> None:
    package = package_of(TREE)
    assert not any(Reach(package).by_hand(document) for document in package.documents)


def test_unit_files_that_systemd_never_starts_are_examples() -> None:
    package = package_of(
        {
            "debian-binary": "2.0\n",
            "usr/share/dten/dten.service": "[Service]\nExecStart=/bin/true\n",
            "lib/systemd/system/initrd-x.service": "[Unit]\nAssertPathExists=/etc/initrd-release\n",
            "lib/systemd/system/dten.service": "[Service]\nExecStart=/bin/true\n",
        }
    )
    roles = Roles(package)
    units = [i for i in package.documents.values() if i.path.endswith(".service")]
    found = {
        info.path.rpartition("/")[2]: roles.of(info.id) for info in units if "lib" in info.path
    }
    shared = next(info.id for info in units if "share" in info.path)
    assert found == {"initrd-x.service": "example", "dten.service": "script"}
    assert roles.of(shared) == "example"
