"""The plugins together: which of them speaks, and for whom room is left."""

from __future__ import annotations

from minisets.controllers.scheduling.filters import PLUGINS, Round, refusals
from minisets.controllers.scheduling.snapshot import Snapshot
from minisets.objects.node_affinity import REQUIRED
from tests.controllers.scheduling.asking import why
from tests.controllers.scheduling.cluster import HOSTNAME, claim_volumes, info, node, pod


def test_plugins_are_asked_in_kubernetes_order_and_ours_last() -> None:
    assert [plugin.__name__ for plugin in PLUGINS] == [
        "NodeUnschedulable",
        "NodeName",
        "TaintToleration",
        "NodeAffinity",
        "NodePorts",
        "NodeResourcesFit",
        "VolumeRestrictions",
        "VolumeBinding",
        "VolumeZone",
        "PodTopologySpread",
        "InterPodAffinity",
        "NodeReadiness",
    ]


def test_only_the_first_plugin_that_refuses_a_node_is_heard() -> None:
    taint = {"key": "a", "effect": "NoSchedule"}
    around = Snapshot.of([node(unschedulable=True, taints=[taint])])
    assert why(pod(cpu="9"), around) == ["node(s) were unschedulable"]
    (said,) = refusals(info(cpu="9"), around, "minisets-0")
    assert said.plugin == "NodeUnschedulable"


def test_what_no_node_can_mend_is_said_of_all_before_any_is_looked_at() -> None:
    wanting = info(volumes=claim_volumes("www"))
    around = Round(wanting, Snapshot.of([node(unschedulable=True)]))
    assert around.of_all is not None
    assert around.refusals("minisets-0") == (around.of_all,)
    assert around.of_all.reason == 'persistentvolumeclaim "www" not found'


def test_a_pod_leaves_room_for_one_that_waits_for_the_node_and_is_as_important() -> None:
    waiting = info("big", cpu="3", priority=10)
    around = Snapshot.of([node()], nominated={"minisets-0": (waiting,)})
    assert why(pod(cpu="2", priority=10), around) == ["Insufficient cpu"]
    assert why(pod(cpu="2", priority=11), around) == []
    assert why(waiting.pod, around) == []


def test_a_pod_does_not_count_on_one_that_only_waits_for_the_node() -> None:
    """Whom it seeks must be there already; whom it repels need not."""
    near = {
        "podAffinity": {
            REQUIRED: [{"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": {"app": "db"}}}]
        }
    }
    waiting = info("db", labels={"app": "db"})
    around = Snapshot.of([node()], nominated={"minisets-0": (waiting,)})
    assert why(pod(affinity=near), around) == ["node(s) didn't match pod affinity rules"]
    assert why(pod(affinity={"podAntiAffinity": near["podAffinity"]}), around) == [
        "node(s) didn't match pod anti-affinity rules"
    ]
