"""What follows from how nodes are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.controllers.nodes.health import lost_conditions, outage_of, wanted_taints
from minisets.objects.kinds import Object
from minisets.settings import STOPPED

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOBODY = outage_of([])


def node(ready: str = "True", zone: str = "a", *, stopped: bool = False, **spec: Any) -> Object:
    metadata: dict[str, Any] = {"name": "n", "labels": {"topology.kubernetes.io/zone": zone}}
    if stopped:
        metadata["annotations"] = {STOPPED: "kill"}
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    return {"metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def marks(found: list[dict[str, Any]]) -> list[str]:
    return [f"{taint['key'].removeprefix('node.kubernetes.io/')}:{taint['effect']}" for taint in found]


@pytest.mark.parametrize(
    ("ready", "taints"),
    [
        ("True", []),
        ("False", ["not-ready:NoSchedule", "not-ready:NoExecute"]),
        ("Unknown", ["unreachable:NoSchedule", "unreachable:NoExecute"]),
        ("", []),
    ],
)
def test_a_node_that_is_not_ready_takes_no_pods_and_keeps_none(ready: str, taints: list[str]) -> None:
    assert marks(wanted_taints(node(ready), NOBODY, NOW)) == taints


def test_a_taint_says_since_when() -> None:
    assert wanted_taints(node(unschedulable=True), NOBODY, NOW) == [
        {
            "key": "node.kubernetes.io/unschedulable",
            "effect": "NoSchedule",
            "timeAdded": "2026-11-30T12:00:00Z",
        }
    ]


def test_a_taint_that_is_there_already_keeps_its_time_and_its_place() -> None:
    there = {
        "key": "node.kubernetes.io/unreachable",
        "effect": "NoExecute",
        "timeAdded": "2026-11-30T11:00:00Z",
    }
    other = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    found = wanted_taints(node("Unknown", taints=[there, other]), NOBODY, NOW)
    assert found[:2] == [there, other]
    assert marks(found) == ["unreachable:NoExecute", "dedicated:NoSchedule", "unreachable:NoSchedule"]


def test_what_no_longer_holds_goes_and_what_people_tainted_stays() -> None:
    there = [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/not-ready", "effect": "PreferNoSchedule"},
    ]
    found = marks(wanted_taints(node(taints=there), NOBODY, NOW))
    assert found == ["out-of-service:NoExecute", "not-ready:PreferNoSchedule"]


def test_a_new_node_waits_for_what_its_kubelet_says() -> None:
    new = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    assert wanted_taints(node("", taints=[new]), NOBODY, NOW) == [new]
    assert wanted_taints(node("True", taints=[new]), NOBODY, NOW) == []


def test_a_node_under_pressure_takes_no_pods() -> None:
    pressed = node()
    pressed["status"]["conditions"].append({"type": "DiskPressure", "status": "True"})
    assert marks(wanted_taints(pressed, NOBODY, NOW)) == ["disk-pressure:NoSchedule"]


def test_pods_stay_where_they_are_when_no_node_is_well() -> None:
    nodes = [node("Unknown"), node("False", "b"), node(stopped=True)]
    assert marks(wanted_taints(nodes[0], outage_of(nodes), NOW)) == ["unreachable:NoSchedule"]
    emptied = node("Unknown", taints=wanted_taints(nodes[0], NOBODY, NOW))
    assert marks(wanted_taints(emptied, outage_of(nodes), NOW)) == ["unreachable:NoSchedule"]
    assert not outage_of([*nodes, node("True", "c")]).everywhere


def test_a_zone_of_which_most_nodes_are_lost_has_no_more_of_them_emptied() -> None:
    """ComputeZoneState: more than two, and 55 in a hundred."""
    lost, well = node("Unknown"), node()
    mostly = outage_of([lost, lost, lost, well, well, node("True", "b")])
    assert marks(wanted_taints(lost, mostly, NOW)) == ["unreachable:NoSchedule"]
    emptied = node("Unknown", taints=[{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}])
    assert marks(wanted_taints(emptied, mostly, NOW)) == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    assert not outage_of([lost, lost, well]).zones
    assert not outage_of([lost, lost, lost, well, well, well]).zones
    assert not outage_of([lost, lost, lost, node("True", "b")]).zones, "all of it: as usual"


def test_a_node_that_is_not_to_be_counted_is_not() -> None:
    well = node()
    well["metadata"]["labels"]["node.kubernetes.io/exclude-disruption"] = ""
    assert outage_of([node("Unknown"), well]).everywhere


def test_a_silent_kubelets_conditions_are_unknown_once() -> None:
    silent = node()
    silent["metadata"]["creationTimestamp"] = "2026-11-30T10:00:00Z"
    silent["status"]["conditions"].append({"type": "NetworkUnavailable", "status": "False"})
    found = {each["type"]: each for each in lost_conditions(silent, NOW)}
    assert found["Ready"] == {
        "type": "Ready",
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
        "lastTransitionTime": "2026-11-30T12:00:00Z",
    }
    assert found["DiskPressure"]["message"] == "Kubelet never posted node status."
    assert found["NetworkUnavailable"]["status"] == "False", "that is not the kubelet's to say"
    silent["status"]["conditions"] = list(found.values())
    assert lost_conditions(silent, NOW.replace(hour=13)) == list(found.values())
