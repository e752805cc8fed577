"""RPM spec files: scriptlets run on hosts, the build does not."""

from __future__ import annotations

import pytest

from dten_audit.derive.roles import Roles
from dten_audit.model.facts.commands import Command
from tests.derive.trees import package_of
from tests.readers.manifests.reading import commands, unreadable

SPEC = """\
%global svc dten
%define uid %(id -u)
Name: dten-agent
Version: 9.4
Release: 1%{?dist}
%description
sudo is %{name}
%build
%make_build
sudo make foo
%install
mkdir -p %{buildroot}%{_sysconfdir}/cron.d
%pre server
getent passwd dten >/dev/null || useradd -r dten
%post -n dten-agent-server
%systemd_post %{svc}.service other.timer
%if 0%{?fedora}
echo '* * * * * root /usr/bin/x' > %{_sysconfdir}/cron.d/%{name}
%endif
rm -f %{uid} %{nobody_knows} 100%%
date +%Y-%m-%d
# %systemd_post commented.service
%preun
%systemd_preun %{svc}.service
%postun -p /sbin/ldconfig
%posttrans -p <lua>
print("x")
%triggerin -p /usr/bin/python3 -- httpd
import os
%triggerun -- httpd
%{__service} httpd reload
%files
%attr(4755, root, root) %{_bindir}/dten
%attr(0644, root, root) /etc/dten.conf
%dir %attr(2755, root, root) /var/lib/dten
%caps(cap_net_admin=p) %{_bindir}/dten2
%changelog
* Mon Jan 01 2024 X - 1
- sudo rm -rf /
"""


def test_scriptlets_build_and_files() -> None:
    found = [
        line
        for line in commands("dten.spec", SPEC)
        if "%make_build" not in line and " [ " not in line
    ]
    assert sorted(found, key=lambda line: (int(line.split()[0]), line)) == [
        "10 sudo/privilege:root | make foo",
        "12 mkdir -p ?${buildroot}/etc/cron.d",
        "14 getent passwd dten",
        "14 useradd -r dten",
        "16 systemctl --no-reload preset dten.service other.timer",
        "18 /usr/bin/x",
        "18 echo * * * * * root /usr/bin/x",
        "20 rm -f ?${uid} ?${nobody_knows} 100%",
        "21 date +%Y-%m-%d",
        "24 systemctl --no-reload disable --now dten.service",
        "25 /sbin/ldconfig",
        "31 service httpd reload",
        "33 chmod 4755 /usr/bin/dten",
        "36 setcap cap_net_admin=p /usr/bin/dten2",
    ]


def test_roles() -> None:
    package = package_of({"dten.spec": SPEC})
    of = Roles(package).of
    roles = {command.at.line: of(command.document) for command in package.of(Command)}
    assert roles[10] == roles[12] == "build"
    assert {roles[line] for line in (14, 16, 24, 25, 31, 33)} == {"maintainer"}


def test_lua_is_said_to_be_unread() -> None:
    assert unreadable("dten.spec", SPEC) == ["26 lua: a scriptlet in Lua, which is not read"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%post\nls\n", ["2 ls"]),
        ("%postinstall\nls\n", []),
        (
            "%post\n%{?systemd_post}\n%service_del_postun -n x.service\n",
            ["3 systemctl try-restart x.service"],
        ),
        ("%global a b\n%global a c\n%post\nls %a %{a}\n", ["4 ls %a ?${a}"]),
        ("%{!?a: %global a b}\n%post\nls %{a} %{?a} %{?a:x} %{!?a:y}\n", ["3 ls b b x"]),
        ("%transfiletriggerin -P 2000000 -- /usr/lib\nldconfig\n", ["2 ldconfig"]),
        ("%post\n%else\n%endif\n\n", []),
        ("%post\nls \\\n  -l\n", ["2 ls -l"]),
        ("%pre\n%stop_on_removal\n%if 1\nls |\n%endif\nwc\n", ["4 ls", "6 wc"]),
    ],
)
def test_forms(text: str, expected: list[str]) -> None:
    found = [line for line in commands("a.spec", text) if "systemctl --no-reload" not in line]
    assert found == expected


def test_a_choice_of_the_build_is_a_test() -> None:
    text = "%post\n%if %{with x}\nservice a stop\n%else\nservice b stop\n%endif\nls\n"
    found = package_of({"a.spec": text}).of(Command)
    guards = {
        c.at.line: [(g.subject, g.holds) for g in c.guards] for c in found if c.program != "["
    }
    test = '[ "${rpm_condition}" ]'
    assert guards == {3: [(test, True)], 5: [(test, False)], 7: []}
