"""Makefiles: recipes, variables, prefixes; and who runs them."""

from __future__ import annotations

import pytest

from dten_audit.derive.roles import Roles
from dten_audit.model.facts.commands import Command
from tests.derive.trees import package_of
from tests.readers.manifests.reading import commands

MAKEFILE = """\
# sudo make install
PREFIX ?= /usr/local
SYSCONF := /etc
UNIT = dten.service
VERSION = $(shell git describe)
define HELP
\tsudo make me a sandwich
endef
ifeq ($(OS),Windows_NT)
X = 1
else
X = 2
endif
all: build

build: main.o \\
       other.o
\t$(CC) -o $@ $^ # compile
\t@echo "run: sudo make install"
install: all
\tinstall -m 755 dten $(DESTDIR)$(PREFIX)/bin/dten
\tinstall -m 644 $(UNIT) ${SYSCONF}/systemd/system/$(UNIT)
\tcd sub && cp a.cron \\
\t  $(SYSCONF)/cron.d/a
\t-systemctl daemon-reload
\t@+for i in a b; do \\
\t   systemctl enable $$i; \\
\t done
ifeq ($(X),1)
\treboot
endif
uninstall: ; rm -f /usr/bin/dten

database:
\tsystemctl restart $(UNIT)
\t$(call helper,a)
\trm $(X) `date` $(shell id -u) $(wildcard *.o)
"""


def test_recipes_and_their_lines() -> None:
    found = [line for line in commands("Makefile", MAKEFILE) if " cd " not in line]
    assert found == [
        "18 ?${CC} -o ?${make_target} ?${make_sources}",
        "19 echo run: sudo make install",
        "21 install -m 755 dten ?${DESTDIR}${PREFIX}/bin/dten",
        "22 install -m 644 dten.service /etc/systemd/system/dten.service",
        "23 cp a.cron /etc/cron.d/a",
        "25 systemctl daemon-reload",
        "27 systemctl enable ~a",
        "27 systemctl enable ~b",
        "30 reboot",
        "32 rm -f /usr/bin/dten",
        "35 systemctl restart dten.service",
        "37 date",
        "37 id -u",
        "37 rm ?${X} ?$(date) ?$(id -u) ?${make_wildcard}",
    ]


def _states(text: str, path: str = "Makefile") -> list[Command]:
    return package_of({path: text}).of(Command)


def test_failures_stop_unless_they_are_ignored() -> None:
    found = {command.argv[-1].text: command.failure for command in _states(MAKEFILE)}
    assert found["daemon-reload"] == "ignored"
    assert found["dten.service"] == "stops"


def test_each_line_has_its_own_shell() -> None:
    text = "a:\n\tcd sub\n\tcp x /etc/x\n"
    assert [c.folder for c in _states(text) if c.program == "cp"] == [""]
    assert [c.folder for c in _states(".ONESHELL:\n" + text) if c.program == "cp"] == ["sub"]


def test_what_recipes_are_for() -> None:
    package = package_of({"Makefile": MAKEFILE})
    of = Roles(package).of
    roles = {command.at.line: of(command.document) for command in package.of(Command)}
    assert (roles[18], roles[22], roles[32], roles[35]) == ("build", "script", "removal", "build")
    package = package_of({"debian/rules": "#!/usr/bin/make -f\ninstall:\n\tcp a /etc/a\n"})
    assert {Roles(package).of(c.document) for c in package.of(Command)} == {"build"}


@pytest.mark.parametrize(
    "call", ["make database", "make -s -j 4 database X=1", "make -f Makefile database"]
)
def test_a_script_that_makes_a_target_runs_its_recipe(call: str) -> None:
    package = package_of({"Makefile": MAKEFILE, "up.sh": f"#!/bin/sh\n{call}\n"})
    of = Roles(package).of
    found = [c for c in package.of(Command) if c.at.line == 35]
    assert [of(command.document) for command in found] == ["script"]


def test_make_in_another_folder() -> None:
    tree = {"db/Makefile": "up:\n\treboot\n", "up.sh": "#!/bin/sh\nmake -C db up\n"}
    package = package_of(tree)
    callees = [call.callee for calls in package.calls.values() for call in calls]
    assert callees == ["p.zip!/db/Makefile#L2C1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHELL := /bin/bash\na:\n\tls\n", ["3 ls"]),
        (".RECIPEPREFIX = >\na:\n>ls\n", ["3 ls"]),
        ("X = 1\nX = 2\na:\n\tls $(X)\n", ["4 ls ?${X}"]),
        ("X = 1\nX += 2\na:\n\tls $(X)\n", ["4 ls ?${X}"]),
        ("a: X = 1\na:\n\tls\n", ["3 ls"]),
        ("a: b | c\n\tls $$HOME $$(id)\n", ["2 id", "2 ls ?${HOME} ?$(id)"]),
        ("%.o: %.c\n\tgcc $<\n", ["2 gcc ?${make_source}"]),
        ("a::\n\tls\nb:\n", ["2 ls"]),
        ("\tls\n", []),
        ("a:\n\t# ls\n\t@\n", []),
        ("a:\n\t$(MAKE) -C sub\n", ["2 make -C sub"]),
    ],
)
def test_forms(text: str, expected: list[str]) -> None:
    found = [line.replace("$HOME", "${HOME}") for line in commands("Makefile", text)]
    assert sorted(found) == expected


def test_functions_over_several_lines() -> None:
    text = (
        "a:\n\t$(call merge,a.config,\\\n\t\tb.config)\n"
        "\t$(if $(X),$(Q)$(MAKE) \\\n\t\t-C sub) && \\\n\t  ls\n"
    )
    assert commands("Makefile", text) == ["4 ?${make_if}", "6 ls"]
