"""Rights: what scripts assume of sudo, su and their kin."""

from __future__ import annotations

import pytest

from dten_audit.derive.privilege import uses
from dten_audit.documents.document import DocumentInfo
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Guard, Layer
from dten_audit.model.facts.privilege import (
    PrivilegeUse,
)
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import SudoPolicy, SudoRule
from tests.derive.making import (
    NO_SITE,
    NOT_ROOT,
    ROOT,
    SCRIPT,
    command,
    estate,
    info,
    layer,
    package,
    sudo,
    words,
)


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
