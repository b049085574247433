"""How far a rollout is said to be, what its history is, and which revision `undo` means."""

from typing import Any

import pytest

from minisets.cli import rollouts
from minisets.cli.rollouts import Progress, is_rolled_out, progress
from minisets.controllers.statefulset.revisions import new_revision, payload
from minisets.errors import MinisetsError
from minisets.objects.kinds import Object

DONE = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}


def web(status: dict[str, Any] | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 2},
        "spec": {
            "replicas": 2,
            "updateStrategy": ROLLING,
            "selector": {"matchLabels": {"app": "a"}},
            "template": template("nginx:1"),
            **spec,
        },
        "status": DONE if status is None else status,
    }


def template(image: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": "a", "image": image}]},
    }


def revision(number: int, image: str = "nginx:1", **annotations: str) -> Object:
    owner = web(template=template(image))
    if annotations:
        owner["metadata"]["annotations"] = annotations
    return new_revision(owner, payload(owner), number, 0)


@pytest.mark.parametrize(
    ("status", "spec", "expected"),
    [
        ({}, {}, Progress("Waiting for statefulset spec update to be observed...", is_done=False)),
        (
            {**DONE, "observedGeneration": 1},
            {},
            Progress("Waiting for statefulset spec update to be observed...", is_done=False),
        ),
        ({**DONE, "readyReplicas": 1}, {}, Progress("Waiting for 1 pods to be ready...", is_done=False)),
        (
            {**DONE, "updatedReplicas": 1},
            {},
            Progress(
                "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
                is_done=False,
            ),
        ),
        (DONE, {}, Progress("partitioned roll out complete: 2 new pods have been updated...", is_done=True)),
        (
            {**DONE, "updatedReplicas": 1},
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            Progress("partitioned roll out complete: 1 new pods have been updated...", is_done=True),
        ),
        (
            {**DONE, "updatedReplicas": 1, "currentRevision": "web-a", "updateRevision": "web-b"},
            {"updateStrategy": {"type": "RollingUpdate"}},
            Progress(
                "waiting for statefulset rolling update to complete 1 pods at revision web-b...",
                is_done=False,
            ),
        ),
        (
            {**DONE, "currentReplicas": 2, "currentRevision": "web-b", "updateRevision": "web-b"},
            {"updateStrategy": {"type": "RollingUpdate"}},
            Progress("statefulset rolling update complete 2 pods at revision web-b...", is_done=True),
        ),
    ],
)
def test_progress_is_told_in_kubectls_lines(
    status: dict[str, Any], spec: dict[str, Any], expected: Progress
) -> None:
    """A-34."""
    assert progress(web(status, **spec)) == expected


def test_there_is_no_progress_of_what_is_updated_by_hand() -> None:
    """A-34."""
    with pytest.raises(MinisetsError, match="only available for RollingUpdate strategy type"):
        progress(web(updateStrategy={"type": "OnDelete"}))


def test_a_statefulset_is_rolled_out_when_every_replica_is_ready_and_new() -> None:
    assert is_rolled_out(web())
    assert is_rolled_out(web({"observedGeneration": 2}, replicas=0))


@pytest.mark.parametrize(
    "behind",
    [
        {"observedGeneration": 1},
        {"readyReplicas": 1},
        {"replicas": 3},
        {"updatedReplicas": 1},
    ],
)
def test_it_is_not_rolled_out_while_anything_is_behind(behind: dict[str, int]) -> None:
    assert not is_rolled_out(web({**DONE, **behind}))
    assert not is_rolled_out(web({}))


def test_a_partition_needs_only_the_pods_above_it_to_be_new() -> None:
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    assert is_rolled_out(web({**DONE, "updatedReplicas": 1}, updateStrategy=partition))
    assert not is_rolled_out(web({**DONE, "updatedReplicas": 0}, updateStrategy=partition))


def test_on_delete_waits_for_no_revision() -> None:
    on_delete = {"type": "OnDelete"}
    assert is_rolled_out(web({**DONE, "updatedReplicas": 0}, updateStrategy=on_delete))
    assert not is_rolled_out(web({**DONE, "readyReplicas": 0}, updateStrategy=on_delete))


def test_the_history_is_what_the_statefulset_controls_and_its_selector_matches() -> None:
    """A-35."""
    stranger = revision(3)
    stranger["metadata"]["ownerReferences"][0]["uid"] = "another"
    other = revision(4)
    other["metadata"]["labels"] = {"app": "b"}
    found = rollouts.history_of(web(), [revision(10), stranger, revision(2), other])
    assert [held["revision"] for held in found] == [2, 10]


def test_the_table_has_a_cause_for_each_revision() -> None:
    held = [revision(2), revision(10, **{rollouts.CHANGE_CAUSE: "a new image"})]
    assert rollouts.history_table(held) == (
        "REVISION  CHANGE-CAUSE\n2         <none>\n10        a new image\n"
    )
    assert rollouts.history_table([]) == "No rollout history found."


def test_undo_means_the_revision_before_the_newest_or_the_one_that_is_named() -> None:
    held = [revision(2), revision(5, "nginx:2"), revision(6, "nginx:3")]
    assert rollouts.revision_to_return_to(held, 0)["revision"] == 5
    assert rollouts.revision_to_return_to(held, 2)["revision"] == 2
    with pytest.raises(MinisetsError, match="unable to find specified revision 9 in history"):
        rollouts.revision_to_return_to(held, 9)
    with pytest.raises(MinisetsError, match="no last revision to roll back to"):
        rollouts.revision_to_return_to(held[:1], 0)
    with pytest.raises(MinisetsError, match="unable to find the specified revision"):
        rollouts.revision_shown(held, 9)


def test_a_revision_is_compared_and_put_back_as_a_whole() -> None:
    assert rollouts.is_at(web(), revision(1))
    assert not rollouts.is_at(web(), revision(2, "nginx:2"))
    assert rollouts.with_template_of(web(), revision(2, "nginx:2"))["spec"] == {
        **web()["spec"],
        "template": template("nginx:2"),
    }


def test_a_restart_is_one_annotation_and_two_within_a_second_are_refused() -> None:
    """A-34."""
    stamp = "2026-01-01T00:00:00Z"
    patch = rollouts.restart_patch(web(), stamp)
    annotations = {"kubectl.kubernetes.io/restartedAt": stamp}
    assert patch == {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    restarted = template("nginx:1")
    restarted["metadata"]["annotations"] = annotations
    with pytest.raises(MinisetsError, match="triggered within the past second"):
        rollouts.restart_patch(web(template=restarted), stamp)
