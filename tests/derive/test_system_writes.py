"""What scripts write as root, which modes they set, and what rights they give away."""

from __future__ import annotations

import pytest

from dten_audit.derive.privilege import grants, writes
from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.privilege import (
    AdminGrant,
    ModeChange,
    SudoersDefault,
    SudoersRule,
    SystemWrite,
)
from dten_audit.readers.sudoers import read
from tests.derive.making import NO_SITE, ROOT, SCRIPT, command, layer, package, sudo
from tests.derive.trees import package_of


def writes_of(made: Command, graph: Package | None = None) -> list[tuple[str, str]]:
    found = writes.derive(graph or package(made), NO_SITE)
    return [(fact.what, fact.path) for fact in found if isinstance(fact, SystemWrite)]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (command("cp a b /etc/x/"), [("writes", "/etc/x/")]),
        (command("cp -t /usr/lib/x a b"), [("writes", "/usr/lib/x")]),
        (command("install -m 0644 a /etc/cron.d/x"), [("writes", "/etc/cron.d/x")]),
        (command("mv /etc/a /tmp/b"), []),
        (command("ln -sf /opt/x/bin/x /usr/local/bin/x"), [("link", "/usr/local/bin/x")]),
        (command("mkdir -p /var/lib/x /tmp/y"), [("folder", "/var/lib/x")]),
        (command("rm -rf /usr/share/old"), [("removes", "/usr/share/old")]),
        (command("chown -R root:root /etc/x"), [("owner", "/etc/x")]),
        (command("chmod 0600 /etc/x"), [("mode", "/etc/x")]),
        (command("sed -i s/a/b/ /etc/hosts"), [("writes", "/etc/hosts")]),
        (command("sed -i.bak -e s/a/b/ /etc/hosts"), [("writes", "/etc/hosts")]),
        (command("sed s/a/b/ /etc/hosts"), []),
        (command("tee -a /etc/hosts"), [("writes", "/etc/hosts")]),
        (
            command("echo x", redirect=((">>", "/etc/environment"),)),
            [("writes", "/etc/environment")],
        ),
        (command("echo x", redirect=((">", "/dev/null"),)), []),
        (command("echo x", redirect=((">", "/dev/tcp/db/5432"),)), []),
        (command("echo 1", redirect=((">", "/proc/sys/vm/x"),)), [("writes", "/proc/sys/vm/x")]),
        (command("cat /etc/hosts"), []),
        (command("cp /etc/hosts /tmp/x"), []),
        (command("cp a '$DESTDIR/etc/x'"), []),
        (command("cp a /opt/dten/x"), []),
        (command("cp a /etcetera/x"), []),
        (command("tar xzf x.tgz -C /usr/local"), [("writes", "/usr/local")]),
        (command("tar -xf x.tgz -C /"), []),
        (command("tar -czf x.tgz -C /etc ."), []),
        (command("unzip -q x.zip -d /etc/x"), [("writes", "/etc/x")]),
        (command("rsync -n a /etc/x"), []),
        (command("rsync -a a/ /etc/x/"), [("writes", "/etc/x/")]),
        (command("cp a /etc/x", layers=(sudo(),)), []),
        (command("cp a /etc/x", layers=(layer("ssh db", "db", "remote"),)), []),
    ],
)
def test_system_writes(made: Command, expected: list[tuple[str, str]]) -> None:
    assert writes_of(made) == expected


def write_of(*made: Command, **more: object) -> SystemWrite:
    graph = package(*made)
    graph.identity = {"name": "dten"}
    for name, value in more.items():
        setattr(graph, name, value)
    return next(fact for fact in writes.derive(graph, NO_SITE) if isinstance(fact, SystemWrite))


def test_whose_path_and_as_whom() -> None:
    assert write_of(command("cp a /etc/dten/x.conf")).own
    assert not write_of(command("cp a /etc/hosts")).own
    assert write_of(command("cp a /etc/hosts", guards=(ROOT,))).root_checked
    assert write_of(command("cp a /etc/x", script="p.deb!/control.tar!/postinst")).as_root
    inner = "p.zip!/lib/setup.sh"
    write = command("cp a /etc/hosts", script=inner)
    as_root = Call(command("bash lib/setup.sh", layers=(sudo(),)), inner, "runs")
    plain = Call(command("bash lib/setup.sh"), inner, "runs")
    assert write_of(write, calls={inner: [as_root]}).as_root
    assert not write_of(write, calls={inner: [as_root, plain]}).as_root
    assert not write_of(write).as_root


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("chmod 4755 /opt/x", "setuid"),
        ("chmod u+s /opt/x", "setuid"),
        ("chmod +s /opt/bin/x", "setuid setgid"),
        ("chmod ug+rws /opt/bin/x", "setuid setgid"),
        ("chmod u=rwxs,go=rx /opt/x", "setuid"),
        ("chmod 02755 /opt/bin/x", "setgid"),
        ("chmod 2775 /usr/local/bin", ""),
        ("install -d -m 2775 /opt/bin/x", ""),
        ("chmod -R g+s /srv/x", ""),
        ("chmod -R 777 /opt/x", "world_writable"),
        ("chmod a+rwX /opt/x", "world_writable"),
        ("chmod 1777 /opt/tmp", ""),
        ("chmod o+w /opt/x", "world_writable"),
        ("chmod +w /opt/x", ""),
        ("chmod 0755 /opt/x", ""),
        ("chmod u-s /opt/x", ""),
        ("chmod -s /opt/x", ""),
        ("chmod +x /opt/x", ""),
        ("chmod --reference=a /opt/x", ""),
        ("install -m 4755 a /usr/bin/x", "setuid"),
        ("install -o root -m 0755 a /usr/bin/x", ""),
        ("install -m u=rwxs a /usr/bin/x", "setuid"),
        ("setcap cap_net_bind_service=+ep /opt/x", "capabilities"),
        ("setcap cap_setuid+ep /opt/x", "capabilities powerful"),
        ("setcap -r /opt/x", ""),
        ("stat -c 4755 x", ""),
    ],
)
def test_modes(text: str, traits: str) -> None:
    found = [f for f in writes.derive(package(command(text)), NO_SITE) if isinstance(f, ModeChange)]
    names = ("setuid", "setgid", "world_writable", "capabilities", "powerful")
    got = [" ".join(name for name in names if getattr(fact, name)) for fact in found]
    assert got == ([traits] if traits else [])


def sudoers(text: str, path: str = "etc/sudoers.d/dten") -> list[AdminGrant]:
    document = Document(f"p.zip!/{path}", path, "sudoers", text.encode())
    facts = [f for f in read(document) if isinstance(f, SudoersRule | SudoersDefault)]
    return list(grants.derive(package(*facts), NO_SITE))


@pytest.mark.parametrize(
    ("text", "unlimited", "nopasswd", "as_root", "escapes"),
    [
        ("dten ALL=(ALL) NOPASSWD: ALL", True, True, True, ()),
        ("%ops ALL=(ALL) ALL", True, False, True, ()),
        ("dten ALL=NOPASSWD: /bin/systemctl restart dten", False, True, True, ()),
        ("dten ALL=(dten2) /opt/dten/bin/x", False, False, False, ()),
        ("dten ALL=/usr/bin/vim", False, False, True, ("vim",)),
        ("dten ALL=/usr/bin/tar czf /backup/x.tgz /opt/x", False, False, True, ()),
        ("dten ALL=/bin/chown * /opt/dten/*", False, False, True, ("chown",)),
    ],
)
def test_sudoers_rules(
    text: str, unlimited: bool, nopasswd: bool, as_root: bool, escapes: tuple[str, ...]
) -> None:
    grant = sudoers(text)[0]
    assert (grant.unlimited, grant.nopasswd, grant.as_root, grant.escapes) == (
        unlimited, nopasswd, as_root, escapes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("root ALL=(ALL) ALL", 0),
        ("dten ALL=!/bin/su", 0),
        ("# dten ALL=(ALL) ALL", 0),
        ("Defaults env_reset", 0),
        ("Defaults:dten !requiretty", 0),
        ("Defaults !authenticate", 1),
        ('Defaults env_keep += "LD_LIBRARY_PATH"', 1),
        ('Defaults env_keep += "HTTP_PROXY"', 0),
    ],
)
def test_what_loosens_sudo(text: str, count: int) -> None:
    assert len(sudoers(text)) == count


def test_drop_ins_that_sudo_does_not_read() -> None:
    line = "dten ALL=(ALL) ALL"
    assert sudoers(line)[0].ignored == ""
    assert "dot" in sudoers(line, "etc/sudoers.d/dten.conf")[0].ignored
    assert "~" in sudoers(line, "etc/sudoers.d/dten~")[0].ignored
    assert sudoers(line, "conf/dten.sudoers")[0].ignored == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("usermod -aG docker dten", ("group", "dten", "docker")),
        ("usermod --append --groups wheel,video dten", ("group", "dten", "wheel")),
        ("useradd -m -G sudo deploy", ("group", "deploy", "sudo")),
        ("gpasswd -a dten docker", ("group", "dten", "docker")),
        ("adduser dten docker", ("group", "dten", "docker")),
        ("adduser --system --ingroup dten dten", None),
        ("usermod -aG video dten", None),
        ("groupadd docker", None),
        ("gpasswd -d dten docker", None),
        ("sed -i 's/^# %wheel/%wheel/' /etc/sudoers", ("edit", "", "/etc/sudoers")),
        ("tee -a /etc/sudoers.d/dten", ("edit", "", "/etc/sudoers.d/dten")),
        ("install -m 0440 gone.sudoers /etc/sudoers.d/x", ("edit", "", "/etc/sudoers.d/x")),
        ("groupmems -a dten -g docker", ("group", "dten", "docker")),
        ("groupmod -a -U dten lxd", ("group", "dten", "lxd")),
        ("usermod -aG libvirt dten", ("group", "dten", "libvirt")),
        ("usermod -aG adm,kvm dten", None),
        ("visudo -f /etc/sudoers.d/dten", ("edit", "", "/etc/sudoers.d/dten")),
        ("cp /etc/sudoers /etc/sudoers.bak", None),
        ("visudo -cf /etc/sudoers.d/dten", None),
        ("chmod 0440 /etc/sudoers.d/dten", None),
    ],
)
def test_groups_and_edits(text: str, expected: tuple[str, str, str] | None) -> None:
    found = list(grants.derive(package(command(text)), NO_SITE))
    assert [(g.how, g.who, g.what) for g in found] == ([expected] if expected else [])


def test_a_shipped_file_that_is_copied_is_no_edit() -> None:
    graph = package_of({
        "bin/install.sh": "#!/bin/sh\ninstall -m 0440 conf/sudo-dten /etc/sudoers.d/dten.x\n",
        "conf/sudo-dten": "dten ALL=(root) NOPASSWD: /bin/x\n",
    })  # fmt: skip
    found = list(grants.derive(graph, NO_SITE))
    assert [(g.how, g.who, g.path, g.ignored) for g in found] == [
        ("rule", "dten", "/etc/sudoers.d/dten.x", "its name has a dot")
    ]


def test_files_that_sudoers_includes_are_read() -> None:
    graph = package_of({
        "etc/sudoers.d/dten": "@include /opt/dten/etc/rights\n@includedir /opt/dten/rights.d\n",
        "opt/dten/etc/rights": "dten ALL=(root) NOPASSWD: /bin/a\n",
        "opt/dten/rights.d/web": "web ALL=(root) /bin/b\n",
        "opt/dten/other": "odd ALL=(root) /bin/c\n",
    })  # fmt: skip
    found = list(grants.derive(graph, NO_SITE))
    assert sorted((g.who, g.at.member) for g in found) == [
        ("dten", "opt/dten/etc/rights"),
        ("web", "opt/dten/rights.d/web"),
    ]


def test_units_and_sysusers_put_users_into_groups() -> None:
    graph = package_of({
        "usr/lib/sysusers.d/dten.conf": "u dten -\nm dten docker\nm dten video\n",
        "usr/lib/systemd/system/dten.service": "[Service]\nSupplementaryGroups=shadow audio\n",
    })  # fmt: skip
    found = list(grants.derive(graph, NO_SITE))
    assert [(g.who, g.what, g.as_root, g.at.line) for g in found] == [
        ("dten", "docker", True, 2),
        ("the service dten.service", "shadow", False, 2),
    ]


@pytest.mark.parametrize(
    ("mode", "why"),
    [(0o440, ""), (0o400, ""), (0o644, "everybody"), (0o664, "refuses"), (0o2440, "everybody")],
)
def test_modes_of_sudoers_files(mode: int, why: str) -> None:
    path = "etc/sudoers.d/dten"
    graph = package_of({path: "# nothing\n"}, {path: mode})
    found = [grant.why for grant in grants.derive(graph, NO_SITE)]
    assert len(found) == bool(why)
    assert all(why in text for text in found)


@pytest.mark.parametrize(
    ("text", "wildcards", "excludes", "setenv"),
    [
        ("d ALL=/bin/cat /var/log/*", ("/bin/cat /var/log/*",), (), False),
        ("d ALL=/opt/d/*", ("/opt/d/*",), (), False),
        ("d ALL=/bin/a *", (), (), False),
        ("d ALL=/bin/a ^x.*$", (), (), False),
        ("d ALL=ALL, !/bin/su", (), ("/bin/su",), False),
        ("d ALL=SETENV: /bin/a", (), (), True),
    ],
)
def test_traits_of_sudo_rules(
    text: str, wildcards: tuple[str, ...], excludes: tuple[str, ...], setenv: bool
) -> None:
    grant = sudoers(text)[0]
    assert (grant.wildcards, grant.excludes, grant.setenv) == (wildcards, excludes, setenv)


def test_a_written_text_that_is_read_is_no_edit() -> None:
    path = "/etc/sudoers.d/dten"
    text = DocumentInfo(f"{SCRIPT}#L2C1", SCRIPT, path, "sudoers", 1, None, SCRIPT)
    graph = package(command("cat", redirect=((">", path),)), documents=[text])
    assert not list(grants.derive(graph, NO_SITE))
