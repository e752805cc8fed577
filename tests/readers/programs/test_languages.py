"""Each language: a program that does the same things, and what is stated of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.commands import Command
from dten_audit.readers.programs.language_tables import LANGUAGES
from dten_audit.readers.programs.reader import read
from dten_audit.readers.registry import READERS

FOLDER = Path(__file__).with_name("fixtures")
SUFFIXES = {
    "python": "python", "ruby": "rb", "php": "php", "javascript": "js", "typescript": "ts",
    "java": "java", "kotlin": "kt", "groovy": "groovy", "go": "go", "csharp": "cs", "perl": "pl",
}  # fmt: skip


def commands(kind: str, text: str) -> list[Command]:
    document = Document("p!/x", "x", kind, text.encode())
    return [fact for fact in read(document) if isinstance(fact, Command)]


def embedded(kind: str, text: str) -> list[Embedded]:
    document = Document("p!/x", "x", kind, text.encode())
    return [fact for fact in read(document) if isinstance(fact, Embedded)]


def told(command: Command) -> str:
    layers = "".join(f"[{layer.tool}]" for layer in command.layers)
    words = [f"?{w.text}" if w.certainty == "computed" else w.text for w in command.argv]
    written = "".join(f" {item.operator}{item.target.text}" for item in command.redirections)
    uncalled = "" if command.called else " (uncalled)"
    return f"{command.at.line} {layers}{' '.join(words)}{written}{uncalled}"


def fixture(kind: str) -> str:
    return (FOLDER / f"install.{SUFFIXES[kind]}").read_text(encoding="utf-8")


def test_every_language_has_a_reader_and_a_fixture() -> None:
    reader = next(reader for reader in READERS if reader.name == "programs")
    assert reader.kinds == set(LANGUAGES) == set(SUFFIXES)
    for kind in LANGUAGES:
        assert fixture(kind)


EXPECTED: dict[str, list[str]] = {
    "python": [
        "17 crontab -r (uncalled)",
        "23 systemctl stop dten-core.service",
        "23 rm -rf /opt/dten/cache",
        "25 systemctl start dten-core.service",
        "26 chmod 4755 /opt/dten/bin/helper",
        "28 open /etc/cron.d/dten >/etc/cron.d/dten",
        "31 chmod 4755 /opt/dten/bin/x",
        "32 psql -c ALTER TABLE a ADD COLUMN b int",
        "33 cp dten.service /etc/systemd/system/dten.service",
        "36 systemctl enable dten-core.service",
        "37 crontab -",
        "38 [ssh][sudo]systemctl restart pg",
        "40 open /etc/systemd/system/a.service >/etc/systemd/system/a.service",
        "13 [sudo]systemctl restart ?${unit}",
        "14 systemctl stop dten-core.service",
    ],
    "ruby": [
        "8 systemctl stop dten-core",
        "9 crontab -r",
        "10 systemctl status dten-core",
        "12 write /etc/cron.d/dten >/etc/cron.d/dten",
        "16 open /etc/sudoers.d/dten >/etc/sudoers.d/dten",
        "17 psql -c ALTER TABLE x ADD y int",
        "5 [sudo]systemctl restart ?${unit}",
        "19 chmod 4755 /opt/dten/bin/x",
    ],
    "php": [
        "6 [sudo]systemctl restart dten-core",
        "7 crontab -l",
        "7 grep -v dten",
        "7 crontab -",
        "8 systemctl stop dten-core",
        "10 file_put_contents /etc/cron.d/dten >/etc/cron.d/dten",
        "14 systemctl disable dten-core",
        "15 chmod 4755 /opt/dten/bin/x",
        "17 systemctl mask a.service",
        "18 chmod 4755 /opt/x",
    ],
    "javascript": [
        "9 systemctl stop dten-core",
        "9 rm -rf ?${X}",
        "10 systemctl enable dten-core",
        "11 writeFileSync /etc/cron.d/dten >/etc/cron.d/dten",
        "8 [sudo]systemctl restart ?${name}",
        "14 crontab -r",
    ],
    "typescript": [
        "10 systemctl stop dten-core",
        "11 writeFileSync /etc/cron.d/dten >/etc/cron.d/dten",
        "8 [sudo]systemctl restart ?${name}",
    ],
    "java": [
        "6 systemctl restart dten-core",
        "7 [sudo]systemctl stop dten-core",
        "8 [sh]crontab -r",
        "9 systemctl enable dten-core",
        "12 systemctl stop ?${u}",
        "13 systemctl mask b (uncalled)",
    ],
    "kotlin": [
        "4 systemctl restart dten",
        "5 systemctl stop dten.service",
    ],
    "groovy": ["3 systemctl restart dten", "4 systemctl stop dten"],
    "go": [
        "9 [sudo]systemctl stop dten-core",
        "10 [sh]crontab -r",
        "11 [sh]systemctl daemon-reload",
        "12 WriteFile /etc/cron.d/dten >/etc/cron.d/dten",
        "13 chmod 4755 /opt/x",
        "7 systemctl restart ?${u}",
    ],
    "csharp": [
        "5 systemctl restart dten",
        "6 [sudo]systemctl stop dten",
        "7 [bash]crontab -r",
        "8 WriteAllText /etc/cron.d/x >/etc/cron.d/x",
    ],
    "perl": [
        "4 systemctl restart dten-core",
        "5 [sudo]systemctl stop dten-core",
        "6 crontab -l",
        "7 systemctl mask a.service",
        "8 crontab -",
        "9 open /etc/cron.d/dten >/etc/cron.d/dten",
        "10 open /etc/sudoers.d/x >/etc/sudoers.d/x",
        "12 chmod 4755 /opt/dten/bin/x",
        "18 systemctl start b",
        "20 systemctl enable c",
    ],
}


@pytest.mark.parametrize("kind", sorted(SUFFIXES))
def test_commands_of_a_language(kind: str) -> None:
    assert [told(command) for command in commands(kind, fixture(kind))] == EXPECTED[kind]


def test_texts_written_by_a_program_stand_where_they_are_written() -> None:
    parts = {part.path: part for part in embedded("python", fixture("python")) if part.path}
    table = parts["/etc/cron.d/dten"]
    assert (table.kind, table.lines) == ("cron", (29, 30))
    assert table.text == "# sync\n0 3 * * * root /opt/dten/bin/sync\n"
    assert parts["/etc/systemd/system/a.service"].kind == "systemd-unit"


@pytest.mark.parametrize("kind", ["ruby", "php", "javascript", "typescript", "go", "csharp"])
def test_a_cron_table_is_found_in_each_language(kind: str) -> None:
    found = [part for part in embedded(kind, fixture(kind)) if part.kind == "cron"]
    assert [part.text.strip().splitlines()[-1][:9] for part in found] == ["0 3 * * *"]
