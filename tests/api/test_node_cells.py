"""The node's STATUS, ROLES and addresses.

Kubernetes: printers_test.go TestPrintNodeStatus, TestPrintNodeRole.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.api import node_cells
from minisets.objects.kinds import Object

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_node(ready: str = "", *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    conditions = [{"type": "DiskPressure", "status": "False"}]
    conditions += [{"type": "Ready", "status": ready}] if ready else []
    return {"metadata": {"labels": labels or {}}, "spec": spec, "status": {"conditions": conditions}}


@pytest.mark.parametrize(("node", "said"), [
    (a_node("True"), "Ready"),
    (a_node("False"), "NotReady"),
    (a_node("Unknown"), "NotReady"),
    (a_node(), "Unknown"),
    ({}, "Unknown"),
    (a_node("True", unschedulable=True), "Ready,SchedulingDisabled"),
    (a_node("Unknown", unschedulable=True), "NotReady,SchedulingDisabled"),
    (a_node(unschedulable=True), "Unknown,SchedulingDisabled"),
    (a_node("True", unschedulable=False), "Ready"),
])  # fmt: skip
def test_a_node_is_ready_or_not_and_may_be_cordoned(node: Object, said: str) -> None:
    assert node_cells.status(node, NOW) == said


@pytest.mark.parametrize(("labels", "roles"), [
    ({}, "<none>"),
    ({"node-role.kubernetes.io/worker": ""}, "worker"),
    ({"node-role.kubernetes.io/": "x"}, "<none>"),
    ({"kubernetes.io/role": "db"}, "db"),
    ({"kubernetes.io/role": ""}, "<none>"),
    ({"node-role.kubernetes.io/web": "", "node-role.kubernetes.io/db": "no", "kubernetes.io/role": "web"},
     "db,web"),
])  # fmt: skip
def test_roles_come_from_two_kinds_of_labels_each_once(labels: dict[str, str], roles: str) -> None:
    assert node_cells.roles(a_node(labels=labels), NOW) == roles


def test_the_first_address_of_a_type_is_shown() -> None:
    addresses = [("Hostname", "minisets-0"), ("InternalIP", "10.0.0.1"), ("InternalIP", "fd00::1")]
    node = {"status": {"addresses": [{"type": kind, "address": address} for kind, address in addresses]}}
    assert node_cells.address("InternalIP")(node, NOW) == "10.0.0.1"
    assert node_cells.address("ExternalIP")(node, NOW) == "<none>"
