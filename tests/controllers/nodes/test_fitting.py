"""Growth as the scheduler's own filters would have it."""

from typing import Any

import pytest

from minisets.controllers.nodes.growing import Growth
from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.controllers.nodes.registering import ensure_nodes
from minisets.controllers.scheduling.fitting import Fitting
from minisets.objects.metadata import name_of, timestamp
from minisets.objects.shape import SHAPE, Shape
from tests.controllers.house import ref
from tests.controllers.nodes.timed import TimedHouse

ROOM = {"cpu": "2", "memory": "4Gi", "pods": "10"}
APART = {
    "labelSelector": {"matchLabels": {"app": "web"}},
    "topologyKey": "kubernetes.io/hostname",
}


class Growing(TimedHouse):
    def fill_in(self) -> None:
        """What kubelets do for new nodes."""
        ready = [{"type": "Ready", "status": "True"}]
        for node in self.store.list("Node").items:
            if not (node.get("status") or {}).get("conditions"):
                self.set_status("Node", name_of(node), conditions=ready, allocatable=ROOM, capacity=ROOM)
        self.settle()

    def refuse(self, name: str, **spec: Any) -> None:
        """A pod that the scheduler found no node for."""
        self.pod(name, **spec)
        since = timestamp(self.clock.now())
        refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        self.set_status("Pod", name, conditions=[{**refused, "lastTransitionTime": since}])

    def bind(self, name: str, node: str) -> None:
        self.registry.bind(ref("Pod", name), node)
        self.settle()


@pytest.fixture
def house() -> Growing:
    """A cluster of one node, of two processors."""
    house = Growing()
    ensure_nodes(house.registry, Shape())
    recorder = house.recorder("cluster-autoscaler")
    house.run(
        Growth(house.store, house.registry, recorder, house.clock, lambda: Fitting(house.store).why_not),
        NodeLifecycle(house.store, house.registry, house.recorder("node-controller"), house.clock),
    )
    house.settle()
    house.fill_in()
    return house


def wanting(cpu: str) -> list[dict[str, Any]]:
    return [{"name": "c", "image": "x:1", "resources": {"requests": {"cpu": cpu}}}]


def told(house: Growing, name: str) -> list[str]:
    return [message for _, reason, message in house.events(name) if reason.endswith("TriggerScaleUp")]


def test_pods_that_keep_apart_have_a_node_each(house: Growing) -> None:
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [APART]}}
    for ordinal in range(3):
        house.refuse(f"web-{ordinal}", labels={"app": "web"}, affinity=apart)
        house.pass_time(seconds=3)
        house.fill_in()
        house.bind(f"web-{ordinal}", f"minisets-{ordinal}")
    assert house.names("Node") == ["minisets-0", "minisets-1", "minisets-2"]


def test_a_pod_that_needs_what_others_have_has_a_node_made_for_it(house: Growing) -> None:
    house.refuse("web-0", containers=wanting("1500m"))
    house.pass_time(seconds=3)
    assert house.names("Node") == ["minisets-0"], "it fits there"
    house.bind("web-0", "minisets-0")
    house.refuse("web-1", containers=wanting("1"))
    house.pass_time(seconds=3)
    assert house.names("Node") == ["minisets-0", "minisets-1"]


def test_a_pod_that_is_too_large_for_any_machine_is_told_so(house: Growing) -> None:
    house.refuse("web-0", containers=wanting("64"))
    house.pass_time(minutes=1)
    assert house.names("Node") == ["minisets-0"]
    assert told(house, "web-0") == ["pod didn't trigger scale-up: 1 Insufficient cpu"]


def test_a_pod_that_wants_a_port_of_the_machine_is_helped_by_no_further_node(house: Growing) -> None:
    ports = [{"name": "c", "image": "x:1", "ports": [{"containerPort": 80, "hostPort": 8080}]}]
    house.pod("web-0", containers=ports)
    house.bind("web-0", "minisets-0")
    house.refuse("web-1", containers=ports)
    house.pass_time(minutes=1)
    assert house.names("Node") == ["minisets-0"]
    (message,) = told(house, "web-1")
    assert "free ports" in message


def test_a_pod_that_wants_a_zone_has_a_node_there(house: Growing) -> None:
    house.create("ConfigMap", SHAPE.name, namespace=SHAPE.namespace, data={"zones": "a,b,c"})
    house.refuse("web-0", nodeSelector={"topology.kubernetes.io/zone": "c"})
    house.pass_time(seconds=3)
    assert house.names("Node") == ["minisets-0", "minisets-2"]
