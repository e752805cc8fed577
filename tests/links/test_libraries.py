"""Which programs count as run, which as libraries; what programs import."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import examine
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, LibraryCommand, LibraryUse
from dten_audit.options import Options

RUNS = 'import os\nos.system("systemctl stop a.service")\n'
GUARDED = (
    'import os\ndef main():\n    os.system("systemctl stop a.service")\n'
    'if __name__ == "__main__":\n    main()\n'
)
JAVA = (
    "public class Install { public static void main(String[] a) throws Exception {\n"
    'Runtime.getRuntime().exec("systemctl stop a.service"); } }\n'
)


def package(folder: Path, files: dict[str, str], executable: tuple[str, ...] = ()) -> Package:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if name in executable else 0o644)
    return examine(folder, Options())


@pytest.mark.parametrize(
    ("files", "runs"),
    [
        ({"bin/stop": "#!/usr/bin/env python3\n" + RUNS}, True),
        ({"upgrade/stop.py": GUARDED}, True),
        ({"scripts/stop.py": RUNS}, True),
        ({"migrate.py": RUNS}, True),
        ({"dten/stop.py": GUARDED}, False),
        ({"dten/stop.py": "#!/usr/bin/env python3\n" + RUNS, "dten/__init__.py": ""}, False),
        ({"setup.py": RUNS}, False),
        ({"node_modules/a/install.js": "require('child_process').exec('crontab -r')"}, False),
        ({"a/b/c/d/install.py": RUNS}, False),
        ({"install/Install.java": JAVA}, True),
        ({"src/dten/Core.java": JAVA.replace("Install", "Core")}, False),
        ({"lib/python3/dist-packages/stop.py": "#!/usr/bin/python3\n" + RUNS}, False),
        ({"dten/stop.py": RUNS, "up.sh": "#!/bin/sh\npython3 dten/stop.py\n"}, True),
        ({"dten/stop.py": RUNS, "up.sh": "#!/bin/sh\n# python3 dten/stop.py\n"}, False),
        ({"install.py": RUNS, "a-1.dist-info/WHEEL": "Wheel-Version: 1.0\n"}, False),
        ({"a-1.data/scripts/stop": "#!python\n" + RUNS, "a-1.dist-info/WHEEL": "x: 1\n"}, True),
    ],
)
def test_a_program_runs_by_what_lies_around_it(
    tmp_path: Path, files: dict[str, str], runs: bool
) -> None:
    found = package(tmp_path, files)
    programs = [c for c in found.of(Command) if c.program in ("systemctl", "crontab")]
    library = found.of(LibraryCommand)
    assert (bool(programs), bool(library)) == (runs, not runs)


def test_an_executable_module_runs(tmp_path: Path) -> None:
    files = {"dten/stop.py": "#!/usr/bin/env python3\n" + RUNS, "dten/__init__.py": ""}
    assert package(tmp_path, files, ("dten/stop.py",)).of(Command)


def test_what_a_library_would_write_is_no_document(tmp_path: Path) -> None:
    text = 'open("/etc/cron.d/a", "w").write("0 3 * * * root /opt/a\\n")\n'
    found = package(tmp_path, {"dten/jobs.py": text, "dten/__init__.py": ""})
    assert not [info for info in found.documents.values() if info.host]
    assert [use.topic for use in found.of(LibraryUse)] == ["schedule"]


IMPORTING = {
    "bin/upgrade": "#!/usr/bin/env python3\nfrom dten import units\nunits.stop_all()\n",
    "bin/dten/__init__.py": "",
    "bin/dten/units.py": (
        "import os\nfrom .util import run, never\n"
        "def stop_all():\n    run()\n    os.system('systemctl stop a.service')\n"
        "def other():\n    os.system('systemctl stop b.service')\n"
    ),
    "bin/dten/util.py": (
        "import subprocess\n"
        "def run():\n    subprocess.run(['systemctl', 'stop', 'c.service'])\n"
        "def never():\n    subprocess.run(['systemctl', 'stop', 'd.service'])\n"
    ),
}


def test_imports_are_followed_by_the_names_that_are_used(tmp_path: Path) -> None:
    found = package(tmp_path, IMPORTING)
    assert sorted(c.argv[-1].text for c in found.of(Command)) == ["a.service", "c.service"]
    assert sorted(c.argv[-1].text for c in found.of(LibraryCommand)) == ["b.service", "d.service"]


@pytest.mark.parametrize(
    "files",
    [
        {
            "bin/up.js": "#!/usr/bin/env node\nconst u = require('../lib/units');\nu.stop();\n",
            "lib/units.js": (
                "const { execSync } = require('child_process');\n"
                "exports.stop = function () {\n  execSync('systemctl stop a.service');\n};\n"
            ),
        },
        {
            "bin/up": "#!/usr/bin/env ruby\nrequire_relative '../lib/units'\nstop\n",
            "lib/units.rb": "def stop\n  system('systemctl stop a.service')\nend\n",
        },
        {
            "bin/up": "#!/usr/bin/perl\nuse Dten::Units;\nDten::Units::stop();\n",
            "perl/Dten/Units.pm": (
                "package Dten::Units;\nsub stop {\n  system('systemctl stop a.service');\n}\n1;\n"
            ),
        },
        {
            "bin/up.php": (
                "#!/usr/bin/php\n<?php\nrequire_once __DIR__ . '/../lib/units.php';\nstop();\n"
            ),
            "lib/units.php": "<?php\nfunction stop() {\n  exec('systemctl stop a.service');\n}\n",
        },
    ],
    ids=["javascript", "ruby", "perl", "php"],
)
def test_imports_of_other_languages(tmp_path: Path, files: dict[str, str]) -> None:
    found = package(tmp_path, files)
    assert [c.argv[-1].text for c in found.of(Command)] == ["a.service"]
