from typing import Any

from minisets.controllers.volumes.claims import BIND_COMPLETED, PROTECTION, ObservedClaim, plan_claim
from minisets.objects.kinds import Object
from tests.controllers.volumes.make import (
    claim,
    reserved_for,
    scheduled,
    storage_class,
    volume,
    with_metadata,
    with_status,
)


def planned(subject: Object, *volumes: Object, **around: Any) -> list[str]:
    observed = {"storage_class": None, "default_class": None, "users": ()} | around
    return [str(action) for action in plan_claim(ObservedClaim(subject, volumes, **observed))]


def bound(name: str = "www-web-0", volume_name: str = "disk") -> Object:
    status = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    subject = {**claim(name, volumeName=volume_name), "status": status}
    return with_metadata(subject, annotations={BIND_COMPLETED: "yes"})


def taken(**spec: Any) -> Object:
    return with_status(volume(claimRef=reserved_for("www-web-0", "uid-www-web-0"), **spec), phase="Bound")


def reached_from(name: str, node: str, size: str = "2Gi") -> Object:
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    affinity = {"required": {"nodeSelectorTerms": [term]}}
    return volume(name, size, storageClassName="standard", nodeAffinity=affinity)


def test_a_matching_volume_is_bound_in_four_writes_the_reservation_first() -> None:
    """A-138."""
    assert planned(claim(), volume()) == [
        "reserve volume disk for default/www-web-0: it matches",
        "volume disk is Bound: it matches",
        "point default/www-web-0 at volume disk: it matches",
        "default/www-web-0 is Bound: it matches",
    ]


def test_binding_goes_on_after_any_of_its_writes() -> None:
    """A-138: any prefix may be all that ran."""
    whole = planned(claim(), volume())
    reserved = volume(claimRef=reserved_for("www-web-0", "uid-www-web-0"))
    assert planned(claim(), reserved) == whole[1:]
    assert planned(claim(), taken()) == whole[2:]
    pointed = with_metadata(claim(volumeName="disk"), annotations={BIND_COMPLETED: "yes"})
    assert planned(pointed, taken()) == ["default/www-web-0 is Bound: the claim is bound to it"]
    assert planned(bound(), taken()) == []


def test_a_bound_claim_shows_the_volumes_modes_and_size() -> None:
    """A-138: the capacity may exceed the request."""
    modes = ["ReadWriteOnce", "ReadOnlyMany"]
    observed = ObservedClaim(claim(), (volume(size="10Gi", accessModes=modes),), None, None, ())
    *_, last = plan_claim(observed)
    assert getattr(last, "status", None) == {
        "phase": "Bound",
        "accessModes": modes,
        "capacity": {"storage": "10Gi"},
    }


def test_a_volume_that_a_person_reserved_keeps_being_a_persons_choice() -> None:
    """A-136."""
    observed = ObservedClaim(claim(), (volume(claimRef=reserved_for("www-web-0")),), None, None, ())
    reserve = plan_claim(observed)[0]
    assert getattr(reserve, "chosen", None) is False


def test_a_claim_without_class_or_volume_says_so() -> None:
    """A-103."""
    assert planned(claim()) == [
        (
            "tell FailedBinding of default/www-web-0: "
            "no persistent volumes available for this claim and no storage class is set"
        )
    ]


def test_a_claim_that_names_no_class_gets_the_default_one_also_later() -> None:
    """A-139."""
    subject = claim()
    del subject["spec"]["storageClassName"]
    assert planned(subject, default_class=storage_class()) == [
        "set class of default/www-web-0 to standard: the claim names none"
    ]
    assert "FailedBinding" in planned(claim(), default_class=storage_class())[0]


def test_a_volume_without_a_class_is_taken_before_the_default_class_is() -> None:
    """A-135, A-139: a claim that is older than the default class."""
    subject = claim()
    del subject["spec"]["storageClassName"]
    assert planned(subject, volume(), default_class=storage_class())[0].startswith("reserve volume disk")


def test_a_class_without_a_match_asks_its_provisioner_once() -> None:
    """A-139."""
    subject = claim(storageClassName="standard")
    ask, tell = planned(subject, storage_class=storage_class())
    assert ask == (
        "ask docker.minisets.dev for a volume for default/www-web-0: "
        "no volume matches, and its class is standard"
    )
    assert tell.startswith("tell ExternalProvisioning of default/www-web-0: Waiting for a volume")
    asked = with_metadata(
        subject, annotations={"volume.kubernetes.io/storage-provisioner": "docker.minisets.dev"}
    )
    assert planned(asked, storage_class=storage_class()) == []


def test_an_unknown_class_or_one_without_provisioner_fails_by_event() -> None:
    subject = claim(storageClassName="standard")
    assert planned(subject) == [
        'tell ProvisioningFailed of default/www-web-0: storageclass.storage.k8s.io "standard" not found'
    ]
    manual = storage_class(provisioner="kubernetes.io/no-provisioner")
    assert planned(subject, storage_class=manual)[0].startswith("tell ProvisioningFailed")


def test_a_late_binding_class_waits_for_a_pod_and_then_for_its_node() -> None:
    """A-140."""
    late = {"storage_class": storage_class("WaitForFirstConsumer")}
    subject = claim(storageClassName="standard")
    match = volume(storageClassName="standard")
    assert planned(subject, match, **late) == [
        (
            "tell WaitForFirstConsumer of default/www-web-0: "
            "waiting for first consumer to be created before binding"
        )
    ]
    assert planned(subject, match, **late, users=(scheduled("web-0", node=""),)) == [
        "tell WaitForPodScheduled of default/www-web-0: waiting for pod web-0 to be scheduled"
    ]
    two = (scheduled("a", node=""), scheduled("b", node=""), scheduled("c"))
    assert planned(subject, match, **late, users=two) == [
        "tell WaitForPodScheduled of default/www-web-0: waiting for pods a,b to be scheduled"
    ]
    assert planned(subject, match, **late, users=two[2:])[0].startswith("tell WaitForFirstConsumer")
    placed = with_metadata(subject, annotations={"volume.kubernetes.io/selected-node": "minisets-0"})
    assert planned(placed, match, **late)[0].startswith("reserve volume disk")
    assert planned(placed, **late)[0].startswith("ask docker.minisets.dev")


def test_a_claim_that_was_told_its_node_gets_a_volume_that_is_reached_from_there() -> None:
    """A-140. Without: a pod whose volume is elsewhere."""
    near, far = reached_from("near", "minisets-1"), reached_from("far", "minisets-0", size="1Gi")
    subject = with_metadata(
        claim(storageClassName="standard"), annotations={"volume.kubernetes.io/selected-node": "minisets-1"}
    )
    late = {"storage_class": storage_class("WaitForFirstConsumer")}
    labels = {"kubernetes.io/hostname": "minisets-1"}
    there = {"kind": "Node", "metadata": {"name": "minisets-1", "labels": labels}}
    assert planned(subject, far, near, **late, node=there)[0].startswith("reserve volume near")
    assert planned(subject, far, **late, node=there)[0].startswith("ask docker.minisets.dev")


def test_a_claim_that_was_told_a_node_which_is_gone_gets_no_volume_of_one_other_node() -> None:
    """A-140: where its pod will be is not known any more."""
    subject = with_metadata(
        claim(storageClassName="standard"), annotations={"volume.kubernetes.io/selected-node": "minisets-1"}
    )
    late = {"storage_class": storage_class("WaitForFirstConsumer")}
    far = reached_from("far", "minisets-0")
    anywhere = volume("anywhere", size="9Gi", storageClassName="standard")
    assert planned(subject, far, **late)[0].startswith("ask docker.minisets.dev")
    assert planned(subject, far, anywhere, **late)[0].startswith("reserve volume anywhere")


def test_a_volume_asked_for_by_name_is_bound_without_looking_at_the_selector() -> None:
    """A-137."""
    subject = claim(volumeName="disk", selector={"matchLabels": {"disk": "ssd"}})
    assert planned(subject, volume("a"), volume())[0] == (
        "reserve volume disk for default/www-web-0: the claim asks for it"
    )


def test_a_volume_asked_for_by_name_may_be_wrong_anothers_or_missing() -> None:
    """A-137."""
    subject = claim(volumeName="disk")
    assert planned(subject, volume(size="1Mi")) == [
        (
            "tell VolumeMismatch of default/www-web-0: "
            'Cannot bind to requested volume "disk": requested PV is too small'
        )
    ]
    assert planned(subject, volume(claimRef=reserved_for("other", "uid-other"))) == [
        'tell FailedBinding of default/www-web-0: volume "disk" already bound to a different claim.'
    ]
    assert planned(subject) == []


def test_a_volume_asked_for_by_name_that_a_person_reserved_is_not_weighed_any_more() -> None:
    """A-136, A-137. Kubernetes: syncUnboundClaim checks only a volume without a claimRef."""
    small = volume(size="1Mi", storageClassName="fast", claimRef=reserved_for("www-web-0"))
    assert planned(claim(volumeName="disk"), small)[0].startswith("reserve volume disk for default/www-web-0")


def test_a_bound_claim_that_asks_for_more_waits_for_who_grows_such_volumes() -> None:
    """Kubernetes: expand_controller.go; a Warning where no plugin at all is known for the source."""
    asks = bound()
    asks["spec"]["resources"]["requests"]["storage"] = "2Gi"
    said = (
        "tell ExternalExpanding of default/www-web-0: waiting for an external controller to expand this PVC"
    )
    assert planned(asks, taken()) == [said]
    for source, kind in (({}, "Warning"), ({"csi": {"driver": "ebs", "volumeHandle": "v"}}, "Normal")):
        observed = ObservedClaim(asks, (taken(**source),), None, None, ())
        assert [getattr(action, "type", "") for action in plan_claim(observed)] == [kind]
    assert planned(with_status(asks, capacity={"storage": "2Gi"}), taken()) == []


def test_a_claim_whose_volume_is_gone_is_lost_for_good() -> None:
    """A-141."""
    assert planned(bound()) == [
        "default/www-web-0 is Lost: Bound claim has lost its PersistentVolume. Data on the volume is lost!",
        (
            "tell ClaimLost of default/www-web-0: "
            "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
        ),
    ]
    assert planned(with_status(bound(), phase="Lost")) == []


def test_of_two_claims_on_one_volume_the_one_that_it_does_not_name_is_lost() -> None:
    """A-103."""
    others = with_status(volume(claimRef=reserved_for("other", "uid-other")), phase="Bound")
    assert planned(bound(), others)[1].startswith("tell ClaimMisbound")
    nobodys = with_status(volume(claimRef=reserved_for("www-web-0")), phase="Bound")
    assert planned(bound(), nobodys)[1].startswith("tell ClaimMisbound"), "its uid was taken away"


def test_a_deleted_claim_goes_once_no_scheduled_pod_names_it() -> None:
    """A-142: a completed pod counts, one without a node does not."""
    ended = with_metadata(bound(), deletionTimestamp="2026-01-01T00:00:00Z", finalizers=[PROTECTION])
    assert planned(ended, taken(), users=(scheduled("web-0"),)) == []
    assert planned(ended, taken(), users=(scheduled("web-0", phase="Succeeded"),)) == []
    let_go = ["let PersistentVolumeClaim default/www-web-0 go: no scheduled pod uses it"]
    assert planned(ended, taken(), users=(scheduled("web-0", node=""),)) == let_go
    assert planned(ended, taken()) == let_go


def test_a_deleted_claim_that_others_hold_is_not_bound_any_more() -> None:
    ended = with_metadata(claim(), deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["example.com/hold"])
    assert planned(ended, volume()) == []
