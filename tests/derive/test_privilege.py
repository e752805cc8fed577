"""Rights: what is assumed of sudo and su, written as root, and given away."""

from __future__ import annotations

import pytest

from dten_audit.derive.privilege import grants, uses, writes
from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.commands import Command, Guard, Layer
from dten_audit.model.facts.privilege import (
    AdminGrant,
    ModeChange,
    PrivilegeUse,
    SudoersDefault,
    SudoersRule,
    SystemWrite,
)
from dten_audit.model.unknown import Unknown
from dten_audit.readers.sudoers import read
from dten_audit.site.estate import Estate
from dten_audit.site.site import SudoPolicy, SudoRule
from tests.derive.making import NO_SITE, SCRIPT, command, estate, info, package, sudo, words

ROOT = Guard("root-check", "root", 3)
NOT_ROOT = Guard("root-check", "root", 3, holds=False)


def layer(text: str, target: str = "root", kind: str = "privilege", **more: object) -> Layer:
    argv = words(text)
    made = Layer(argv[0].text, kind, argv, target)  # type: ignore[arg-type]
    return made._replace(**more)  # type: ignore[arg-type]


def uses_of(made: Command, site: Estate = NO_SITE) -> list[PrivilegeUse]:
    return list(uses.derive(package(made), site))


def use_of(made: Command, site: Estate = NO_SITE) -> PrivilegeUse:
    found = uses_of(made, site)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("text", "target", "escalates"),
    [
        ("sudo", "root", True),
        ("sudo -n", "root", True),
        ("sudo -u postgres", "postgres", True),
        ("doas", "root", True),
        ("pkexec", "root", True),
        ("run0", "root", True),
        ("su postgres", "postgres", False),
        ("su -", "root", False),
        ("runuser -u dten --", "dten", False),
        ("gosu dten", "dten", False),
    ],
)
def test_tools(text: str, target: str, escalates: bool) -> None:
    use = use_of(command("systemctl restart x", layers=(layer(text, target),)))
    assert (use.tool, use.target_user, use.escalates) == (text.partition(" ")[0], target, escalates)
    assert use.inner == "systemctl restart x"


@pytest.mark.parametrize(
    "made",
    [
        command("systemctl restart x"),
        command("echo sudo systemctl restart x"),
        command("command -v sudo"),
        command("apt-get install -y sudo"),
        command("ls /run/sudo"),
        command("systemctl stop x", layers=(layer("nice -n 5", "", "plain"),)),
        command("true", layers=(sudo("-n"),)),
        command("sudo -l"),
        command("sudo -k"),
        command("sudo -n -v"),
    ],
)
def test_what_is_no_use(made: Command) -> None:
    assert [use for use in uses_of(made) if use.inner not in ("-l", "-k")] == []


def test_inner_layers_belong_to_the_command() -> None:
    made = command("install -d /x", layers=(sudo("-H"), layer("env A=1", "", "plain")))
    assert use_of(made).inner == "env A=1 install -d /x"


@pytest.mark.parametrize(
    ("guards", "guarded", "checked"),
    [
        ((), False, False),
        ((Guard("command-exists", "sudo", 2),), True, False),
        ((Guard("command-exists", "/usr/bin/sudo", 2),), True, False),
        ((Guard("command-exists", "sudo", 2, holds=False),), False, False),
        ((Guard("command-exists", "doas", 2),), False, False),
        ((Guard("other", "sudo -n true", 2),), True, False),
        ((Guard("other", '[ "$USE_pseudosudo" = yes ]', 2),), False, False),
        ((ROOT,), False, True),
        ((NOT_ROOT,), True, False),
        ((Guard("path-exists", "/etc/sudoers", 2),), False, False),
    ],
)
def test_guards(guards: tuple[Guard, ...], guarded: bool, checked: bool) -> None:
    use = use_of(command("systemctl restart x", layers=(sudo(),), guards=guards))
    assert (use.guarded, use.root_checked) == (guarded, checked)


def test_a_variable_that_is_sudo_only_for_others_is_guarded() -> None:
    made = command("systemctl restart x", layers=(sudo(guards=(NOT_ROOT,)),))
    assert use_of(made).guarded


def test_the_body_of_a_wrapper_is_not_a_use_of_its_own() -> None:
    body = command("$@", order=3, layers=(sudo(),))
    call = command("ls", order=9, layers=(sudo(),))._replace(via=(body.at,))
    assert [use.inner for use in uses.derive(package(body, call), NO_SITE)] == ["ls"]
    assert [use.inner for use in uses.derive(package(body), NO_SITE)] == ["$@"]


def with_policy(policy: str, *rules: SudoRule) -> Estate:
    return estate(sudo=SudoPolicy(policy, rules, 9))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("site", "available"),
    [
        (NO_SITE, Unknown("site.sudo")),
        (with_policy("none"), False),
        (with_policy("nopasswd"), True),
        (with_policy("listed"), False),
        (with_policy("listed", SudoRule("dten")), True),
        (with_policy("listed", SudoRule("dten", runas="postgres")), False),
        (with_policy("listed", SudoRule("d", "ALL", commands=("/usr/bin/systemctl",))), True),
        (with_policy("listed", SudoRule("d", commands=("/usr/bin/systemctl restart d*",))), True),
        (with_policy("listed", SudoRule("d", commands=("/usr/bin/systemctl stop d*",))), False),
        (with_policy("listed", SudoRule("d", commands=("ALL",))), True),
    ],
)
def test_the_policy_of_the_site(site: Estate, available: bool | Unknown) -> None:
    use = use_of(command("systemctl restart dten", layers=(sudo(),)), site)
    assert use.available == available
    assert use.permission
    assert bool(use.site_lines) == (site is not NO_SITE)


def test_root_needs_no_rule_but_needs_sudo() -> None:
    made = command("x", layers=(sudo(),), guards=(ROOT,))
    assert use_of(made, with_policy("listed")).available is True
    assert use_of(made, with_policy("none")).available is False


@pytest.mark.parametrize(
    ("options", "more", "source", "shipped"),
    [
        (("-S",), {"feeds": (words("echo hunter2"),)}, "stdin", True),
        (("-S", "-p", "''"), {"feeds": (words("printf '%s\\n' $PASSWORD"),)}, "stdin", False),
        (("-kS",), {"feeds": (words("cat pw"),)}, "stdin", False),
        (("-A",), {}, "askpass", False),
        ((), {"environment": (("SUDO_ASKPASS", words("/x/ask")[0]),)}, "askpass", False),
        ((), {"feeds": (words("echo data"),)}, "", False),
        (("-u", "-S"), {}, "", False),
    ],
)
def test_passwords(
    options: tuple[str, ...], more: dict[str, object], source: str, shipped: bool
) -> None:
    made = command("install x /y", layers=(sudo(*options),))
    use = use_of(made._replace(**more))  # type: ignore[arg-type]
    assert (use.password_from, use.password_shipped) == (source, shipped)


@pytest.mark.parametrize(
    ("made", "redirect"),
    [
        (command("echo x", layers=(sudo(),), redirect=((">", "/etc/sysctl.d/9.conf"),)),
         "/etc/sysctl.d/9.conf"),
        (command("echo x", layers=(sudo(),), redirect=((">>", "/etc/hosts"),)), "/etc/hosts"),
        (command("cat x", layers=(sudo(),), redirect=((">", "/tmp/x"),)), ""),
        (command("cat x", layers=(sudo(),), redirect=((">", "/dev/null"),)), ""),
        (command("cat", layers=(sudo(),), redirect=(("<", "/etc/hosts"),)), ""),
        (command("cat x", layers=(sudo(),), redirect=((">", "$OUT"),)), ""),
        (command("echo x", layers=(sudo(), layer("sh -c", "", "shell")),
                 redirect=((">", "/etc/hosts"),)), ""),
        (command("echo x", layers=(layer("su -c", "root"),), redirect=((">", "/etc/hosts"),)), ""),
        (command("tee /etc/hosts", layers=(sudo(),)), ""),
    ],
)  # fmt: skip
def test_redirections_are_opened_by_the_caller(made: Command, redirect: str) -> None:
    assert use_of(made).redirect == redirect


@pytest.mark.parametrize(
    ("made", "builtin"),
    [
        (command("cd /opt/dten", layers=(sudo(),)), "cd"),
        (command("source /etc/x", layers=(sudo(),)), "source"),
        (command("cd /opt", layers=(sudo(), layer("bash -c", "", "shell"))), ""),
        (command("/usr/bin/read x", layers=(sudo(),)), ""),
        (command("ls", layers=(sudo(),)), ""),
    ],
)
def test_builtins(made: Command, builtin: str) -> None:
    assert use_of(made).builtin == builtin


@pytest.mark.parametrize(
    ("before", "none"),
    [
        (layer("ssh db2", "db2", "remote"), True),
        (layer("ssh -t db2", "db2", "remote"), False),
        (layer("ssh -o RequestTTY=force db2", "db2", "remote"), False),
        (layer("docker exec web", "web", "container"), False),
    ],
)
def test_nobody_to_ask(before: Layer, none: bool) -> None:
    use = use_of(command("systemctl restart x", layers=(before, sudo())))
    assert use.no_terminal == none
    assert use.elsewhere.endswith(before.target)


def test_a_job_has_no_terminal() -> None:
    made = command("rotate", layers=(sudo(),))
    job = "p.zip!/etc/cron.d/x"
    text = DocumentInfo(SCRIPT, job, "etc/cron.d/x", "shell", 1, None, job)
    graph = Package([text, info("etc/cron.d/x", "cron")], [made])
    assert next(iter(uses.derive(graph, NO_SITE))).no_terminal


def test_other_traits() -> None:
    assert use_of(command("$0 --again", layers=(sudo("-E"),))).reexecutes
    assert use_of(command("x", layers=(sudo("-E"),))).keeps_environment
    assert use_of(command("x", layers=(sudo("-n"),))).non_interactive
    assert use_of(command("x", layers=(sudo(function="run_as_root"),))).function == "run_as_root"
    after = command("x", layers=(sudo(), layer("ssh db2", "db2", "remote")))
    assert use_of(after).elsewhere == ""


USERS = estate(users=("dten", "www-data"), complete=())
ALL_USERS = estate(users=("dten", "www-data"), complete=("users",))


@pytest.mark.parametrize(
    ("target", "site", "present"),
    [
        ("dten", USERS, True),
        ("postgres", USERS, Unknown("site.users")),
        ("postgres", ALL_USERS, False),
        ("root", ALL_USERS, True),
        ("nobody", ALL_USERS, True),
        ("#1001", ALL_USERS, True),
        ("$DB_OWNER", ALL_USERS, Unknown("package.value")),
    ],
)
def test_target_users(target: str, site: Estate, present: bool | Unknown) -> None:
    made = command("psql", layers=(layer(f"sudo -u {target}", target),))
    assert use_of(made, site).user_present == present


def test_a_user_that_the_package_makes_is_there() -> None:
    add = command("useradd --system --shell /usr/sbin/nologin mailer", order=1)
    run = command("deliver", order=2, layers=(layer("su mailer -c", "mailer"),))
    use = next(iter(uses.derive(package(add, run), ALL_USERS)))
    assert (use.user_present, use.no_login) == (True, True)


def test_a_user_of_sysusers_is_there() -> None:
    run = command("deliver", layers=(layer("su mailer -c", "mailer"),))
    graph = package(run, documents=[info("usr/lib/sysusers.d/x.conf", "text")])
    graph.content = lambda _: b'# c\nu mailer - "Mail" /var/lib/m\nu open - - - /bin/bash\n'
    use = next(iter(uses.derive(graph, ALL_USERS)))
    assert (use.user_present, use.no_login) == (True, True)


@pytest.mark.parametrize(
    ("text", "target", "refused"),
    [
        ("su - www-data -c", "www-data", True),
        ("su nginx -c", "nginx", True),
        ("su -s /bin/sh www-data -c", "www-data", False),
        ("su --shell=/bin/sh www-data -c", "www-data", False),
        ("su - postgres -c", "postgres", False),
        ("runuser -u www-data --", "www-data", False),
        ("sudo -u www-data", "www-data", False),
        ("sudo -iu www-data", "www-data", True),
    ],
)
def test_users_that_cannot_log_in(text: str, target: str, refused: bool) -> None:
    made = command("php artisan migrate", layers=(layer(text, target),))
    assert use_of(made).no_login == refused


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
        ("install -m 0440 dten.sudoers /etc/sudoers.d/dten", None),
        ("visudo -cf /etc/sudoers.d/dten", None),
        ("chmod 0440 /etc/sudoers.d/dten", None),
    ],
)
def test_groups_and_edits(text: str, expected: tuple[str, str, str] | None) -> None:
    found = list(grants.derive(package(command(text)), NO_SITE))
    assert [(g.how, g.who, g.what) for g in found] == ([expected] if expected else [])


def test_a_written_text_that_is_read_is_no_edit() -> None:
    path = "/etc/sudoers.d/dten"
    text = DocumentInfo(f"{SCRIPT}#L2C1", SCRIPT, path, "sudoers", 1, None, SCRIPT)
    graph = package(command("cat", redirect=((">", path),)), documents=[text])
    assert not list(grants.derive(graph, NO_SITE))
