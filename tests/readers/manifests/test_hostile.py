"""Readers of manifests and build files are total, and linear on input that is made to hurt."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.building import dockerfile, hcl, makefile, spec, steps
from dten_audit.readers.manifests import reader, user_data
from dten_audit.readers.manifests.expressions import as_shell
from dten_audit.readers.manifests.shapes import SHAPES, shapes_of
from tests.readers.building import test_dockerfile, test_makefile, test_spec, test_steps
from tests.readers.manifests import test_ci, test_cloud_init, test_lifecycle, test_workloads

READERS = {
    "Dockerfile": ("dockerfile", dockerfile.read, test_dockerfile.LINES),
    "Makefile": ("makefile", makefile.read, test_makefile.MAKEFILE),
    "a.spec": ("spec", spec.read, test_spec.SPEC),
    "Jenkinsfile": ("groovy", steps.read_jenkinsfile, test_steps.JENKINS),
    "Vagrantfile": ("ruby", steps.read_vagrantfile, test_steps.VAGRANT),
    "main.tf": ("text", hcl.read, test_steps.TERRAFORM),
    "user-data": ("text", user_data.read, 'Content-Type: multipart/x; boundary="a"\n\n--a\n'),
    "cloud.yaml": ("yaml", reader.read, test_cloud_init.CONFIG),
    ".gitlab-ci.yml": ("yaml", reader.read, test_ci.GITLAB),
    ".github/workflows/a.yml": ("yaml", reader.read, test_ci.GITHUB),
    "docker-compose.yml": ("yaml", reader.read, test_workloads.COMPOSE),
    "pod.yaml": ("yaml", reader.read, test_workloads.POD),
    "package.json": ("json", reader.read, test_lifecycle.NPM),
    "composer.json": ("json", reader.read, test_lifecycle.COMPOSER),
    ".devcontainer/devcontainer.json": ("json", reader.read, test_lifecycle.DEVCONTAINER),
}


def _read(path: str, text: str) -> None:
    kind, read, _ = READERS[path]
    document = Document(f"p.zip!/{path}", path, kind, text.encode("utf-8", "surrogatepass"))
    for part in read(document):
        if isinstance(part, Embedded):
            document.embed(part).location(1)


@pytest.mark.parametrize("path", READERS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_total_on_mutated_texts(path: str, data: st.DataObject) -> None:
    text = READERS[path][2]
    for _ in range(3):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        piece = data.draw(st.text(alphabet="\n\t\\ $(){}[]<>\"'`#%:;-=&*!|@aE0é\0", max_size=8))
        text = text[:start] + piece + text[end:]
    _read(path, text)


@pytest.mark.parametrize("path", READERS)
@settings(max_examples=10, deadline=None)
@given(st.text(max_size=200))
def test_total_on_any_text(path: str, text: str) -> None:
    _read(path, text)


BAD = {
    "braces": "(" * 100_000,
    "dollars": "a:\n\t" + "$(" * 60_000,
    "expressions": "%{" * 20_000 + "\n%post\n" + "%{a:" * 10_000,
    "heredocs": "FROM a\n" + "RUN x <<A\n" * 12_000,
    "continued": "FROM a\nRUN a \\\n" + "b \\\n" * 30_000,
    "lists": "script: " + "[" * 90 + "x" + "]" * 90,
    "many": "script:\n" + "  - x\n" * 20_000,
    "words": "FROM a\nRUN [" + '"a",' * 30_000 + '"b"]\n',
    "blanks": "script: a" + " " * 100_000 + "\n%global a" + " " * 100_000 + "b",
    "folded": "script: >\n" + "  a b\n" * 20_000,
    "quoted": 'script: "' + "a\n " * 20_000 + '"',
    "aliases": "a: &a [x, x]\n"
    + "".join(f"{chr(97 + n)}: &{chr(97 + n)} [{f'*{chr(96 + n)}, ' * 9}]\n" for n in range(1, 9))
    + "script: *i\njobs: {j: {steps: *i}}\nservices: {s: {command: *i, entrypoint: *i}}\n",
    "hcl": "<<A\n" * 30_000 + 'provisioner "x" {' * 5_000,
    "flow": "{script: [" + "a, " * 40_000 + "]}",
    "comments": '{"scripts": {"a": "' + "/*" * 30_000 + "//" * 30_000 + "," + " " * 50_000,
    "rules": "a b c: d\n\tx\n" * 8_000,
    "parts": 'Content-Type: multipart/m; boundary="a"\n\n' + "--a\n" * 20_000,
}


@pytest.mark.parametrize("name", BAD)
def test_time_is_linear(name: str) -> None:
    for path in READERS:
        started = time.perf_counter()
        _read(path, BAD[name])
        assert time.perf_counter() - started < 2.5, path


def test_files_without_interest_cost_next_to_nothing() -> None:
    text = b"name: data\nkeys:\n" + b"  item: {a: 1, b: two words}\n" * 60
    documents = [
        Document(f"p.zip!/a/b/f{n}.yaml", f"a/b/f{n}.yaml", "yaml", text) for n in range(2000)
    ]
    shapes_of(documents[0])
    started = time.perf_counter()
    assert not any(shapes_of(document) for document in documents)
    assert time.perf_counter() - started < 0.2


def test_every_shape_has_a_function() -> None:
    for shape in SHAPES:
        assert callable(shape.load()), shape.name


@pytest.mark.parametrize(
    ("text", "system", "expected"),
    [
        ("a ${{ matrix.os }} b", "", "a ${matrix_os} b"),
        ("{{ .Values.x }}", "", "${Values_x}"),
        ("$[[ inputs.a ]]", "", "${inputs_a}"),
        ("<< parameters.a >>", "circleci", "${parameters_a}"),
        ("cat << EOF", "circleci", "cat << EOF"),
        ("$(Build.Id) $(date) $(pwd)", "azure", "${Build_Id} $(date) $(pwd)"),
        ("$$HOME", "compose", "$HOME"),
        ("$$HOME", "", "$$HOME"),
        ("{{ 1 }}", "", "${_1}"),
        ("{% if x %}", "", "${expression}"),
        ("plain", "", "plain"),
    ],
)
def test_expressions_become_variables(text: str, system: str, expected: str) -> None:
    assert as_shell(text, system) == expected
