"""Keys that stand in no file: options of programs, variables, directives of units."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.config.changes import derive as derive_changes
from dten_audit.derive.config.settings import derive
from dten_audit.derive.config.variables import assignments
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Layer, Word
from dten_audit.model.facts.config import ConfigChange, ConfigKey
from dten_audit.model.facts.units import UnitEntry, UnitFile
from dten_audit.model.location import Location
from dten_audit.site.matrix import EnvForm, Matrix, MatrixEntry
from tests.derive.test_config_settings import ESTATE, command, package

JVM = Matrix(
    "pkg:generic/openjdk", "generic", ("**/jvm.options",), "cli", programs=("java",),
    variables=("JAVA_OPTS",),
    entries=(MatrixEntry("-XX:UseConcMarkSweepGC", removed="14", effect="refuses-to-start"),),
)  # fmt: skip
SERVER = Matrix(
    "pkg:generic/dten", "generic", ("**/dten.ini",), sections=("server",),
    env=EnvForm("DTEN__{SECTION}__{OPTION}", ("DTEN__",)), programs=("dtend", "postgres"),
    entries=(
        MatrixEntry("strict_host_key", removed="9.3"),
        MatrixEntry("url", section="queue", removed="9.3"),
    ),
)  # fmt: skip
SYSTEMD = Matrix(
    "pkg:generic/systemd", "generic", ("**/*.service",), "systemd",
    entries=(MatrixEntry("MemoryLimit", section="Service", renamed_to="MemoryMax"),),
)  # fmt: skip
OWN = ESTATE._replace(matrices=(JVM, SERVER, SYSTEMD))


def keys(*facts: Fact) -> list[tuple[str, str, str, str]]:
    found = derive(package(*facts), OWN)
    return [(k.path, k.key, k.value, k.setter) for k in found if isinstance(k, ConfigKey)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("java -XX:+UseG1GC -Xmx1g -jar a.jar --late=1",
         [("-XX:UseG1GC", "+"), ("-Xmx1g", ""), ("-jar", "a.jar")]),
        ("java -XX:MaxPermSize=256m a.B -XX:-Late", [("-XX:MaxPermSize", "256m")]),
        ("dtend --strict-host-key=no --url x run", [("strict-host-key", "no"), ("url", "x")]),
        ("dtend -v --debug --url x", [("-v", ""), ("debug", ""), ("url", "x")]),
        ("postgres -D /x -c a=1 -cb=2 --c=3", [("-D", "/x"), ("a", "1"), ("b", "2"), ("c", "3")]),
        ("dtend -- --strict-host-key=no", []),
        ("other --strict-host-key=no", []),
    ],
)  # fmt: skip
def test_options_of_programs(words: str, expected: list[tuple[str, str]]) -> None:
    found = keys(command(*words.split()))
    assert [(key, value) for _, key, value, _ in found] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("docker run -d -e DTEN__QUEUE__URL=x img", [("DTEN__QUEUE__URL", "x")]),
        ("podman create --env=DTEN__A=1 img", [("DTEN__A", "1")]),
        ("kubectl -n a set env deployment/x DTEN__A=1 B=2", [("DTEN__A", "1")]),
        ("systemctl set-environment DTEN__A=1", [("DTEN__A", "1")]),
        ("kubectl get env DTEN__A=1", []),
        ("docker build -e DTEN__A=1 .", []),
    ],
)
def test_variables_that_commands_hand_on(words: str, expected: list[tuple[str, str]]) -> None:
    found = keys(command(*words.split()))
    assert [(key, value) for _, key, value, _ in found] == expected


def test_an_exported_variable_is_told_once_where_it_is_first_in_force() -> None:
    exported = (("DTEN__QUEUE__URL", Word("amqp:x")), ("OTHER", Word("1")))
    first = command("export", "DTEN__QUEUE__URL=amqp:x", environment=exported)
    second = command("dtend", environment=exported)._replace(at=Location("p.zip!/bin/up.sh", 9))
    assert keys(first, second) == [("the environment", "DTEN__QUEUE__URL", "amqp:x", "export")]


def test_a_variable_may_hold_options() -> None:
    options = (("JAVA_OPTS", Word("-Xmx1g -XX:+UseConcMarkSweepGC")),)
    found = keys(command("export", "JAVA_OPTS=…", environment=options))
    assert ("java", "-XX:UseConcMarkSweepGC", "+", "JAVA_OPTS") in found


def test_the_launcher_takes_words_behind_some_options() -> None:
    words = ("-cp", "lib/a.jar", "-XX:+AggressiveOpts", "com.example.Main", "-XX:+UseParNewGC")
    found = keys(command("java", *words))
    assert [(key, value) for _, key, value, _ in found] == [
        ("-cp", "lib/a.jar"), ("-XX:AggressiveOpts", "+"),
    ]  # fmt: skip


def test_what_runs_a_command_has_options_as_well() -> None:
    words = tuple(map(Word, ("ssh", "-o", "Ciphers=arcfour", "-p", "22", "h.example")))
    made = command("uptime")._replace(layers=(Layer("ssh", "remote", words),))
    assert ("ssh", "Ciphers", "arcfour", "") in keys(made)


def unit(*pairs: tuple[str, str]) -> UnitFile:
    at = Location("p.zip!/etc/systemd/system/dten.service", 3)
    entries = tuple(UnitEntry("Service", key, value, at) for key, value in pairs)
    return UnitFile(at, "p.zip!/u", "dten.service", "etc/systemd/system/dten.service", entries)


def test_units_set_directives_and_variables() -> None:
    made = unit(
        ("MemoryLimit", "1G"), ("Restart", "always"),
        ("Environment", "DTEN__A=1 'JAVA_OPTS=-XX:+UseConcMarkSweepGC -Xmx1g' \"B=c d\""),
    )  # fmt: skip
    assert [(key, value) for _, key, value, _ in keys(made)] == [
        ("DTEN__A", "1"), ("-XX:UseConcMarkSweepGC", "+"), ("-Xmx1g", ""), ("MemoryLimit", "1G"),
    ]  # fmt: skip


def test_they_are_judged_like_keys_of_files() -> None:
    made = package(
        command("java", "-XX:+UseConcMarkSweepGC", "-jar", "a.jar"),
        command("dtend", "--strict_host_key=no", "--url=x"),
        command("export", environment=(("DTEN__QUEUE__URL", Word("x")),)),
        unit(("MemoryLimit", "1G")),
    )
    made.add(list(derive(made, OWN)))
    found = [fact for fact in derive_changes(made, OWN) if isinstance(fact, ConfigChange)]
    assert sorted((fact.product, fact.key, fact.where) for fact in found) == [
        ("dten", "DTEN__QUEUE__URL", "the environment, where export puts it"),
        ("dten", "strict_host_key", "dtend"),
        ("openjdk", "-XX:UseConcMarkSweepGC", "java"),
        ("systemd", "MemoryLimit", "etc/systemd/system/dten.service"),
    ]  # ours of systemd speaks of MemoryLimit; a new name without a version says nothing of it


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_environment_is_read(value: str) -> None:
    assert all(word for word in assignments(value))
