"""Compose files and Kubernetes workloads: what containers run, what they get of the host."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.containers import ContainerSetting
from tests.readers.manifests.reading import commands, package

COMPOSE = """\
x-base: &base
  privileged: true
services:
  web:
    <<: *base
    command: ["sh", "-c", "crontab -l && exec nginx -g 'daemon off;'"]
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - ./conf:/conf
      - {type: bind, source: /etc, target: /host/etc, read_only: true}
      - {type: volume, source: data, target: /data}
      - "${DATA}/x:/x"
    healthcheck: {test: ["CMD-SHELL", "curl -f http://localhost:$$PORT/"]}
  db:
    entrypoint: /entrypoint.sh --name "a b"
    command: [--verbose]
    user: "0:0"
    pid: host
    cap_add: [SYS_ADMIN]
    devices: ["/dev/mem:/dev/mem"]
    security_opt: [seccomp:unconfined]
    network_mode: host
    ipc: private
    healthcheck: {test: [CMD, pg_isready, -q]}
    post_start: [{command: ./hook.sh, user: root}]
"""
POD = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ include "x" . }}-agent
spec:
  template:
    spec:
      hostPID: true
      securityContext: {runAsUser: 0}
      containers:
        - name: agent
          command: ["/bin/bash", "-c"]
          env: [{name: UNIT, value: x}]
          args:
            - |
              set -e
              systemctl restart $(UNIT)
              systemctl stop $(cat /unit)
          securityContext:
            privileged: true
            allowPrivilegeEscalation: true
            capabilities: {add: [SYS_ADMIN]}
          lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
          livenessProbe: {exec: {command: [cat, /healthy]}}
          volumeMounts: [{name: root, mountPath: /host, readOnly: true}]
        - name: side
          args: [--only-arguments]
          securityContext: {runAsUser: 1000, privileged: {{ .Values.p }}}
      volumes:
        - name: root
          hostPath: {path: /}
        - hostPath: {path: "{{ .Values.path }}"}
          name: other
        - {name: empty, emptyDir: {}}
{{- end }}
"""


def rights(path: str, text: str) -> list[str]:
    found = package(path, text).of(ContainerSetting)
    return sorted(
        " ".join(
            part
            for part in (
                str(fact.at.line),
                fact.container,
                fact.right,
                fact.value,
                "" if fact.writable else "ro",
            )
            if part
        )
        for fact in found
    )


def test_compose_commands() -> None:
    assert commands("docker-compose.yml", COMPOSE) == [
        "6 docker compose/container:web | sh -c crontab -l && exec nginx -g 'daemon off;'",
        "6 docker compose/container:web | crontab -l",
        "6 docker compose/container:web | exec/plain | nginx -g daemon off;",
        "13 docker compose/container:web | curl -f ?http://localhost:${PORT}/",
        "15 docker compose/container:db | /entrypoint.sh --name a b",
        "24 docker compose/container:db | pg_isready -q",
        "25 docker compose/container:db | ./hook.sh",
    ]


def test_compose_rights() -> None:
    assert rights("docker-compose.yml", COMPOSE) == sorted([
        "2 web privileged", "8 web runtime-socket /var/run/docker.sock ro",
        "10 web host-path /etc ro",
        "17 db root-user 0:0", "18 db host-pid", "19 db capability SYS_ADMIN",
        "20 db device /dev/mem", "21 db unconfined seccomp:unconfined", "22 db host-network",
    ])  # fmt: skip


def test_kubernetes_commands() -> None:
    found = commands("charts/x/templates/ds.yaml", POD)
    place = "kubernetes/container:DaemonSet/…-agent/agent"
    assert [line for line in found if " -c " not in line] == [
        f"18 {place} | systemctl restart ?${{UNIT}}",
        f"19 {place} | cat /unit",
        f"19 {place} | systemctl stop ?$(cat /unit)",
        f"24 {place} | sleep 5",
        f"25 {place} | cat /healthy",
    ]


def test_kubernetes_rights() -> None:
    whole, agent = "DaemonSet/…-agent", "DaemonSet/…-agent/agent"
    assert rights("charts/x/templates/ds.yaml", POD) == sorted([
        f"9 {whole} host-pid", f"32 {whole} host-path / ro", f"21 {agent} privileged",
        f"10 {agent} root-user 0", f"22 {agent} escalation", f"23 {agent} capability SYS_ADMIN",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("Pod", "spec"),
        ("Deployment", "spec: {template: {spec"),
        ("CronJob", "spec: {jobTemplate: {spec: {template: {spec"),
        ("Job", "spec: {template: {spec"),
    ],
)
def test_where_the_pod_stands(kind: str, before: str) -> None:
    close = "}" * before.count("{")
    pod = f"{before}: {{containers: [{{name: c, command: [reboot]}}]}}{close}"
    text = f"---\napiVersion: v1\nkind: Namespace\n---\napiVersion: v1\nkind: {kind}\n{pod}\n"
    assert commands("k/x.yaml", text) == [f"7 kubernetes/container:{kind}/c | reboot"]


def test_lists_and_json() -> None:
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod",\n'
        '"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c",\n'
        '"command": ["sh", "-c", "reboot\\nls"]}]}}]}'
    )
    assert commands("k/x.json", text)[1:] == [
        "3 kubernetes/container:Pod/p/c | reboot",
        "3 kubernetes/container:Pod/p/c | ls",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nspec: {containers: [{command: [reboot]}]}\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {containers: 'command: [reboot]'}\n",
        "apiVersion: v1\nkind: Pods\nspec: {containers: [{command: [reboot]}]}\n",
    ],
)
def test_what_is_no_workload(text: str) -> None:
    assert commands("k/x.yaml", text) == []


def versions(text: str) -> list[tuple[int | None, str, str]]:
    found = package("k/x.yaml", text).of(ConfigKey)
    return [(key.at.line, key.key, key.value) for key in found if key.format == "kubernetes"]


def test_versions_of_objects_that_do_not_stay() -> None:
    text = (
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\n---\n"
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: policy/v1beta1\n"
        "  kind: PodDisruptionBudget\n---\napiVersion: apps/v1\nkind: Deployment\n"
    )
    assert versions(text) == [
        (1, "extensions/v1beta1/Ingress", "web"),
        (8, "policy/v1beta1/PodDisruptionBudget", ""),
        (11, "apps/v1/Deployment", ""),
    ]
    assert versions("apiVersion: apps/v1\nkind: Deployment\n") == []
