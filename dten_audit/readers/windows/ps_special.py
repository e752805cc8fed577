"""PowerShell's cmdlets that are more than their words: they run, write or schedule something."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.windows.parameters import parameter, positional
from dten_audit.readers.windows.programs import layered
from dten_audit.readers.windows.ps_commands import FED, Commands
from dten_audit.readers.windows.ps_tasks import DEFINING, task_of
from dten_audit.readers.windows.values import Run, Value, split_command_line

_WRITERS: Final = {
    "set-content": ("value", False), "add-content": ("value", True),
    "out-file": ("inputobject", False), "tee-object": ("inputobject", False),
    "new-item": ("value", False),
}  # fmt: skip
_MOST_TURNS: Final = 24
_SQL_HINTS: Final = (("client", "sqlcmd"),)


class Script(Commands):
    """A PowerShell script, read from its first statement to its last."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.special.update({
            "start-process": self._start_process,
            "invoke-expression": self._invoke_expression,
            "foreach-object": self._each,
            "set-variable": self._set_variable,
            "invoke-sqlcmd": self._invoke_sql,
            "invoke-sqlcmd2": self._invoke_sql,
            "invoke-dbaquery": self._invoke_sql,
            **dict.fromkeys(_WRITERS, self._write),
            **dict.fromkeys(DEFINING, self._task),
        })  # fmt: skip

    def _each(self, run: Run) -> bool:
        """``LIST | ForEach-Object { … }``: once for each known value."""
        block = next((word for word in run.argv if word.block is not None), None)
        feed = self.variables.pop(FED, None)
        items = feed.items if feed is not None else ()
        if feed is not None and feed.known and feed.text and not items:
            items = (feed,)
        if block is None or not items or len(items) > _MOST_TURNS:
            return False
        for item in items:
            self.variables["_"] = item.at_use(item.at)
            self.variables["psitem"] = self.variables["_"]
            self.blocks(run.argv, run.context)
        self.variables.pop("_", None)
        self.variables.pop("psitem", None)
        return True

    def _start_process(self, run: Run) -> bool:
        """``Start-Process -FilePath X -ArgumentList …``: the program under a layer of its own."""
        words = run.argv
        program = parameter(words, "filepath") or positional(words, 0)
        if program is None or not program.known:
            return False
        given = parameter(words, "argumentlist", ("args",)) or positional(words, 1)
        arguments: list[Value] = []
        number = next((n for n, word in enumerate(words) if word is given), -1)
        if given is not None and number >= 0:
            follows = [given]
            for word in words[number + 1 :]:
                if word.text.startswith("-") and not word.quoted:
                    break
                follows.append(word)
            arguments = [Value(text, word.certainty, word.at, quoted=True)
                         for word in follows for text in _arguments(word)]  # fmt: skip
        verb = parameter(words, "verb")
        elevated = verb is not None and verb.text.lower() == "runas"
        own = [Value("start-process", "exact", words[0].at)]
        own += [Value("-Verb"), Value("RunAs")] if elevated else []
        own += _credential(words)
        self.blocks(words, run.context)
        layered(run._replace(name=""), own, [program, *arguments], self.recorder)
        return True

    def _invoke_expression(self, run: Run) -> bool:
        code = parameter(run.argv, "command") or positional(run.argv, 0)
        if code is None:
            code = self.variables.get(FED)
        if code is None or not code.known or not code.text.strip():
            return False
        documents = (self.recorder.embed("powershell", code),)
        self.recorder.command(run._replace(documents=documents))
        return True

    def _set_variable(self, run: Run) -> bool:
        name, value = parameter(run.argv, "name"), parameter(run.argv, "value")
        name = name or positional(run.argv, 0)
        value = value or positional(run.argv, 1)
        if name is not None and value is not None and name.known:
            self.variables[name.text.lower()] = value
        return False

    def _write(self, run: Run) -> bool:
        """``Set-Content PATH TEXT`` and its kin: a text that becomes a file."""
        option, append = _WRITERS[run.name]
        words = run.argv
        path = (parameter(words, "path") or parameter(words, "filepath")
                or parameter(words, "literalpath") or positional(words, 0))  # fmt: skip
        value = parameter(words, option) or self.variables.get(FED)
        if value is None and run.name.endswith("content"):
            value = positional(words, 1)
        documents: tuple[str, ...] = ()
        if path is not None and value is not None and path.text:
            if value.items and all(item.known for item in value.items):
                text = "\n".join(item.text for item in value.items)
                value = Value(text, "resolved", value.items[0].at)
            append = append or parameter(words, "append") is not None
            if value.known and value.text:
                text = value.text if value.text.endswith("\n") else f"{value.text}\n"
                whole = Value(text, value.certainty, value.at, lines=value.lines)
                written = self.recorder.write(whole, path.text, append=append)
                documents = (written,) if written else ()
        self.recorder.command(run._replace(documents=documents))
        return True

    def _invoke_sql(self, run: Run) -> bool:
        """``Invoke-Sqlcmd -Query "…"``: the text is SQL."""
        code = parameter(run.argv, "query", ("q",)) or parameter(run.argv, "sqlquery")
        if code is None and run.name == "invoke-sqlcmd":
            code = positional(run.argv, 0)
        if code is None or not code.known or not code.text.strip():
            return False
        documents = (self.recorder.embed("sql", code, _SQL_HINTS),)
        self.recorder.command(run._replace(documents=documents))
        return True

    def _task(self, run: Run) -> bool:
        """``Register-ScheduledTask`` and its kin: a definition, or a text that is one."""
        xml = parameter(run.argv, "xml")
        documents: tuple[str, ...] = ()
        if xml is not None and xml.known and xml.text.lstrip().startswith("<"):
            documents = (self.recorder.embed("xml", xml),)
        task = task_of(run.argv, self.variables.get(FED), self.document, run.at)
        if task is not None and run.context.called:
            target = next((x.target or "another host" for x in run.context.layers
                           if x.kind == "remote"), "")  # fmt: skip
            self.recorder.facts.append(task._replace(elsewhere=target))
        self.blocks(run.argv, run.context._replace(deferred=True))
        self.recorder.command(run._replace(documents=documents))
        return True


def _arguments(value: Value) -> list[str]:
    """Return the words of a string in an argument list: PowerShell passes it on as it stands."""
    return split_command_line(value.text) if value.known else [value.text]


def _credential(words: list[Value]) -> list[Value]:
    given = parameter(words, "credential")
    return [] if given is None else [Value("-Credential"), given]
