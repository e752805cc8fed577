"""Variables that ENV of a Dockerfile sets."""

from __future__ import annotations

import pytest

from dten_audit.documents.document import Document
from dten_audit.model.facts.config import ConfigKey
from dten_audit.readers.building.dockerfile import read


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ENV A=1 B='two words' C=\"x\"", [("A", "1"), ("B", "two words"), ("C", "x")]),
        ("ENV JAVA_OPTS -Xmx1g -XX:MaxPermSize=1m", [("JAVA_OPTS", "-Xmx1g -XX:MaxPermSize=1m")]),
        ("ENV A=1 \\\n    B=2", [("A", "1"), ("B", "2")]),
        ("ENV A='open", []),
        ("ENV A=1 =2 B", [("A", "1")]),
        ("ONBUILD ENV A=1", []),
        ("# ENV A=1", []),
        ("LABEL A=1", []),
    ],
)
def test_variables(line: str, expected: list[tuple[str, str]]) -> None:
    document = Document(
        "p.zip!/Dockerfile", "Dockerfile", "dockerfile", f"FROM x\n{line}\n".encode()
    )
    found = [fact for fact in read(document) if isinstance(fact, ConfigKey)]
    assert [(key.key, key.value) for key in found] == expected
