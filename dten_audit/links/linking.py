"""Link: local facts become a package graph, each reference resolved once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dten_audit.links.calls import calls
from dten_audit.links.installs import installs
from dten_audit.links.libraries import NOTHING, Runs, settle
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.orchestration import PlaybookVariables


def link(
    documents: Iterable[DocumentInfo],
    facts: Iterable[Fact],
    content: Callable[[str], bytes | None] = lambda _: None,
    runs: Runs = NOTHING,
    index: PathIndex | None = None,
) -> Package:
    """Return the package graph of what was read.

    ``runs`` are the functions of programs that other programs import and come to. ``index`` is
    that of the package's files, where it was linked before.
    """
    package = Package(documents, facts, content, index)
    if package.of(PlaybookVariables):
        from dten_audit.links.playbook_variables import fill_variables

        fill_variables(package)
    index = package.index
    for call in settle(package, lambda known: calls(known, index), runs):
        package.calls[call.callee].append(call)
    package.installs.extend(installs(package, index))
    called = {callee for callee, found in package.calls.items() if found}
    scripts = (d for d in package.documents.values() if d.kind == "shell" and not d.host)
    package.entry_points.update(d.id for d in scripts if d.id not in called)
    return package
