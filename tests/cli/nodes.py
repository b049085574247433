"""Nodes beside the first one, made by hand: what a test needs of them, whoever else looks after them."""

from minisets.cli.node_rows import ZONE
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of
from minisets.settings import STOPPED, node_name
from tests.whole import Whole


def ref(name: str) -> Ref:
    return Ref("Node", "", name)


def registered(whole: Whole, *names: str, ready: bool = True) -> None:
    for name in names:
        labels = {"kubernetes.io/hostname": name, ZONE: "a"}
        body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        whole.client.create("Node", "", body)
        say(whole, name, ready=ready)


def in_zones(whole: Whole, *zones: str) -> None:
    """The first node in the first zone, and so on: where a shape will have them."""
    for ordinal, zone in enumerate(zones):
        whole.client.patch(ref(node_name(ordinal)), {"metadata": {"labels": {ZONE: zone}}}, form="merge")


def say(whole: Whole, name: str, *, ready: bool) -> None:
    """Its Ready condition, as its kubelet would write it, or who misses that."""
    condition = {
        "type": "Ready",
        "status": "True" if ready else "Unknown",
        "reason": "KubeletReady" if ready else "NodeStatusUnknown",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    whole.client.patch(ref(name), {"status": {"conditions": [condition]}}, subresource="status")


def stopped(whole: Whole, name: str) -> str | None:
    """How, if it is."""
    return annotations_of(whole.client.read(ref(name))).get(STOPPED)
