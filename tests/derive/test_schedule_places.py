"""What a job is for, by the files and scripts that bring it, and what turns a timer on."""

from __future__ import annotations

from dten_audit.derive.schedules.deriving import derive
from dten_audit.model.facts.container import LinkEntry
from dten_audit.model.facts.schedules import Schedule
from dten_audit.site.estate import Estate
from tests.derive.test_schedules import AT, SITE, WINDOW, schedules
from tests.derive.trees import package_of

TIMER = {
    "lib/systemd/system/dten.timer": "[Timer]\nOnBootSec=2min\n[Install]\nWantedBy=timers.target\n",
    "lib/systemd/system/dten.service": "[Service]\nExecStart=/opt/dten/bin/report\n",
}


def test_a_job_that_only_a_script_in_the_documentation_installs() -> None:
    found = schedules({
        "usr/share/doc/dten/extras/install.sh": "#!/bin/sh\ncp cron.ds /etc/cron.daily/ds\n",
        "usr/share/doc/dten/extras/cron.ds": "#!/bin/sh\n/opt/dten/bin/report\n",
    })  # fmt: skip
    assert {schedule.role for schedule in found} == {"documentation"}


def test_a_class_that_nothing_applies() -> None:
    manifest = (
        "class dten { cron { 'x': command => '/opt/dten/x', user => 'dten', minute => 5 } }\n"
    )
    (found,) = schedules({"usr/share/puppet/modules/dten/manifests/init.pp": manifest})
    assert found.role == "library"


def test_a_hidden_file_is_no_job() -> None:
    script = "#!/bin/sh\nmv /etc/cron.hourly/dten /etc/cron.hourly/.dten.insecure.deleteme\n"
    assert schedules({"DEBIAN/postinst": script}) == []


def test_what_an_event_starts_is_not_started_by_the_package() -> None:
    script = "#!/bin/sh\nsystemctl start dten.timer\n"
    (found,) = schedules(TIMER | {"etc/NetworkManager/dispatcher.d/50-dten": script})
    assert found.fires_in_window is not True
    (found,) = schedules(TIMER | {"DEBIAN/postinst": script})
    assert found.fires_in_window is True


def test_a_shipped_link_turns_a_timer_on() -> None:
    package = package_of(TIMER)
    link = "lib/systemd/system/timers.target.wants/dten.timer"
    package.add([LinkEntry(link, "../dten.timer", hard=False, container="p.zip")])
    (found,) = (
        s for s in derive(package, Estate(SITE, AT, window=WINDOW)) if isinstance(s, Schedule)
    )
    assert found.enabled is True
