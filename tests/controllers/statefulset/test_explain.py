"""What is told of a statefulset: its next steps, what holds it up, and what to type. Tested by the text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.api.ages import duration
from minisets.controllers.statefulset.explain import concerned, explained
from minisets.controllers.statefulset.plan import plan
from minisets.objects.metadata import name_of, timestamp, uid_of
from tests.controllers.statefulset.make import (
    NOW,
    observed,
    pod,
    pods,
    ready_since,
    revision,
    rolling,
    statefulset,
    terminating,
    unready,
    updated,
)

if TYPE_CHECKING:
    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object

OLD = name_of(revision(statefulset()))
NEW = name_of(revision(updated(statefulset()), 2))
PARALLEL = {"podManagementPolicy": "Parallel"}
DESCRIBE = "`minisets describe pod web-1`"
PARTITION = (
    '`kubectl patch statefulset web -p \'{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}\'`'
)
KEPT = "Kubernetes does not replace a pod of an OrderedReady set that is not Ready"
CORRECT = "correct the template, then `minisets delete-pod web-1`"


def told(snapshot: Observed, *events: Object, flags: str = "") -> list[str]:
    """All but the headline."""
    return list(explained(snapshot, plan(snapshot), events, duration, flags))[1:]


def headline(snapshot: Observed) -> str:
    return explained(snapshot, plan(snapshot), (), duration)[0]


def ago(**how_long: int) -> str:
    return timestamp(NOW - timedelta(**how_long))


def event(about: Object, reason: str, message: str, *, type_: str = "Warning", **at: int) -> Object:
    return {
        "kind": "Event",
        "involvedObject": {"uid": uid_of(about)},
        "reason": reason,
        "message": message,
        "type": type_,
        "lastTimestamp": ago(**at),
    }


def broken(made: Object, **how_long: int) -> Object:
    """Running, and not Ready for that long."""
    changed = unready(made)
    changed["status"]["conditions"][0]["lastTransitionTime"] = ago(**how_long)
    return changed


def waiting(made: Object, reason: str, message: str = "", **container: Any) -> Object:
    """Its container does not run."""
    changed = broken(made, minutes=3)
    state = {"waiting": {"reason": reason, "message": message}}
    changed["status"]["containerStatuses"] = [{"name": "nginx", "state": state, **container}]
    return changed


def pending(made: Object, message: str = "") -> Object:
    """Three minutes old, and without a node where there is a message."""
    changed = unready(made)
    changed["metadata"]["creationTimestamp"] = ago(minutes=3)
    changed["status"]["phase"] = "Pending"
    if message:
        changed["status"]["conditions"].append(
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        )
    return changed


def going(made: Object, *, left: int, grace: int = 30, finalizers: tuple[str, ...] = ()) -> Object:
    changed = terminating(made)
    metadata = changed["metadata"]
    metadata["deletionTimestamp"] = timestamp(NOW + timedelta(seconds=left))
    metadata["deletionGracePeriodSeconds"] = grace
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return changed


# --- nothing to do, and next steps ---


def test_the_headline_says_what_is_wanted_and_what_is_there() -> None:
    owner = statefulset(3)
    assert headline(observed(owner, pod(owner, 0), unready(pod(owner, 1)))) == (
        f"web: 3 replicas wanted, 1 ready, RollingUpdate (OrderedReady), revision {OLD}"
    )
    one = statefulset(1)
    assert headline(observed(one, pod(one, 0))).startswith("web: 1 replica wanted, 1 ready, ")
    parallel = statefulset(2, podManagementPolicy="Parallel", updateStrategy={"type": "OnDelete"})
    assert headline(rolling(parallel, *pods(parallel, 2))) == (
        f"web: 2 replicas wanted, 2 ready, OnDelete (Parallel), revision {OLD} -> {NEW}"
    )


def test_a_quiet_statefulset_is_as_it_should_be() -> None:
    owner = statefulset(3)
    assert told(observed(owner, *pods(owner, 3))) == [
        f"web is as it should be: 3 of 3 pods are ready at revision {OLD}"
    ]
    assert told(observed(statefulset(0))) == ["web is as it should be: no pod is wanted, and there is none"]


def test_next_steps_are_told_with_their_causes() -> None:
    owner = statefulset(2)
    assert told(observed(owner, pod(owner, 0), claims={})) == [
        "next: create claim www-web-1 for web-1: there is none",
        "next: create pod web-1: ordinal 1 has no pod",
    ]


def test_a_create_that_failed_before_says_why() -> None:
    owner = statefulset(1)
    message = "create Pod web-0 in StatefulSet web failed error: pods is forbidden"
    failed = event(owner, "FailedCreate", message, seconds=12)
    other = event(owner, "FailedCreate", message.replace("web-0", "web-01"), seconds=1)
    next_ = "next: create pod web-0: ordinal 0 has no pod"
    assert told(observed(owner), failed, other) == [next_, f"  the last try failed 12s ago: {message}"]
    done = event(owner, "SuccessfulCreate", "create Pod web-0 in StatefulSet web successful", seconds=1)
    assert told(observed(owner), failed, done) == [next_]


# --- what a lower pod holds up ---


def test_a_scale_up_waits_for_a_lower_pod_whose_probe_fails() -> None:
    """A-4, A-6."""
    owner = statefulset(3)
    sick = broken(pod(owner, 1), minutes=2, seconds=10)
    probe = 'Readiness probe failed: Get "http://10.0.0.1:80/": connection refused'
    said = [event(sick, "Unhealthy", "an older one", seconds=30), event(sick, "Unhealthy", probe, seconds=5)]
    assert told(observed(owner, pod(owner, 0), sick), *said) == [
        f"web-2 is not created: web-1 is not Ready for 2m10s: {probe}",
        f"  to see why: `minisets logs web-1`, {DESCRIBE}",
        f"  to unstick it: {CORRECT}",
    ]


def test_without_an_event_the_condition_speaks() -> None:
    owner = statefulset(2)
    sick = broken(pod(owner, 1), minutes=3)
    sick["status"]["conditions"][0]["message"] = "containers with unready status: [nginx]"
    assert told(observed(owner, pod(owner, 0), sick))[0] == (
        "web-1 is not Ready for 3m: containers with unready status: [nginx]"
    )


def test_events_of_a_former_pod_of_that_name_do_not_count() -> None:
    owner = statefulset(2)
    sick, former = broken(pod(owner, 1), minutes=3), pod(owner, 1)
    former["metadata"]["uid"] = "before"
    said = told(observed(owner, pod(owner, 0), sick), event(former, "Unhealthy", "long ago", seconds=1))
    assert said[0] == "web-1 is not Ready for 3m"


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull"])
def test_an_image_that_cannot_be_pulled_is_named(reason: str) -> None:
    owner = statefulset(2)
    held = waiting(pod(owner, 1), reason, 'Back-off pulling image "nginx:nope"')
    held["status"]["phase"] = "Pending"
    held["metadata"]["creationTimestamp"] = ago(minutes=3)
    assert told(observed(owner, pod(owner, 0), held)) == [
        f'web-1 is Pending for 3m: container nginx: {reason}: Back-off pulling image "nginx:nope"',
        f"  to unstick it: make the image available (it is tried again), or {CORRECT}",
    ]


def test_between_two_pulls_the_last_refusal_is_told() -> None:
    owner = statefulset(2)
    held = waiting(pod(owner, 1), "ImagePullBackOff", "Back-off pulling image")
    refused = 'Failed to pull image "nginx:nope": no such manifest'
    said = [
        event(held, "Failed", refused, seconds=9),
        event(held, "Failed", "Error: ImagePullBackOff", seconds=1),
    ]
    assert told(observed(owner, pod(owner, 0), held), *said)[0] == (
        f"web-1 is not Ready for 3m: container nginx: ImagePullBackOff: Back-off pulling image: {refused}"
    )


def test_a_crash_loop_says_how_the_container_ended() -> None:
    """A-13."""
    owner = statefulset(2)
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    message, ended = "back-off 10s restarting failed", "it last ended with exit code 1 (Error)"
    held = waiting(pod(owner, 1), "CrashLoopBackOff", message, lastState=last)
    assert told(observed(owner, pod(owner, 0), held)) == [
        f"web-1 is not Ready for 3m: container nginx: CrashLoopBackOff: {message}; {ended}",
        "  to see why: `minisets logs web-1 -c nginx -p`",
        f"  to unstick it: {CORRECT}",
    ]


def test_a_container_between_two_starts_has_ended() -> None:
    owner = statefulset(2)
    held = broken(pod(owner, 1), minutes=3)
    state = {"terminated": {"exitCode": 2, "reason": "Error"}}
    held["status"]["containerStatuses"] = [{"name": "nginx", "state": state}]
    assert told(observed(owner, pod(owner, 0), held))[0] == (
        "web-1 is not Ready for 3m: container nginx ended with exit code 2 (Error)"
    )


def test_an_init_container_comes_before_the_others_and_a_finished_one_is_no_trouble() -> None:
    owner = statefulset(2)
    held = waiting(pod(owner, 1), "PodInitializing")
    held["status"]["initContainerStatuses"] = [
        {"name": "first", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        {
            "name": "second",
            "state": {"waiting": {"reason": "CreateContainerConfigError", "message": 'no "c"'}},
        },
    ]
    assert told(observed(owner, pod(owner, 0), held)) == [
        'web-1 is not Ready for 3m: init container second: CreateContainerConfigError: no "c"',
        f"  to unstick it: make what is missing (it is tried again), or {CORRECT}",
    ]


def test_a_pod_that_is_just_starting_needs_no_help() -> None:
    owner = statefulset(2)
    held = waiting(pending(pod(owner, 1)), "ContainerCreating")
    assert told(observed(owner, pod(owner, 0), held)) == [
        "web-1 is Pending for 3m: container nginx: ContainerCreating",
        f"  to see more: {DESCRIBE}",
    ]
    mount = event(held, "FailedMount", 'configmap "c" not found', seconds=1)
    assert told(observed(owner, pod(owner, 0), held), mount)[0] == (
        'web-1 is Pending for 3m: configmap "c" not found'
    )


def test_a_pod_without_a_node_says_why_and_names_the_claim_that_waits() -> None:
    """A-144."""
    owner = statefulset(2)
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    snapshot = observed(owner, pod(owner, 0), pending(pod(owner, 1), message))
    line = f"web-1 is Pending for 3m: Unschedulable: {message}"
    assert told(snapshot) == [line, f"  to see more: {DESCRIBE}"]
    claim = snapshot.claims["www-web-1"]
    claim["metadata"] |= {"creationTimestamp": ago(minutes=3), "uid": "claim"}
    claim["status"] = {"phase": "Pending"}
    binding = event(claim, "FailedBinding", "no persistent volumes available", type_="Normal", seconds=4)
    assert told(snapshot, binding) == [
        line,
        "  claim www-web-1 is Pending for 3m: no persistent volumes available",
        "  to see more: `minisets describe pvc www-web-1`",
        f"  to see more: {DESCRIBE}",
    ]


def test_a_young_pod_says_how_long_still() -> None:
    """A-31."""
    owner = statefulset(2, minReadySeconds=30)
    young = ready_since(pod(owner, 0), timedelta(seconds=20))
    assert told(observed(owner, young)) == [
        "web-1 is not created: web-0 is Ready for 20s, not yet for the 30s of minReadySeconds",
        "  nothing to do: it is available in 10s",
    ]


def test_a_terminating_pod_says_since_when_and_with_which_grace() -> None:
    """A-14."""
    owner = statefulset(3)
    assert told(observed(owner, pod(owner, 0), going(pod(owner, 1), left=18))) == [
        "web-2 is not created: web-1 is terminating for 12s, with a grace of 30s",
        "  nothing to do yet: its containers end within 18s",
    ]
    assert told(observed(owner, pod(owner, 0), going(pod(owner, 1), left=-60))) == [
        "web-2 is not created: web-1 is terminating for 90s, its grace of 30s is over",
        "  to unstick it: `minisets delete pod web-1 --grace-period 0`",
    ]


def test_finalizers_that_hold_a_terminating_pod_are_named() -> None:
    """A-14."""
    owner = statefulset(2)
    held = going(pod(owner, 1), left=-60, finalizers=("example.com/hold",))
    patch = """`kubectl patch pod web-1 --type=merge -p '{"metadata":{"finalizers":null}}'`"""
    assert told(observed(owner, pod(owner, 0), held)) == [
        "web-1 is terminating for 90s, its grace of 30s is over; finalizers hold it: example.com/hold",
        f"  to unstick it: who set the finalizers must remove them, or: {patch}",
    ]


def test_an_ended_pod_that_does_not_go_holds_its_successor_up() -> None:
    """A-11."""
    owner = statefulset(2)
    ended = pod(owner, 1, phase="Failed")
    assert told(observed(owner, pod(owner, 0), ended)) == ["next: delete pod web-1: it is Failed"]
    assert told(observed(owner, pod(owner, 0), going(ended, left=18)))[0] == (
        "a new web-1 is not created: web-1 is terminating for 12s, with a grace of 30s"
    )


def test_commands_name_cluster_and_namespace() -> None:
    owner = statefulset(2)
    said = told(observed(owner, pod(owner, 0), broken(pod(owner, 1), minutes=3)), flags=" --cluster c -n x")
    assert said[1] == (
        "  to see why: `minisets --cluster c -n x logs web-1`, `minisets --cluster c -n x describe pod web-1`"
    )


# --- scaling down ---


def test_a_condemned_pod_waits_behind_a_lower_unready_one() -> None:
    """A-17, A-18."""
    owner = statefulset(1)
    sick = [broken(pod(owner, ordinal), minutes=ordinal + 2) for ordinal in range(1, 3)]
    assert told(observed(owner, pod(owner, 0), *sick)) == [
        "web-2, not available either, is not deleted: web-1 is not Ready for 3m",
        "  to unstick it: `minisets delete-pod web-1`; it is not wanted any more",
        "web-2 is not Ready for 4m",
        "  to unstick it: `minisets delete-pod web-2`; it is not wanted any more",
    ]
    kept = broken(pod(owner, 0), minutes=3)
    assert told(observed(owner, kept, *pods(owner, 3)[1:]))[0] == (
        "web-2 is not deleted: web-0 is not Ready for 3m"
    )


def test_the_next_condemned_pod_waits_until_the_last_one_is_gone() -> None:
    """A-16."""
    owner = statefulset(1)
    assert told(observed(owner, *pods(owner, 2), going(pod(owner, 2), left=18))) == [
        "web-1 is not deleted: web-2 is terminating for 12s, with a grace of 30s",
        "  nothing to do yet: its containers end within 18s",
    ]


# --- updates ---


def test_the_famous_stuck_rollout_is_explained() -> None:
    """A-30: the broken pod is of a revision that is no longer wanted, and stays."""
    owner = statefulset(2)
    held = waiting(pod(owner, 1), "ImagePullBackOff", "no such image")
    assert told(rolling(owner, pod(owner, 0), held)) == [
        "web-1 is not Ready for 3m: container nginx: ImagePullBackOff: no such image",
        f"  another template is wanted, but {KEPT} by itself",
        f"  to unstick it: `minisets delete-pod web-1`; it comes back at revision {NEW}",
    ]


def test_below_the_partition_deleting_a_broken_pod_brings_the_same_template_back() -> None:
    """A-24, A-30, A-32."""
    owner = statefulset(2, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    said = told(rolling(owner, pod(owner, 0), broken(pod(owner, 1), minutes=3)))
    assert f"  to unstick it: {CORRECT}" in said
    assert not any("comes back" in line for line in said)


def test_a_broken_pod_of_a_parallel_statefulset_is_replaced_by_a_new_template() -> None:
    """A-28, A-30."""
    owner = statefulset(2, **PARALLEL)
    sick = broken(pod(owner, 1), minutes=3)
    assert told(observed(owner, pod(owner, 0), sick))[1:] == [
        f"  to see why: `minisets logs web-1`, {DESCRIBE}",
        "  to unstick it: correct the template",
    ]
    assert (
        told(rolling(owner, pod(owner, 0), sick))[0] == f"next: delete pod web-1: it is not of revision {NEW}"
    )


def test_an_update_goes_on_within_max_unavailable() -> None:
    """A-28."""
    owner = statefulset(3, **PARALLEL)
    assert told(rolling(owner, *pods(owner, 3))) == [
        f"next: delete pod web-2: it is not of revision {NEW}",
        "web-1 is not updated (maxUnavailable is 1): web-2 is being replaced",
    ]
    new = updated(owner)
    sick = broken(pod(new, 2, of=revision(new, 2)), minutes=3)
    assert told(rolling(owner, *pods(owner, 2), sick))[0] == (
        "web-1 is not updated (maxUnavailable is 1): web-2 is not Ready for 3m"
    )
    assert told(rolling(owner, *pods(owner, 2)))[:2] == [
        "next: create pod web-2: ordinal 2 has no pod",
        "web-1 is not updated (maxUnavailable is 1): web-2 is not available",
    ]


def test_a_partition_keeps_pods_back() -> None:
    """A-23."""
    owner = statefulset(3, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    new = updated(owner)
    assert told(rolling(owner, *pods(owner, 2), pod(new, 2, of=revision(new, 2)))) == [
        f"partition 2: web-0, web-1 stay at {OLD}",
        f"  to update them: {PARTITION}",
    ]
    assert told(rolling(owner, *pods(owner, 3)))[0] == f"next: delete pod web-2: it is not of revision {NEW}"


def test_what_is_left_to_kubectl_names_the_namespace() -> None:
    owner = statefulset(2, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    owner["metadata"]["namespace"] = "x"
    said = told(rolling(owner, *pods(owner, 2)), flags=" -n x")
    assert said[1].startswith("  to update them: `kubectl -n x patch statefulset web -p ")


def test_a_partition_counts_from_the_first_ordinal() -> None:
    """A-23, A-53."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    owner = statefulset(2, ordinals={"start": 5}, updateStrategy=strategy)
    new = updated(owner)
    assert told(rolling(owner, pod(owner, 5), pod(new, 6, of=revision(new, 2))))[0] == (
        f"partition 1: web-5 stays at {OLD}"
    )


def test_on_delete_says_which_pods_are_old_and_how_one_is_updated() -> None:
    """A-26."""
    owner = statefulset(2, updateStrategy={"type": "OnDelete"})
    assert told(rolling(owner, *pods(owner, 2))) == [
        f"OnDelete: web-0, web-1 stay at {OLD} until deleted",
        "  to update web-1: `minisets delete-pod web-1`",
    ]
    assert told(rolling(owner, pod(owner, 0), broken(pod(owner, 1), minutes=3)))[:3] == [
        "web-1 is not Ready for 3m",
        "  another template is wanted, but Kubernetes does not replace a pod under OnDelete by itself",
        f"  to unstick it: `minisets delete-pod web-1`; it comes back at revision {NEW}",
    ]


# --- claims, strangers, deletion ---


def test_a_claim_on_its_way_out_keeps_its_pod_from_being_made() -> None:
    """A-57, A-142."""
    owner = statefulset(1)
    snapshot = observed(owner)
    claim = terminating(snapshot.claims["www-web-0"])
    held = observed(owner, claims={"www-web-0": claim})
    line = "web-0 is not created: pvc www-web-0 is being deleted"
    assert told(held) == [line, "  nothing to do: a fresh claim is made once it is gone"]
    claim["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    user = pod(owner, 7)
    user["metadata"] |= {"name": "reader", "labels": {}, "ownerReferences": []}
    user["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "www-web-0"}}]
    assert told(observed(owner, user, claims={"www-web-0": claim})) == [
        line,
        "  it is kept while a pod uses it: reader",
        "  to unstick it: `minisets delete pod reader`",
    ]
    claim["metadata"]["finalizers"] = ["example.com/hold"]
    assert told(observed(owner, claims={"www-web-0": claim})) == [
        line,
        "  finalizers hold it: example.com/hold",
    ]


def test_a_claim_of_a_predecessor_keeps_its_pod_from_being_made() -> None:
    """A-63."""
    owner = statefulset(1, persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    snapshot = observed(owner)
    former = {"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "before", "controller": True}
    snapshot.claims["www-web-0"]["metadata"]["ownerReferences"] = [former]
    assert told(snapshot)[:2] == [
        "web-0 is not created: claim www-web-0 still belongs to a former web-0 and waits to be collected",
        "  nothing to do: it is collected with its owner; at once: `minisets delete pvc www-web-0`",
    ]


def test_a_strangers_pod_of_that_name_is_named_with_its_controller() -> None:
    """A-67, A-68."""
    owner = statefulset(2)
    stranger = pod(owner, 1)
    stranger["metadata"] |= {"labels": {}, "ownerReferences": []}
    line = "web-1 is not created: a pod of that name exists that web does not control"
    remedy = "  to unstick it: `minisets delete-pod web-1`"
    assert told(observed(owner, pod(owner, 0), stranger)) == [f"{line} (nobody controls it)", remedy]
    stranger["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "j", "uid": "j", "controller": True}]
    assert told(observed(owner, pod(owner, 0), stranger)) == [f"{line} (Job j controls it)", remedy]
    assert told(observed(owner, pod(owner, 0), going(stranger, left=18))) == [
        f"{line} (it is terminating for 12s, with a grace of 30s)"
    ]


def test_a_pod_whose_volumes_are_others_can_only_be_deleted() -> None:
    """A-10."""
    owner = statefulset(1)
    wrong = pod(owner, 0)
    wrong["spec"]["volumes"] = []
    assert told(observed(owner, wrong)) == [
        "next: repair pod web-0: its volumes are not its claims",
        "  a pod's volumes cannot change; to unstick it: `minisets delete-pod web-0`",
    ]


def test_a_claim_with_another_controller_is_a_warning() -> None:
    """A-64."""
    owner = statefulset(1, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})
    snapshot = observed(owner)
    other = {"apiVersion": "v1", "kind": "Job", "name": "j", "uid": "j", "controller": True}
    snapshot.claims["www-web-0"]["metadata"]["ownerReferences"] = [other]
    assert told(snapshot)[1].startswith("warning: PersistentVolumeClaim www-web-0 has a conflicting OwnerRef")


def test_a_statefulset_that_is_being_deleted_makes_no_pods_and_says_what_holds_it() -> None:
    """A-8, A-70, A-71."""
    owner = going(statefulset(3), left=-10, finalizers=("foregroundDeletion",))
    line = "web is being deleted for 10s: no pod is made or replaced any more"
    assert told(observed(owner, pod(owner, 0))) == [
        line,
        "  it goes after them: web-0; see `minisets get pods`",
    ]
    orphaning = going(statefulset(3), left=-10, finalizers=("orphan",))
    assert told(observed(orphaning)) == [line, "  it goes once its pods and claims are let go"]
    held = going(statefulset(3), left=-10, finalizers=("example.com/hold",))
    assert told(observed(held)) == [
        line,
        "  finalizers hold it: example.com/hold; who set them must remove them",
    ]


# --- which events ---


def test_events_are_asked_for_of_what_is_not_well_and_of_the_statefulset() -> None:
    owner = statefulset(3)
    snapshot = observed(owner, pod(owner, 0), broken(pod(owner, 1), minutes=3))
    names = [f"{ref.kind}/{ref.name}" for ref in concerned(snapshot, plan(snapshot))]
    assert names == ["StatefulSet/web", "Pod/web-1", "PersistentVolumeClaim/www-web-1"]
