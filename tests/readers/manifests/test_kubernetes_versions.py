"""Tests which versions of objects are stated, and which a chart picks by the cluster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.model.facts.config import ConfigKey
from dten_audit.readers.manifests.cluster_tests import chosen_by_cluster
from tests.readers.manifests.reading import package

PLAIN = """\
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: web
"""
SWITCHED = """\
{{- if .Values.ingress.enabled }}
apiVersion: extensions/v1beta1
kind: Ingress
{{- end }}
"""
BY_CLUSTER = """\
{{- if .Capabilities.APIVersions.Has "networking.k8s.io/v1" }}
apiVersion: networking.k8s.io/v1
{{- else }}
apiVersion: extensions/v1beta1
{{- end }}
kind: Ingress
"""
LATER_TEST = """\
{{- if .Values.old }}
apiVersion: networking.k8s.io/v1beta1
{{- else if semverCompare "<1.19-0" .Capabilities.KubeVersion.GitVersion }}
apiVersion: extensions/v1beta1
{{- end }}
kind: Ingress
"""
BY_VARIABLE = """\
{{- $stable := eq (include "dten.ingress.apiVersion" .) "networking.k8s.io/v1" }}
{{ if $stable }}
apiVersion: networking.k8s.io/v1
{{ else }}
apiVersion: networking.k8s.io/v1beta1
{{ end }}
kind: Ingress
"""
BY_HELPER = """\
apiVersion: {{ include "dten.ingress.apiVersion" . }}
kind: Ingress
"""


@pytest.mark.parametrize(
    ("source", "stated"),
    [
        (PLAIN, [(1, "extensions/v1beta1/Ingress")]),
        (SWITCHED, [(2, "extensions/v1beta1/Ingress")]),
        (BY_CLUSTER, []),
        (LATER_TEST, [(2, "networking.k8s.io/v1beta1/Ingress")]),
        (BY_VARIABLE, []),
        (BY_HELPER, []),
        (PLAIN.replace("extensions/v1beta1", "networking.k8s.io/v1"), []),
    ],
)
def test_what_a_chart_writes_by_the_cluster_is_not_stated(
    source: str, stated: list[tuple[int, str]]
) -> None:
    facts = package("chart/templates/ingress.yaml", source).of(ConfigKey)
    keys = [fact for fact in facts if fact.format == "kubernetes" and "beta" in fact.key]
    assert [(key.at.line, key.key) for key in keys] == stated


@given(st.lists(st.sampled_from(["{{ if .Capabilities }}\n", "{{ else }}\n", "{{ end }}\n", "{{"])))
def test_any_tags_give_blocks_in_order(tags: list[str]) -> None:
    assert all(first <= last for first, last in chosen_by_cluster("".join(tags)))


def test_many_tags_are_bounded() -> None:
    assert len(chosen_by_cluster("{{ if .Capabilities }}{{ end }}\n" * 20_000)) <= 4_000
