"""States what resources do: commands, and the texts that they run, pass on or write to files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import SCRIPT_FOLDER, Command, Word
from dten_audit.readers.orchestration.resources import Context, Resource, Value, weakest
from dten_audit.readers.orchestration.shell_texts import ShellTexts, as_one_command, quoted
from dten_audit.readers.orchestration.tables import Language, Row, Step, Template, rows, truth

Place = Callable[[Value], tuple[tuple[int, ...], int]]
_SAMPLE: Final = 4096
_NOT_WORTH_A_TEXT: Final = frozenset("text prose markdown empty binary csv".split())
_SOURCE_WORDS: Final = 3
_CRON_FIELDS: Final = ("minute", "hour", "day", "month", "weekday")
_REMOTE: Final = ("http://", "https://", "ftp://", "s3://")


@cache
def _parameter() -> re.Pattern[str]:
    return re.compile(r"\{(\w+)\}")


def own_place(value: Value) -> tuple[tuple[int, ...], int]:
    """Return the lines and the first column of a value's text, as the value itself says."""
    return value.lines or (value.line,), value.column


class Stater:
    """States the commands of one document in their order."""

    def __init__(self, document: Document, language: Language, place: Place = own_place) -> None:
        self.document = document
        self._language = language
        self._rows = rows(language)
        self._place = place
        self._shell = ShellTexts(document)
        self._variants: dict[tuple[int, int], int] = {}

    def knows(self, resource: str) -> bool:
        """Say whether the table tells what a resource does."""
        return resource in self._rows

    def resource(self, resource: Resource, context: Context) -> Iterator[Fact | Embedded]:
        """State what a resource does; nothing for one that the table does not know."""
        row = self._rows.get(resource.type)
        for step in row.steps if row is not None else ():
            assert row is not None
            if all(_holds(resource, name, wanted) for name, wanted in step.conditions):
                yield from self._step(step, row, resource, context)

    def command(
        self, words: list[Word], context: Context, line: int, column: int = 1, **more: object
    ) -> Command:
        """Return a command with the next rank."""
        first = words[0]
        program = "" if first.certainty == "computed" else first.text.rpartition("/")[2]
        command = Command(
            self.document.location(line, column),
            self.document.id,
            self._shell.next_order(),
            program,
            tuple(words),
            layers=context.layers,
            guards=context.guards,
            environment=context.environment,
            function=context.function,
            called=context.called,
            failure=context.failure,
            folder=context.folder,
            certainty="computed" if first.certainty == "computed" else "exact",
        )
        return command._replace(**more) if more else command  # type: ignore[arg-type]

    def shell(self, value: Value, context: Context) -> Iterator[Fact | Embedded]:
        """State what a shell text runs, each command at its own line."""
        lines, column = self._place(value)
        yield from self._shell.read(value, lines, column, context, split=True)

    def execute(self, values: tuple[Value, ...], context: Context) -> Iterator[Fact | Embedded]:
        """State a command that is started without a shell: one text, or its words."""
        if not values:
            return
        whole = values[0]
        unknown = tuple(name for value in values for name in value.unknown)
        if len(values) > 1:
            text = " ".join(quoted(value.text, value.unknown) for value in values)
        else:
            text = as_one_command(whole.text, whole.unknown)
        value = whole._replace(text=text, unknown=unknown, node=None)
        lines, column = self._place(whole)
        yield from self._shell.read(value, lines, column, context, split=False)

    def _step(
        self, step: Step, row: Row, resource: Resource, context: Context
    ) -> Iterator[Fact | Embedded]:
        if step.shell:
            values = resource.parameters.get(step.shell, ())
            if len(values) > 1:
                yield from self.execute(values, context)
            elif values:
                yield from self.shell(values[0], context)
        elif step.exec:
            yield from self.execute(resource.parameters.get(step.exec, ()), context)
        elif step.cron is not None:
            yield from self._cron(step.cron, resource, context)
        elif step.path:
            yield from self._script(step.path, resource, context)
        elif step.text:
            yield from self._text(step, row, resource, context)
        else:
            words = self._words(step.words, row, resource)
            if words:
                words = _with_source(words, self._language)
                folder = _folder_of(words, context)
                yield self.command(
                    words, context._replace(folder=folder), resource.line, resource.column
                )

    def _script(
        self, parameter: str, resource: Resource, context: Context
    ) -> Iterator[Fact | Embedded]:
        """State a shipped script that is brought to the host and run there."""
        value = resource.first(parameter)
        if value is None or not value.text.strip():
            return
        path, _, arguments = value.text.strip().partition(" ")
        path = _without_scheme(path, self._language)
        if not path.startswith(("/", "$", ".")):
            path = f"./{path}"
        words = [Word(path, value.certainty), *(Word(text) for text in arguments.split())]
        inside = context._replace(folder=context.files or context.folder)
        yield self.command(words, inside, resource.line, resource.column)

    def _text(
        self, step: Step, row: Row, resource: Resource, context: Context
    ) -> Iterator[Fact | Embedded]:
        """State a text that a command reads, has as its argument, or writes to a file."""
        for value in resource.parameters.get(step.text, ()):
            words = self._words(step.words, row, resource)
            if not words:
                return
            target = _filled(step.to, resource) if step.to else ""
            path = target if target.startswith("/") else ""
            kind = step.kind or kind_of(path, value.text[:_SAMPLE].encode("utf-8", "replace"))
            if step.argument:
                words = [*words, value.word]
            more: dict[str, object] = {}
            if kind not in _NOT_WORTH_A_TEXT and _says_something(value):
                hints = (("client", words[0].text),) if step.kind and not path else ()
                part = self._part(kind, value.text, value, path, hints)
                more["documents" if step.argument else "stdin"] = (
                    (self.document.embedded_id(part),)
                    if step.argument
                    else self.document.embedded_id(part)
                )
                yield part
            yield self.command(words, context, resource.line, resource.column, **more)

    def _part(
        self, kind: str, text: str, value: Value, path: str, hints: tuple[tuple[str, str], ...] = ()
    ) -> Embedded:
        lines, column = self._place(value)
        key = (lines[0], column)
        variant = self._variants.get(key, 0)
        self._variants[key] = variant + 1
        return Embedded(kind, text, lines, column, path, hints, variant=variant)

    def _cron(
        self, names: dict[str, str], resource: Resource, context: Context
    ) -> Iterator[Fact | Embedded]:
        """State a job of cron as the line that it becomes, and the command that puts it there."""
        job = resource.first(names["job"])
        if job is None or not job.text.strip():
            return
        special = resource.first(names["special"])
        times = " ".join(_field(resource, names[field]) for field in _CRON_FIELDS)
        if special is not None and special.text.strip(" @").lower() not in ("", "absent"):
            times = f"@{special.text.strip(' @').lower()}"
        user = resource.first(names["user"])
        owner = user.word if user is not None else None
        file = resource.first(names["file"]) if "file" in names else None
        command = " ".join(job.text.split())
        if file is not None and file.text:
            # A name in cron.d has no slash, so "${folder}/root" is a path from the root.
            path = file.text if "/" in file.text else f"/etc/cron.d/{file.text}"
            line = f"{times} {owner.text if owner else 'root'} {command}\n"
            part = self._part("cron", line, job._replace(node=None, column=1), path)
            words = [Word("tee"), Word(path, file.certainty)]
        else:
            hints = (("user", owner.text),) if owner else ()
            line = f"{times} {command}\n"
            part = self._part("crontab", line, job._replace(node=None, column=1), "", hints)
            words = [Word("crontab"), *([Word("-u"), owner] if owner else [])]
            yield self.command([*words, Word("-l")], context, resource.line, resource.column)
            words.append(Word("-"))
        yield part
        stdin = self.document.embedded_id(part)
        yield self.command(words, context, resource.line, resource.column, stdin=stdin)

    def _words(self, template: Template, row: Row, resource: Resource) -> list[Word]:
        """Return a command's words; none where a parameter that it needs is not given."""
        found: list[Word] = []
        for part in template:
            if isinstance(part, tuple):
                found += self._words(part, row, resource)
                continue
            words = _expanded(part, row, resource)
            if words is None:
                return []
            found += words
        return found


def _expanded(part: str, row: Row, resource: Resource) -> list[Word] | None:
    """Return the words that one word of a template becomes."""
    names = _parameter().findall(part)
    if not names:
        return [Word(part)]
    if part == f"{{{names[0]}}}":
        return _values(names[0], row, resource)
    text, certainties = part, []
    for name in names:
        values = _values(name, row, resource)
        if not values:
            return None
        text = text.replace(f"{{{name}}}", values[0].text)
        certainties.append(values[0].certainty)
    return [Word(text, weakest(certainties))]


def _values(name: str, row: Row, resource: Resource) -> list[Word] | None:
    """Return the values of a parameter as words, by the row's spelling; None where it has none."""
    values = [value.word for value in resource.parameters.get(name, ())]
    if not values and row.defaults.get(name):
        values = [Word(row.defaults[name])]
    if name in row.lists:
        values = [
            Word(text.strip(), word.certainty) for word in values for text in word.text.split(",")
        ]
        if name == "groups":
            values = [Word(",".join(w.text for w in values), weakest(w.certainty for w in values))]
    mapped = row.values.get(name)
    if mapped is not None:
        values = [
            word if word.certainty == "computed" else Word(mapped[spelled], word.certainty)
            for word in values
            if (spelled := _spelled(word, mapped)) in mapped or word.certainty == "computed"
        ]
    values = [word for word in values if word.text]
    return values or None


def _spelled(word: Word, mapped: dict[str, str]) -> str:
    return word.text if word.text in mapped else truth(word.text)


def _holds(resource: Resource, name: str, wanted: tuple[str, ...]) -> bool:
    """Say whether a parameter is known to have one of some values."""
    values = resource.parameters.get(name, ())
    if not values:
        return "" in wanted
    return any(
        value.certainty != "computed" and (value.text in wanted or truth(value.text) in wanted)
        for value in values
    )


def _field(resource: Resource, name: str) -> str:
    values = [value.text.strip() for value in resource.parameters.get(name, ())]
    return ",".join("".join(text.split()) for text in values if text) or "*"


def _filled(template: str, resource: Resource) -> str:
    """Return a path: the value of the parameter of that name, or a text with parameters in it."""
    if "{" not in template:
        value = resource.first(template)
        return value.text if value is not None else ""
    return _parameter().sub(lambda match: resource.text(match[1]), template)


def _says_something(value: Value) -> bool:
    """Say whether a text holds more than what is computed."""
    rest = value.text
    for name in value.unknown:
        rest = rest.replace(f"${{{name}}}", "")
    return bool(rest.strip())


def _with_source(words: list[Word], language: Language) -> list[Word]:
    """Return ``cp`` with the source as the package's own path; ``curl`` for one from elsewhere."""
    if words[0].text != "cp" or len(words) < _SOURCE_WORDS:
        return words
    source = words[-2]
    if source.text.startswith(_REMOTE):
        return [Word("curl"), Word("-o"), words[-1], source]
    text = _without_scheme(source.text, language)
    return [*words[:-2], source._replace(text=text), words[-1]]


def _without_scheme(path: str, language: Language) -> str:
    """Return ``puppet:///modules/dten/x`` and ``salt://dten/x`` as paths of the package."""
    if language == "salt":
        return path.removeprefix("salt://").partition("?")[0]
    if language == "puppet" and path.startswith("puppet:///modules/"):
        module, _, rest = path.removeprefix("puppet:///modules/").partition("/")
        return f"{module}/files/{rest}"
    return path


def _folder_of(words: list[Word], context: Context) -> str:
    """Return the folder in which a command looks for what it names."""
    if words[0].text not in ("cp", "tar", "rsync"):
        return context.folder
    templated = words[-2].text.endswith((".j2", ".jinja", ".erb", ".epp"))
    return (context.templates if templated else context.files) or context.folder


def beside(folder: str) -> str:
    """Return a folder of the package, named from the one in which the document lies."""
    return f"{SCRIPT_FOLDER}/{folder}"
