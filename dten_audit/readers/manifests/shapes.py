"""The shapes of manifests, and the cheap test that says which of them a document may have.

A row more is all that a new shape needs. The test decides whether YAML is parsed at all, so it
looks at the path and at words in the bytes only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.readers.gate import Trigger
from dten_audit.readers.words import bytes_of, words_of

if TYPE_CHECKING:
    from dten_audit.readers.manifests.manifest import Manifest

ReadShape: TypeAlias = "Callable[[Manifest], Iterator[Fact | Embedded]]"

KINDS: Final = frozenset(("yaml", "json"))


class Shape(NamedTuple):
    """What a manifest is, and which documents may be one.

    ``function`` is ``module:name`` and takes a ``Manifest``. ``path`` is a regular expression that
    is searched in ``/`` and the path in lower case; ``holds`` are words that must all stand in the
    bytes, ``any_of`` patterns of the gate of which one must; ``pattern``, searched last, is a
    regular expression of the bytes. What is empty asks nothing. ``verbatim``: expressions of
    templates stand in quotes, as YAML asks for it, so that none is hidden from the parser.
    """

    name: str
    function: str
    path: str = ""
    holds: tuple[bytes, ...] = ()
    any_of: tuple[bytes, ...] = ()
    pattern: bytes = b""
    kinds: frozenset[str] = KINDS
    verbatim: bool = False

    def load(self) -> ReadShape:
        """Import the function."""
        module, _, name = self.function.partition(":")
        return cast("ReadShape", getattr(import_module(module), name))


_HERE: Final = "dten_audit.readers.manifests"
_CI: Final = f"{_HERE}.ci"
_CRON: Final = "dten_audit.readers.cron"
_AZURE: Final = r"(?:[^/]*azure-pipelines?[^/]*|\.?azure-pipelines/.*|\.?pipelines?/.*|\.vsts-ci)"
_ANSIBLE: Final = "dten_audit.readers.orchestration.ansible"
SHAPES: Final[tuple[Shape, ...]] = (
    Shape("github-actions", f"{_CI}:read_github",
          r"/\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$"),
    Shape("github-action", f"{_CI}:read_github", r"/action\.ya?ml$",
          (b"runs:", b"steps:", b"run:")),
    Shape("gitlab-ci", f"{_CI}:read_gitlab",
          r"[/.]gitlab-ci\.ya?ml$|/\.gitlab/(?:.*/)?[^/]+\.ya?ml$", (b"script:",)),
    Shape("circleci", f"{_CI}:read_circleci", r"/\.circleci/.*\.ya?ml$", (b"steps:",)),
    Shape("azure-pipelines", f"{_CI}:read_azure", rf"/{_AZURE}\.ya?ml$", (b"steps:",)),
    Shape("bitbucket-pipelines", f"{_CI}:read_bitbucket", r"/bitbucket-pipelines\.ya?ml$"),
    Shape("travis", f"{_CI}:read_travis", r"/\.travis\.ya?ml$"),
    Shape("drone", f"{_CI}:read_drone",
          r"/\.(?:drone|woodpecker)(?:\.ya?ml$|/.*\.ya?ml$)", (b"commands",)),
    Shape("buildkite", f"{_CI}:read_buildkite",
          r"/\.buildkite/.*\.(?:ya?ml|json)$|/buildkite\.ya?ml$", (b"steps", b"command")),
    Shape("appveyor", f"{_CI}:read_appveyor", r"/\.?appveyor\.ya?ml$"),
    Shape("codebuild", f"{_CI}:read_codebuild", r"/buildspec[^/]*\.ya?ml$", (b"phases:",)),
    Shape("cirrus", f"{_CI}:read_cirrus", r"/\.cirrus\.ya?ml$", (b"script:",)),
    Shape("tekton", f"{_CI}:read_tekton", holds=(b"tekton.dev/", b"steps", b"script")),
    Shape("npm-scripts", f"{_HERE}.lifecycle:read_npm", r"^(?!.*/node_modules/).*/package\.json$",
          (b'"scripts"',), kinds=frozenset(("json",))),
    Shape("composer-scripts", f"{_HERE}.lifecycle:read_composer",
          r"^(?!.*/vendor/).*/composer\.json$", (b'"scripts"',), kinds=frozenset(("json",))),
    Shape("devcontainer", f"{_HERE}.devcontainer:read", r"/\.?devcontainer\.json$"),
    Shape("packer", f"{_CI}:read_packer", holds=(b'"provisioners"', b'"inline"'),
          kinds=frozenset(("json",))),
    Shape("snapcraft", f"{_CI}:read_snapcraft", r"/snapcraft\.ya?ml$", (b"override-",)),
    Shape("flatpak", f"{_CI}:read_flatpak", holds=(b"modules", b"build-commands")),
    Shape("compose", f"{_HERE}.compose:read",
          r"/(?:docker-|podman-)?compose[^/]*\.ya?ml$|[.-]compose\.ya?ml$|/[^/]*stack[^/]*\.ya?ml$",
          (b"services:",)),
    Shape("cloud-init", f"{_HERE}.cloud_init:read", holds=(b"#cloud-config",),
          pattern=rb"\A(?:## *template: *jinja[^\n]*\n)?#cloud-config\s"),
    Shape("autoinstall", f"{_HERE}.cloud_init:read", holds=(b"autoinstall:", b"commands:")),
    Shape("kubernetes", f"{_HERE}.kubernetes:read", holds=(b"apiVersion", b"kind", b"ontainers"),
          pattern=rb"\bkind\"?:[ \t]*[\"']?"
                  rb"(?:Pod|Deployment|StatefulSet|DaemonSet|Replica|Job|CronJob|List)"),
    Shape("kubernetes-versions", f"{_HERE}.kubernetes:read_versions", holds=(b"kind",),
          any_of=(rb"apiVersion[\"']?[ \t]*:[ \t]*[\"']?[\w./-]*v[0-9]+(?:alpha|beta)[0-9]",)),
    Shape("cron-job", f"{_CRON}.kubernetes:read", holds=(b"schedule", b"Cron"),
          pattern=rb"\bCron(?:Job|Workflow)\b"),
    Shape("github-schedule", f"{_CRON}.ci_schedules:read_github",
          r"/\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$", (b"schedule", b"cron")),
    Shape("gitlab-schedule", f"{_CRON}.ci_schedules:read_gitlab",
          r"[/.]gitlab-ci\.ya?ml$|/\.gitlab/(?:.*/)?[^/]+\.ya?ml$", (b"schedule",)),
    Shape("azure-schedule", f"{_CRON}.ci_schedules:read_azure", rf"/{_AZURE}\.ya?ml$",
          (b"schedules", b"cron")),
    Shape("circleci-schedule", f"{_CRON}.ci_schedules:read_circleci", r"/\.circleci/.*\.ya?ml$",
          (b"triggers", b"cron")),
    Shape("cloudformation-schedule", f"{_CRON}.clouds:read_cloudformation",
          holds=(b"Resources", b"chedule", b"AWS::")),
    Shape("serverless-schedule", f"{_CRON}.clouds:read_serverless",
          r"/serverless[^/]*\.(?:ya?ml|json)$", (b"schedule",)),
    Shape("app-engine-cron", f"{_CRON}.clouds:read_app_engine", r"/[^/]*cron[^/]*\.ya?ml$",
          (b"schedule", b"url")),
    Shape("vercel-cron", f"{_CRON}.clouds:read_vercel", r"/vercel\.json$", (b"crons",)),
    Shape("sidekiq-schedule", f"{_CRON}.clouds:read_sidekiq",
          r"/(?:[^/]*sidekiq|[^/]*schedule|[^/]*cron|[^/]*jobs)[^/]*\.ya?ml$",
          (b"class:",), (b"cron:", b"every:"),
          rb"\b(?:cron|every):[^#]{0,2000}?\bclass:|\bclass:[^#]{0,2000}?\b(?:cron|every):"),
    Shape("solid-queue", f"{_CRON}.clouds:read_solid_queue", r"/recurring[^/]*\.ya?ml$",
          (b"schedule:",)),
    Shape("ofelia", f"{_CRON}.clouds:read_ofelia", holds=(b"ofelia.job-", b".schedule")),
    Shape("java-schedule-settings", f"{_CRON}.settings:read_yaml",
          r"/[^/]*(?:application|bootstrap|config|settings|cron|schedul|quartz|jobs?)[^/]*\.ya?ml$",
          any_of=(rb"(?i)(?:cron|schedul|quartz|trigger)[\w.-]*[ \t]*:",),
          pattern=rb"(?i)(?:cron|schedul|quartz|trigger)[\w.-]{0,80}[ \t]*+:[^\n*?]{0,200}[*?]"),
    Shape("ansible-tasks", f"{_ANSIBLE}:read_tasks", r"/(?:tasks|handlers)/.*\.ya?ml$",
          verbatim=True),
    Shape("ansible-playbook", f"{_ANSIBLE}:read_playbook",
          any_of=(
        (rb"(?m)^[- ] +(?:hosts|ansible\.\w+\.\w+|import_playbook|become|register|notify|when"
        rb"|changed_when|failed_when|ignore_errors|with_items|delegate_to)[ \t]*:"
        rb"|^- include[ \t]*:"),),
          kinds=frozenset(("yaml",)), verbatim=True),
)  # fmt: skip


class _Test(NamedTuple):
    """The test of a shape, its patterns compiled."""

    shape: Shape
    path: re.Pattern[str] | None
    holds: frozenset[str]
    any_of: frozenset[str]
    pattern: re.Pattern[bytes] | None


@cache
def _tests(kind: str) -> tuple[tuple[_Test, ...], tuple[_Test, ...], re.Pattern[str]]:
    """Return the tests of shapes that a path tells, those of the others, and all paths in one."""
    tests = [
        _Test(
            shape,
            re.compile(shape.path) if shape.path else None,
            frozenset(map(_topic, map(re.escape, shape.holds))),
            frozenset(map(_topic, shape.any_of)),
            re.compile(shape.pattern) if shape.pattern else None,
        )
        for shape in SHAPES
        if kind in shape.kinds
    ]
    told = tuple(test for test in tests if test.path is not None)
    paths = re.compile("|".join(f"(?:{test.shape.path})" for test in told) or r"(?!)")
    return told, tuple(test for test in tests if test.path is None), paths


def triggers() -> list[Trigger]:
    """Return all words that any shape asks for."""
    words = {re.escape(word) for shape in SHAPES for word in shape.holds}
    words.update(pattern for shape in SHAPES for pattern in shape.any_of)
    return [Trigger(_topic(pattern), pattern, KINDS) for pattern in sorted(words)]


def _topic(pattern: bytes) -> str:
    return f"manifests {pattern.decode()}"


def shapes_of(document: Document) -> list[Shape]:
    """Return the shapes that a document may have; nothing is parsed for it."""
    told, others, paths = _tests(document.kind)
    path = f"/{document.path.lower()}"
    tests = others
    if paths.search(path) is not None:
        tests += tuple(test for test in told if test.path is not None and test.path.search(path))
    words = words_of(document)
    data = bytes_of(document)
    return [
        shape
        for shape, _, holds, any_of, pattern in tests
        if holds <= words
        and (not any_of or not any_of.isdisjoint(words))
        and (pattern is None or pattern.search(data) is not None)
    ]


def worth_reading(document: Document) -> bool:
    """Say whether a document may be a manifest."""
    return bool(shapes_of(document))
