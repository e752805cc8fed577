"""What rights over the host amount to, and which ``docker run`` gives."""

from __future__ import annotations

import pytest

from dten_audit.derive.containers import derive, meaning_of
from dten_audit.model.facts.containers import ContainerSetting, Right
from dten_audit.model.location import Location
from tests.derive.making import NO_SITE
from tests.derive.trees import package_of


@pytest.mark.parametrize(
    ("right", "value", "writable", "grade"),
    [
        ("privileged", "", True, "root"),
        ("host-path", "/", True, "root"),
        ("host-path", "/", False, "wide"),
        ("host-path", "/etc", True, "root"),
        ("host-path", "/etc/", False, "narrow"),
        ("host-path", "/etc/dten", True, "narrow"),
        ("host-path", "/etc/localtime", False, "none"),
        ("host-path", "/etc/ssh/keys", True, "root"),
        ("host-path", "/opt/dten/etc", True, "none"),
        ("host-path", "/var/run", True, "root"),
        ("host-path", "/var/run/dten", True, "none"),
        ("host-path", "/var/lib/docker/containers", False, "narrow"),
        ("host-path", "/dev/shm", True, "none"),
        ("runtime-socket", "/var/run/docker.sock", False, "root"),
        ("runtime-socket", "/run/dbus/system_bus_socket.sock", True, "narrow"),
        ("runtime-socket", "/run/dten.sock", True, "narrow"),
        ("capability", "cap_sys_admin", True, "root"),
        ("capability", "NET_BIND_SERVICE", True, "none"),
        ("capability", "WAKE_ALARM", True, "narrow"),
        ("device", "/dev/sda", True, "root"),
        ("device", "/dev/fuse", True, "none"),
        ("host-network", "", True, "narrow"),
        ("escalation", "", True, "none"),
    ],
)
def test_what_rights_amount_to(right: Right, value: str, writable: bool, grade: str) -> None:
    setting = ContainerSetting(Location("x"), "x", "compose", "c", right, value, writable)
    assert meaning_of(setting).grade == grade


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("docker run --privileged -v /:/host:ro x", [("privileged", "", True),
                                                     ("host-path", "/", False)]),
        ("podman run -it --rm --pid=host --net host x sh -c 'ls'", [("host-pid", "", True),
                                                                    ("host-network", "", True)]),
        ("docker container create --cap-add SYS_ADMIN --device=/dev/kvm:/dev/kvm x",
         [("capability", "SYS_ADMIN", True), ("device", "/dev/kvm", True)]),
        ("docker run --mount type=bind,source=/etc,target=/x,readonly x",
         [("host-path", "/etc", False)]),
        ("sudo docker run -v /var/run/docker.sock:/var/run/docker.sock x",
         [("runtime-socket", "/var/run/docker.sock", True)]),
        ("docker run x --privileged", []),
        ("docker exec --privileged x ls", []),
        ("docker build --privileged .", []),
        ("docker run -v $HOME:/x -v data:/y x", []),
        ("echo docker run --privileged x", []),
    ],
)  # fmt: skip
def test_rights_that_commands_give(words: str, expected: list[tuple[str, str, bool]]) -> None:
    package = package_of({"up.sh": f"#!/bin/sh\n{words}\n"})
    found = [(fact.right, fact.value, fact.writable) for fact in derive(package, NO_SITE)]
    assert sorted(found) == sorted(expected)


def test_roles_and_doubts_are_kept() -> None:
    chart = (
        "apiVersion: v1\nkind: Pod\nspec:\n  {{- if .Values.x }}\n  hostPID: true\n  {{- end }}\n"
        "  hostIPC: true\n  containers: []\n"
    )
    compose = "services: {a: {privileged: true}}\n"
    package = package_of({
        "charts/pod.yaml": chart, "docker/docker-compose.yml": compose,
        "tests/docker-compose.yml": compose,
    })  # fmt: skip
    found = {(fact.right, fact.role, fact.certainty) for fact in derive(package, NO_SITE)}
    assert found == {
        ("host-pid", "script", "computed"),
        ("host-ipc", "script", "exact"),
        ("privileged", "script", "exact"),
        ("privileged", "test", "exact"),
    }
