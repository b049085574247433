"""Machines in which nodes and pods come and go: no pod is placed against a rule, none waits that has a node.

In one each pod is asked for once; in the other the controller runs, and pods that it refused go on waiting.
What may be where is said by `scheduling_rules.py`, which shares nothing with the scheduler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from minisets.controllers.scheduling.decide import Place, Preempt, Refuse, schedule
from minisets.controllers.scheduling.reconciler import Scheduling as Controller
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from minisets.objects.pods import node_of
from tests.controllers.house import House
from tests.models.scheduling_rules import REQUIRED, World

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NAMES = st.sampled_from([f"minisets-{ordinal}" for ordinal in range(5)])
KEYS = st.sampled_from([HOSTNAME, ZONE])
APPS = st.sampled_from(["web", "db"])
NAMESPACES = st.sampled_from(["default", "default", "other"])
EFFECTS = st.sampled_from(["NoSchedule", "NoExecute"])
TAINT = st.fixed_dictionaries({"key": st.sampled_from(["a", "b"]), "effect": EFFECTS})
NODES = st.fixed_dictionaries(
    {
        "labels": st.fixed_dictionaries(
            {}, optional={ZONE: st.sampled_from(["x", "y"]), "disk": st.sampled_from(["ssd", "hdd"])}
        ),
        "spec": st.one_of(
            st.just({}), st.just({"unschedulable": True}), st.builds(lambda taint: {"taints": [taint]}, TAINT)
        ),
        "room": st.fixed_dictionaries(
            {"cpu": st.sampled_from(["1", "2"]), "pods": st.sampled_from(["3", "9"])}
        ),
    }
)

SELECTORS = st.one_of(
    st.fixed_dictionaries({"matchLabels": st.fixed_dictionaries({"app": APPS})}),
    st.builds(
        lambda operator, app: {"matchExpressions": [{"key": "app", "operator": operator, "values": [app]}]},
        st.sampled_from(["In", "NotIn"]),
        APPS,
    ),
    st.just({}),
)
TERMS = st.lists(
    st.fixed_dictionaries(
        {"topologyKey": KEYS, "labelSelector": SELECTORS},
        optional={"namespaces": st.sampled_from([["other"], ["default", "other"]])},
    ),
    min_size=1,
    max_size=2,
)
DISKS = st.builds(
    lambda operator, disk: {"matchExpressions": [{"key": "disk", "operator": operator, "values": [disk]}]},
    st.sampled_from(["In", "NotIn"]),
    st.sampled_from(["ssd", "hdd"]),
)
NAMED = st.builds(
    lambda name: {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}, NAMES
)
CHOSEN = st.lists(DISKS | NAMED, min_size=1, max_size=2).map(
    lambda terms: {REQUIRED: {"nodeSelectorTerms": terms}}
)
NEAR_OR_FAR = TERMS.map(lambda terms: {REQUIRED: terms})
POLICIES = st.sampled_from(["Honor", "Ignore"])
SPREAD = st.lists(
    st.fixed_dictionaries(
        {
            "topologyKey": KEYS,
            "maxSkew": st.integers(1, 2),
            "labelSelector": SELECTORS,
            "whenUnsatisfiable": st.just("DoNotSchedule"),
            "nodeAffinityPolicy": POLICIES,
            "nodeTaintsPolicy": POLICIES,
        },
        optional={"minDomains": st.integers(1, 3)},
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda constraint: constraint["topologyKey"],
)
TOLERATIONS = st.lists(
    st.fixed_dictionaries({"operator": st.just("Exists")}, optional={"key": st.sampled_from(["a", "b"])}),
    max_size=1,
)
CONTAINERS = st.builds(
    lambda cpu, port: [{"resources": {"requests": cpu}, **({"ports": [port]} if port else {})}],
    st.fixed_dictionaries({}, optional={"cpu": st.sampled_from(["0m", "400m", "1000m"])}),
    st.none() | st.sampled_from([{"containerPort": 1, "hostPort": 80}, {"containerPort": 1, "hostPort": 81}]),
)
PLAIN = st.fixed_dictionaries(
    {
        "containers": st.just([{"resources": {"requests": {}}}]),
        "priority": st.just(0),
        "tolerations": st.just([]),
    }
)
EVERYTHING = st.fixed_dictionaries(
    {"containers": CONTAINERS, "priority": st.integers(0, 2), "tolerations": TOLERATIONS},
    optional={
        "nodeSelector": st.fixed_dictionaries({"disk": st.sampled_from(["ssd", "hdd"])}),
        "affinity": st.fixed_dictionaries(
            {}, optional={"nodeAffinity": CHOSEN, "podAffinity": NEAR_OR_FAR, "podAntiAffinity": NEAR_OR_FAR}
        ),
        "topologySpreadConstraints": SPREAD,
    },
)


def only(**parts: Any) -> Any:
    """Plain but for this. Why: of pods that want everything few find a node, and the rules stay unasked."""
    return st.builds(lambda plain, more: {**plain, **more}, PLAIN, st.fixed_dictionaries(parts))


SPECS = st.one_of(
    EVERYTHING,
    only(containers=CONTAINERS, priority=st.integers(0, 2)),
    only(topologySpreadConstraints=SPREAD),
    only(topologySpreadConstraints=SPREAD, nodeSelector=st.fixed_dictionaries({"disk": st.just("ssd")})),
    only(affinity=st.fixed_dictionaries({"nodeAffinity": CHOSEN}), tolerations=TOLERATIONS),
    only(affinity=st.fixed_dictionaries({"podAffinity": NEAR_OR_FAR})),
    only(affinity=st.fixed_dictionaries({"podAntiAffinity": NEAR_OR_FAR})),
)


class Scheduling(RuleBasedStateMachine):
    """The snapshot is changed step by step, as the controller changes it; the world is written anew."""

    @initialize(first=st.lists(NODES, min_size=2, max_size=4))
    def start(self, first: list[dict[str, Any]]) -> None:
        self.snapshot = Snapshot()
        self.world = World({})
        self.made = 0
        for ordinal, parts in enumerate(first):
            self.a_node_comes_or_changes(f"minisets-{ordinal}", parts)

    @rule(name=NAMES, parts=NODES)
    def a_node_comes_or_changes(self, name: str, parts: dict[str, Any]) -> None:
        node = {
            "kind": "Node",
            "metadata": {"name": name, "labels": {HOSTNAME: name, **parts["labels"]}},
            "spec": parts["spec"],
            "status": {"allocatable": parts["room"], "conditions": [{"type": "Ready", "status": "True"}]},
        }
        self.snapshot = self.snapshot.with_node(node)
        self.world = World({**self.world.nodes, name: node}, self.world.pods)

    @rule(app=APPS, namespace=NAMESPACES, spec=SPECS)
    def a_pod_comes(self, app: str, namespace: str, spec: dict[str, Any]) -> None:
        self.made += 1
        metadata = {"name": f"{app}-{self.made}", "namespace": namespace, "uid": f"uid-{self.made}"}
        pod: Object = {"kind": "Pod", "metadata": {**metadata, "labels": {"app": app}}, "spec": spec}
        fitting = [name for name in self.world.nodes if self.world.allows(pod, name)]
        match schedule(PodInfo(pod), self.snapshot):
            case Place(node=node):
                assert node in fitting, f"{node} takes it against a rule"
                self._place(pod, node)
            case Refuse(message=message):
                assert not fitting, f"{fitting} would take it: {message}"
            case Preempt() as preempting:
                assert not fitting, f"{fitting} would take it, and nobody has to go"
                self._preempted(pod, preempting)
            case other:
                raise AssertionError(other)

    @precondition(lambda self: self.world.pods)
    @rule(data=st.data())
    def a_pod_goes(self, data: st.DataObject) -> None:
        pod, _ = data.draw(st.sampled_from(self.world.pods))
        self._remove(pod["metadata"]["uid"])

    def _place(self, pod: Object, node: str) -> None:
        placed = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        self.snapshot = self.snapshot.with_pod(PodInfo(placed), node)
        self.world = World(self.world.nodes, (*self.world.pods, (placed, node)))

    def _remove(self, uid: str) -> None:
        name, info = next((name, info) for name, info in self.snapshot.nodes.items() if uid in info.pods)
        self.snapshot = self.snapshot.without_pods([info.pods[uid]], name)
        self.world = self.world.without({uid})

    def _preempted(self, pod: Object, preempting: Preempt) -> None:
        victims = {victim.uid for victim in preempting.victims}
        assert victims <= self.snapshot.nodes[preempting.node].pods.keys()
        assert all(victim.priority < pod["spec"]["priority"] for victim in preempting.victims)
        for uid in victims:
            self._remove(uid)
        assert self.world.allows(pod, preempting.node), "they went for nothing"
        self._place(pod, preempting.node)


class Waiting(RuleBasedStateMachine):
    """The controller runs until all is quiet; whoever waits then fits nowhere, whatever was said before."""

    @initialize(first=st.lists(NODES, min_size=1, max_size=3))
    def start(self, first: list[dict[str, Any]]) -> None:
        self.house = House()
        self.house.create("Namespace", "other")
        self.house.run(Controller(self.house.registry, self.house.recorder(), self.house.clock))
        self.nodes: dict[str, Object] = {}
        self.pods: dict[tuple[str, str], Object] = {}
        self.made = 0
        for ordinal, parts in enumerate(first):
            self.a_node_comes_or_changes(f"minisets-{ordinal}", parts)

    @rule(name=NAMES, parts=NODES)
    def a_node_comes_or_changes(self, name: str, parts: dict[str, Any]) -> None:
        labels = {HOSTNAME: name, **parts["labels"]}
        status = {"allocatable": parts["room"], "conditions": [{"type": "Ready", "status": "True"}]}
        node = {"metadata": {"name": name, "labels": labels}, "spec": parts["spec"], "status": status}
        if name in self.nodes:
            self.house.edit("Node", name, lambda obj: obj["metadata"].update(labels=labels))
            self.house.edit("Node", name, lambda obj: obj.update(spec=parts["spec"]))
            self.house.set_status("Node", name, **status)
        else:
            self.house.create("Node", name, metadata={"labels": labels}, spec=parts["spec"], status=status)
        self.nodes[name] = node
        self.house.settle()

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def a_node_goes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.nodes)))
        del self.nodes[name]
        self.house.store_delete("Node", name)
        self.house.settle()

    @rule(app=APPS, namespace=NAMESPACES, spec=SPECS)
    def a_pod_comes(self, app: str, namespace: str, spec: dict[str, Any]) -> None:
        self.made += 1
        name, labels = f"{app}-{self.made}", {"app": app}
        containers = [{"name": "c", "image": "nginx:1", **container} for container in spec["containers"]]
        wanted = {key: value for key, value in spec.items() if key != "priority"} | {"containers": containers}
        self.house.create("Pod", name, namespace=namespace, metadata={"labels": labels}, spec=wanted)
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        self.pods[namespace, name] = {"metadata": metadata, "spec": wanted}
        self.house.settle()

    @precondition(lambda self: self.pods)
    @rule(data=st.data())
    def a_pod_goes(self, data: st.DataObject) -> None:
        namespace, name = data.draw(st.sampled_from(sorted(self.pods)))
        del self.pods[namespace, name]
        self.house.store_delete("Pod", name, namespace)
        self.house.settle()

    @invariant()
    def nobody_waits_who_has_a_node(self) -> None:
        where = {key: node_of(self.house.get("Pod", key[1], key[0])) for key in self.pods}
        world = World(
            self.nodes, tuple((self.pods[key], node) for key, node in where.items() if node in self.nodes)
        )
        for key in (key for key, node in where.items() if not node):
            fitting = [name for name in self.nodes if world.allows(self.pods[key], name)]
            assert not fitting, f"{key} still waits, and {fitting} would take it"


TestScheduling = Scheduling.TestCase
TestWaiting = Waiting.TestCase
TestWaiting.settings = settings(max_examples=200, stateful_step_count=15)
TestScheduling.settings = settings(max_examples=200, stateful_step_count=25)
