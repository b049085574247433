from datetime import timedelta
from typing import Any

import pytest

from minisets.controllers.scheduling.reconciler import Scheduling
from minisets.controllers.volumes.reconciler import Volumes
from minisets.objects.metadata import annotations_of, condition, is_being_deleted, spec_of, uid_of
from minisets.store.follow import Follower
from tests.controllers.house import House, ref

NO_VICTIMS = " preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
NOT_HELPFUL = " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


@pytest.fixture
def house(house: House) -> House:
    house.run(
        Scheduling(house.registry, house.recorder("default-scheduler"), house.clock),
        Volumes(house.store, house.registry, house.recorder("persistentvolume-controller")),
    )
    return house


def make_claim(house: House, **spec: str) -> None:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    house.create("PersistentVolumeClaim", "www", spec=wanted)


def make_volume(house: House, storage_class: str = "") -> None:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/srv"},
        "storageClassName": storage_class,
    }
    house.create("PersistentVolume", "disk", spec=spec)


def node_of(house: House, pod: str = "web-0") -> str:
    return str(spec_of(house.get("Pod", pod)).get("nodeName") or "")


def test_a_pod_is_bound_to_the_node_with_an_event() -> None:
    house = House()
    house.node()
    house.pod("web-0")
    house.run(Scheduling(house.registry, house.recorder(), house.clock))
    house.settle()
    assert node_of(house) == "minisets-0"
    scheduled = condition(house.get("Pod", "web-0"), "PodScheduled")
    assert scheduled is not None
    assert scheduled["status"] == "True"
    assert house.events("web-0") == [
        ("Normal", "Scheduled", "Successfully assigned default/web-0 to minisets-0")
    ]


def test_a_waiting_pod_says_why_once_and_is_placed_when_a_node_comes(house: House) -> None:
    """A-144."""
    house.pod("web-0")
    house.settle()
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before, "the same refusal was written again"
    waits = condition(house.get("Pod", "web-0"), "PodScheduled")
    assert waits is not None
    assert (waits["status"], waits["reason"]) == ("False", "Unschedulable")
    assert waits["message"] == "no nodes available to schedule pods"
    house.node()
    house.settle()
    assert node_of(house) == "minisets-0"


def test_the_condition_keeps_its_time_while_only_the_reason_changes(house: House) -> None:
    house.pod("web-0")
    house.settle()
    since = (condition(house.get("Pod", "web-0"), "PodScheduled") or {})["lastTransitionTime"]
    house.clock.advance(timedelta(minutes=5))
    house.node(unschedulable=True)
    house.settle()
    now = condition(house.get("Pod", "web-0"), "PodScheduled") or {}
    assert "unschedulable" in now["message"]
    assert now["lastTransitionTime"] == since
    assert len(house.events("web-0")) == 2


def test_a_cordoned_node_takes_pods_again_when_it_is_uncordoned(house: House) -> None:
    """A-155."""
    house.node(unschedulable=True)
    house.pod("web-0")
    house.settle()
    assert node_of(house) == ""
    house.edit("Node", "minisets-0", lambda obj: obj["spec"].pop("unschedulable"))
    house.settle()
    assert node_of(house) == "minisets-0"


def test_a_pod_waits_until_its_claim_is_there_and_bound(house: House) -> None:
    """A-144."""
    house.node()
    house.pod("web-0", claims=["www"])
    house.settle()
    make_claim(house)
    house.settle()
    assert node_of(house) == ""
    assert [message for _, reason, message in house.events("web-0") if reason == "FailedScheduling"] == [
        f'0/1 nodes are available: persistentvolumeclaim "www" not found.{NOT_HELPFUL}',
        f"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.{NOT_HELPFUL}",
    ]
    make_volume(house)
    house.settle()
    assert node_of(house) == "minisets-0"


def test_a_late_binding_claim_learns_the_node_is_bound_and_then_the_pod_is(house: House) -> None:
    """A-140."""
    house.node()
    house.create(
        "StorageClass", "local", provisioner="docker.minisets.dev", volumeBindingMode="WaitForFirstConsumer"
    )
    make_claim(house, storageClassName="local")
    make_volume(house, "local")
    house.settle()
    assert annotations_of(house.get("PersistentVolumeClaim", "www")) == {}
    house.pod("web-0", claims=["www"])
    house.settle()
    assert spec_of(house.get("PersistentVolumeClaim", "www"))["volumeName"] == "disk"
    assert node_of(house) == "minisets-0"


def test_a_pod_that_waits_for_an_exclusive_claim_gets_it_when_the_other_is_gone(house: House) -> None:
    """A-143."""
    house.node()
    spec = {"accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}}
    house.create("PersistentVolumeClaim", "www", spec=spec)
    disk = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"}, "accessModes": ["ReadWriteOncePod"]}
    house.create("PersistentVolume", "disk", spec=disk)
    house.pod("web-0", claims=["www"])
    house.settle()
    house.pod("web-1", claims=["www"])
    house.settle()
    assert (node_of(house), node_of(house, "web-1")) == ("minisets-0", "")
    house.end("web-0")
    house.settle()
    assert node_of(house, "web-1") == "minisets-0"


def test_a_gated_pod_waits_without_an_event(house: House) -> None:
    house.node()
    house.pod("web-0", schedulingGates=[{"name": "example.com/wait"}])
    house.settle()
    assert (condition(house.get("Pod", "web-0"), "PodScheduled") or {})["reason"] == "SchedulingGated"
    assert house.events("web-0") == []


def test_a_pod_that_goes_while_it_is_being_placed_is_no_error(house: House) -> None:
    house.node()
    house.pod("web-0")
    stale = Scheduling(house.registry, house.recorder(), house.clock)
    assert Follower(house.store, stale.kinds, lambda: None).keys(stale.keys) == {"default/web-0"}
    house.registry.delete(ref("Pod", "web-0"))
    assert stale.reconcile("default/web-0") is None
    assert house.find("Pod", "web-0") is None


def test_a_pod_that_is_made_anew_while_it_is_being_placed_is_decided_anew() -> None:
    house = House()
    house.node()
    house.node("minisets-1")
    house.pod("web-0", nodeSelector={"kubernetes.io/hostname": "minisets-0"})
    stale = Scheduling(house.registry, house.recorder(), house.clock)
    follower = Follower(house.store, stale.kinds, lambda: None)
    follower.keys(stale.keys)
    house.end("web-0")
    house.pod("web-0", nodeSelector={"kubernetes.io/hostname": "minisets-1"})
    stale.reconcile("default/web-0")
    assert node_of(house) == ""
    assert follower.keys(stale.keys) == {"default/web-0"}
    stale.reconcile("default/web-0")
    assert node_of(house) == "minisets-1"


def test_a_pod_that_waits_for_a_port_of_the_node_gets_it_when_the_other_is_gone(house: House) -> None:
    """A-125, A-144."""
    house.node()
    ports = [{"containerPort": 80, "hostPort": 8080}]
    wanting = [{"name": "c", "image": "nginx:1.27", "ports": ports}]
    house.pod("web-0", containers=wanting)
    house.settle()
    house.pod("web-1", containers=wanting)
    house.settle()
    assert (node_of(house), node_of(house, "web-1")) == ("minisets-0", "")
    said = (
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports." + NO_VICTIMS
    )
    assert ("Warning", "FailedScheduling", said) in house.events("web-1")
    house.end("web-0")
    house.settle()
    assert node_of(house, "web-1") == "minisets-0"


HALF = [{"name": "c", "image": "nginx:1.27", "resources": {"requests": {"cpu": "3"}}}]
ANY = [{"name": "c", "image": "nginx:1.27"}]


def priority(house: House, name: str, value: int) -> None:
    house.create("PriorityClass", name, value=value)


def test_a_more_important_pod_drives_a_lesser_one_away_and_gets_its_node(house: House) -> None:
    house.node()
    priority(house, "high", 1000)
    house.pod("web-0", containers=HALF)
    house.settle()
    house.pod("db-0", containers=HALF, priorityClassName="high")
    house.settle()
    victim, waiting = house.get("Pod", "web-0"), house.get("Pod", "db-0")
    assert is_being_deleted(victim)
    disrupted = condition(victim, "DisruptionTarget") or {}
    assert disrupted["reason"] == "PreemptionByScheduler"
    assert disrupted["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    preempted = f"Preempted by pod {uid_of(waiting)} on node minisets-0"
    assert ("Normal", "Preempted", preempted) in house.events("web-0")
    assert waiting["status"]["nominatedNodeName"] == "minisets-0"
    assert node_of(house, "db-0") == ""
    house.end("web-0")
    house.settle()
    assert node_of(house, "db-0") == "minisets-0"


def test_room_that_a_victim_leaves_is_kept_for_who_drove_it_away(house: House) -> None:
    house.node()
    priority(house, "high", 1000)
    house.pod("web-0", containers=HALF)
    house.settle()
    house.pod("db-0", containers=HALF, priorityClassName="high")
    house.settle()
    house.pod("web-1", containers=HALF)
    house.end("web-0")
    house.settle()
    assert (node_of(house, "db-0"), node_of(house, "web-1")) == ("minisets-0", "")


def test_of_pods_that_wait_the_most_important_goes_first_and_then_the_oldest(house: House) -> None:
    priority(house, "high", 1000)
    for name, spec in (("b", {}), ("a", {}), ("c", {"priorityClassName": "high"})):
        house.pod(name, containers=ANY, **spec)
        house.clock.advance(timedelta(seconds=2))
    house.settle()
    before = house.store.version()
    house.node()
    house.settle()
    bound = [
        change.object["metadata"]["name"]
        for change in house.store.watch("Pod", before, lambda: None).take()
        if spec_of(change.object).get("nodeName") and not spec_of(change.previous or {}).get("nodeName")
    ]
    assert bound == ["c", "b", "a"]


def test_pods_that_keep_apart_take_a_node_each_and_the_last_one_waits(house: House) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    house.node()
    house.node("minisets-1")
    for ordinal in range(3):
        house.pod(f"web-{ordinal}", labels={"app": "web"}, affinity=apart)
    house.settle()
    nodes = [node_of(house, f"web-{ordinal}") for ordinal in range(3)]
    assert sorted(nodes) == ["", "minisets-0", "minisets-1"]
    house.node("minisets-2")
    house.settle()
    assert {node_of(house, f"web-{ordinal}") for ordinal in range(3)} == {
        "minisets-0",
        "minisets-1",
        "minisets-2",
    }


def test_a_late_change_of_a_pod_does_not_undo_that_it_was_placed(house: House) -> None:
    """Two pods for one place: what was decided counts before the store's word of it comes round."""
    house.node()
    for name in ("web-0", "web-1"):
        house.pod(name, containers=HALF)
    late = Scheduling(house.registry, house.recorder(), house.clock)
    changes = Follower(house.store, late.kinds, lambda: None).changes()
    keys = sorted({key for change in changes for key in late.keys(change)})
    late.reconcile(keys[0])
    for change in changes:
        list(late.keys(change))
    late.reconcile(keys[1])
    assert [node_of(house, name) for name in ("web-0", "web-1")].count("minisets-0") == 1


def test_a_claim_that_was_told_a_node_which_is_gone_is_told_another(house: House) -> None:
    """A-140."""
    house.node()
    late = {"provisioner": "example.com/disks", "volumeBindingMode": "WaitForFirstConsumer"}
    house.create("StorageClass", "late", **late)
    make_claim(house, storageClassName="late")
    told = {"volume.kubernetes.io/selected-node": "gone"}
    house.edit("PersistentVolumeClaim", "www", lambda claim: claim["metadata"].update(annotations=told))
    house.pod("web-0", claims=["www"])
    house.settle()
    found = annotations_of(house.get("PersistentVolumeClaim", "www"))
    assert found["volume.kubernetes.io/selected-node"] == "minisets-0"


EVEN = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "web"}},
}


def near(app: str) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_a_pod_that_waits_for_company_is_placed_when_the_scheduler_places_that(house: House) -> None:
    house.node()
    house.pod("web-0", affinity=near("db"))
    house.settle()
    assert node_of(house) == ""
    house.pod("db-0", labels={"app": "db"})
    house.settle()
    assert (node_of(house), node_of(house, "db-0")) == ("minisets-0", "minisets-0")


def test_a_pod_that_waits_for_balance_is_placed_when_the_scheduler_fills_the_other_node(house: House) -> None:
    even = {**EVEN, "nodeAffinityPolicy": "Ignore"}
    on = [{"nodeSelector": {"kubernetes.io/hostname": f"minisets-{ordinal}"}} for ordinal in range(2)]
    house.node()
    house.node("minisets-1")
    for ordinal in range(2):
        house.pod(f"web-{ordinal}", labels={"app": "web"}, topologySpreadConstraints=[even], **on[0])
        house.settle()
    assert node_of(house, "web-1") == ""
    house.pod("web-2", labels={"app": "web"}, **on[1])
    house.settle()
    assert node_of(house, "web-1") == "minisets-0"


def test_a_pod_that_waits_for_balance_is_placed_when_the_emptier_node_goes(house: House) -> None:
    house.node()
    house.node("minisets-1", unschedulable=True)
    for ordinal in range(2):
        house.pod(f"web-{ordinal}", labels={"app": "web"}, topologySpreadConstraints=[EVEN])
        house.settle()
    assert (node_of(house), node_of(house, "web-1")) == ("minisets-0", "")
    house.store_delete("Node", "minisets-1")
    house.settle()
    assert node_of(house, "web-1") == "minisets-0"


# --- pods that wait for their volumes on a node that was chosen ---


def late_class(house: House, provisioner: str = "kubernetes.io/no-provisioner") -> None:
    house.create("StorageClass", "late", provisioner=provisioner, volumeBindingMode="WaitForFirstConsumer")


def late_claim(house: House, name: str) -> None:
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    house.create("PersistentVolumeClaim", name, spec={**storage, "storageClassName": "late"})


def local_volume(house: House, name: str, node: str) -> None:
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "local": {"path": f"/srv/{name}"},
        "storageClassName": "late",
        "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
    }
    house.create("PersistentVolume", name, spec=spec)


def two_nodes(house: House, *disks: str) -> None:
    """Each with local volumes of these names."""
    late_class(house)
    for ordinal in range(2):
        house.node(f"minisets-{ordinal}")
        for disk in disks:
            local_volume(house, f"{disk}-{ordinal}", f"minisets-{ordinal}")
    house.settle()


def pod_with_claim(house: House, name: str, **spec: Any) -> None:
    late_claim(house, f"www-{name}")
    house.pod(name, claims=[f"www-{name}"], labels={"app": "web"}, **spec)


def selected(house: House, pod: str) -> str | None:
    claim = house.get("PersistentVolumeClaim", f"www-{pod}")
    return annotations_of(claim).get("volume.kubernetes.io/selected-node")


def test_two_pods_do_not_choose_the_same_volume(house: House) -> None:
    """A-140."""
    two_nodes(house, "disk")
    for name in ("web-0", "web-1"):
        pod_with_claim(house, name)
    house.settle()
    assert {node_of(house, name) for name in ("web-0", "web-1")} == {"minisets-0", "minisets-1"}


def test_a_pod_is_apart_from_one_that_still_waits_for_its_volume(house: House) -> None:
    """A-140."""
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    two_nodes(house, "a", "b")
    for name in ("web-0", "web-1"):
        pod_with_claim(house, name, affinity=apart)
    house.settle()
    assert {node_of(house, name) for name in ("web-0", "web-1")} == {"minisets-0", "minisets-1"}


def test_the_room_of_a_pod_that_waits_for_its_volume_is_taken(house: House) -> None:
    """A-140. Without: a lesser pod gets the room, and is driven away at once."""
    two_nodes(house, "disk")
    priority(house, "high", 1000)
    pod_with_claim(house, "db-0", containers=HALF, priorityClassName="high")
    house.pod("web-0", containers=HALF)
    house.settle()
    assert (node_of(house, "db-0"), node_of(house)) == ("minisets-0", "minisets-1")
    assert not is_being_deleted(house.get("Pod", "web-0"))


@pytest.mark.parametrize("end", ["deleted", "made anew", "bound elsewhere"])
def test_room_that_was_kept_for_a_pod_is_free_again_when_it_does_not_come(house: House, end: str) -> None:
    late_class(house, "example.com/disks")
    house.node()
    pod_with_claim(house, "web-0", containers=HALF)
    house.settle()
    house.pod("db-0", containers=HALF)
    house.settle()
    assert (selected(house, "web-0"), node_of(house), node_of(house, "db-0")) == ("minisets-0", "", "")
    if end == "bound elsewhere":
        house.registry.bind(ref("Pod", "web-0"), "elsewhere")
    else:
        house.end("web-0")
    if end == "made anew":
        house.pod("web-0", containers=HALF, schedulingGates=[{"name": "example.com/wait"}])
    house.settle()
    assert node_of(house, "db-0") == "minisets-0"


def test_a_pod_that_waits_for_its_volume_gives_way_and_is_not_deleted(house: House) -> None:
    late_class(house, "example.com/disks")
    house.node()
    priority(house, "high", 1000)
    pod_with_claim(house, "web-0", containers=HALF)
    house.settle()
    house.pod("db-0", containers=HALF, priorityClassName="high")
    house.settle()
    assert node_of(house, "db-0") == "minisets-0"
    assert not is_being_deleted(house.get("Pod", "web-0"))
    assert "Insufficient cpu" in str(condition(house.get("Pod", "web-0"), "PodScheduled"))


def test_a_node_that_is_made_anew_still_keeps_room_for_who_waits_for_its_volume(house: House) -> None:
    late_class(house, "example.com/disks")
    house.node()
    pod_with_claim(house, "web-0", containers=HALF)
    house.settle()
    house.store_delete("Node", "minisets-0")
    house.node()
    house.pod("db-0", containers=HALF)
    house.settle()
    assert node_of(house, "db-0") == ""


@pytest.mark.parametrize("is_gone", [False, True], ids=["another claim's", "gone"])
def test_a_volume_that_is_not_to_be_had_by_now_is_not_waited_for(*, is_gone: bool) -> None:
    """A-140: what the store says counts, and the next one is chosen at once."""
    house = House()
    two_nodes(house, "disk")
    for ordinal in range(2):
        house.set_status("PersistentVolume", f"disk-{ordinal}", phase="Available")
    pod_with_claim(house, "web-0")
    late = Scheduling(house.registry, house.recorder(), house.clock)
    Follower(house.store, late.kinds, lambda: None).keys(late.keys)
    other = {"namespace": "default", "name": "other", "uid": "uid-other"}
    house.edit("PersistentVolume", "disk-0", lambda volume: volume["spec"].update(claimRef=other))
    if is_gone:
        house.store_delete("PersistentVolume", "disk-0")
    late.reconcile("default/web-0")
    assert selected(house, "web-0") == "minisets-1"
    assert house.get("PersistentVolume", "disk-1")["spec"]["claimRef"]["name"] == "www-web-0"


def test_a_pod_that_waits_for_its_volume_makes_no_work_for_anybody(house: House) -> None:
    late_class(house, "example.com/disks")
    house.node()
    pod_with_claim(house, "web-0")
    house.settle()
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before
