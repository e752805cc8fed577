"""package.json, composer.json and devcontainer.json: what package managers run by themselves."""

from __future__ import annotations

from dten_audit.derive.roles import Roles
from dten_audit.model.facts.commands import Command
from tests.derive.trees import package_of
from tests.readers.manifests.reading import commands

NPM = """\
{
  "name": "x",
  "scripts": {
    "postinstall": "node install.js && sudo systemctl restart x",
    "start": "node server.js",
    "preuninstall": "rm -rf /opt/x"
  }
}
"""
COMPOSER = """\
{"scripts": {
  "post-install-cmd": ["@php artisan migrate", "Vendor\\\\Setup::run", "chmod -R 750 storage",
                       "@clean", "@putenv A=1"],
  "lint": "phpcs"
}}
"""
DEVCONTAINER = """\
// for developers
{
  "name": "dev", /* a name */
  "postCreateCommand": "make setup", // "sudo reboot"
  "onCreateCommand": {"a": ["npm", "ci"], "b": "make",},
}
"""


def _roles(path: str, text: str) -> dict[str, str]:
    package = package_of({path: text})
    of = Roles(package).of
    return {command.program: of(command.document) for command in package.of(Command)}


def test_npm_runs_some_scripts_itself() -> None:
    assert _roles("package.json", NPM) == {
        "node": "build",
        "systemctl": "script",
        "rm": "removal",
    }
    assert commands("package/package.json", NPM)[:2] == [
        "4 node install.js",
        "4 sudo/privilege:root | systemctl restart x",
    ]


def test_npm_runs_nothing_of_what_lies_deeper() -> None:
    assert set(_roles("lib/app/package.json", NPM).values()) == {"build"}
    assert commands("node_modules/x/package.json", NPM) == []


def test_a_script_may_run_one_of_them() -> None:
    package = package_of({"package.json": NPM, "up.sh": "#!/bin/sh\nnpm run start\n"})
    of = Roles(package).of
    found = [c for c in package.of(Command) if c.argv[-1].text == "server.js"]
    assert [of(command.document) for command in found] == ["script"]


def test_composer() -> None:
    assert commands("composer.json", COMPOSER) == [
        "2 php artisan migrate",
        "2 chmod -R 750 storage",
        "4 phpcs",
    ]
    assert _roles("composer.json", COMPOSER) == {
        "php": "script",
        "chmod": "script",
        "phpcs": "build",
    }


def test_development_containers() -> None:
    assert commands(".devcontainer/devcontainer.json", DEVCONTAINER) == [
        "4 devcontainer/container:dev | make setup",
        "5 devcontainer/container:dev | npm ci",
        "5 devcontainer/container:dev | make",
    ]
