"""The history of a statefulset's template: payload, hash, names, reuse, trimming."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.revisions import (
    go_json,
    hash_of,
    payload,
    revisions,
    template_of,
    trims,
)
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    lines,
    observed,
    pod,
    revision,
    statefulset,
    template,
    updated,
)

OF_1_34: dict[str, Any] = {
    "metadata": {"annotations": {"test": "value"}, "labels": {"app": "foo"}},
    "spec": {
        "containers": [
            {
                "image": "test",
                "imagePullPolicy": "Always",
                "name": "test",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
}
OF_1_33 = {**OF_1_34, "metadata": {**OF_1_34["metadata"], "creationTimestamp": None}}


def stored(made: dict[str, Any]) -> dict[str, Any]:
    """A template as a revision holds it."""
    return {"spec": {"template": {**made, "$patch": "replace"}}}


@pytest.mark.parametrize(("held", "answer"), [(OF_1_33, "c77f6d978"), (OF_1_34, "776999688b")])
def test_the_hash_is_the_one_that_kubernetes_computes(held: dict[str, Any], answer: str) -> None:
    """A-52: the payloads of Kubernetes' own compatibility tests, and their answers."""
    assert hash_of(stored(held), 0) == answer


def test_the_collision_count_is_part_of_the_hash() -> None:
    """A-52, A-41."""
    assert len({hash_of(stored(OF_1_34), count) for count in range(3)}) == 3


def test_a_revision_of_an_older_release_is_reused_though_its_bytes_differ() -> None:
    """A-40: 1.33 stored a null creationTimestamp."""
    owner = statefulset(1, template=deepcopy(OF_1_34), selector={"matchLabels": {"app": "foo"}})
    older = {**revision(owner), "data": stored(OF_1_33)}
    live = revisions(owner, (older,), {name_of(older): older})
    assert (live.update, live.actions) == (older, ())


def test_the_newest_revision_is_reused_though_it_lacks_what_is_written_by_default() -> None:
    """A-40."""
    bare = {
        "metadata": {"labels": {"app": "foo"}},
        "spec": {"containers": [{"name": "test", "image": "test"}]},
    }
    whole = deepcopy(OF_1_34)
    del whole["metadata"]["annotations"]
    owner = statefulset(1, template=whole)
    older = {**revision(owner), "data": stored(bare)}
    assert revisions(owner, (older,), {}).actions == ()
    oldest, newer = revision(updated(owner), 0), revision(updated(owner), 2)
    live = revisions(owner, (oldest, older), {})
    assert (live.update, live.actions) == (older, ())
    assert [str(action).split(":")[0] for action in revisions(owner, (older, newer), {}).actions] == [
        f"create revision {name_of(revision(owner))} as 3"
    ]


@pytest.mark.parametrize("data", [None, {}, {"spec": {}}, {"spec": {"template": None}}, "text"])
def test_a_newest_revision_of_something_else_is_passed_over(data: Any) -> None:
    """A-40."""
    owner = statefulset(1)
    other = {**revision(owner), "data": data}
    other["metadata"] = {**other["metadata"], "name": "web-other"}
    assert [str(action) for action in revisions(owner, (other,), {}).actions] == [
        f"create revision {name_of(revision(owner))} as 2: the template changed"
    ]


def test_the_payload_is_escaped_as_go_does_it() -> None:
    assert (
        go_json({"b": "<&>", "a": "\u00e9\u2028"}) == b'{"a":"\xc3\xa9\\u2028","b":"\\u003c\\u0026\\u003e"}'
    )


def test_a_revision_gives_its_template_back() -> None:
    owner = statefulset()
    assert template_of(revision(owner)) == owner["spec"]["template"]


def test_a_rollback_reuses_the_older_revision() -> None:
    """A-39."""
    owner = statefulset(1)
    first, second = revision(owner), revision(updated(owner), 2)
    held = {name_of(first): first, name_of(second): second}
    snapshot = observed(owner, pod(owner, 0), revisions=held)
    raised = f"raise revision {name_of(first)} to 3: the template is this older revision's again"
    assert lines(snapshot)[0] == raised


def test_a_revision_name_that_is_taken_by_something_else_is_stepped_past() -> None:
    """A-41."""
    owner = statefulset(1)
    stranger = {**revision(owner), "data": {"spec": {}}}
    stranger["metadata"] = {"name": stranger["metadata"]["name"], "namespace": "default"}
    live = revisions(owner, (), {name_of(stranger): stranger})
    assert live.collisions == 1
    assert name_of(live.update) != name_of(stranger)


def test_history_beyond_the_limit_is_trimmed_oldest_first() -> None:
    """A-43."""
    owner = statefulset(1, revisionHistoryLimit=1)
    held = [revision(updated(owner, f"nginx:{n}"), n) for n in (2, 3, 4)]
    newest = revision(owner, 5)
    snapshot = observed(owner, pod(owner, 0), revisions={name_of(old): old for old in (*held, newest)})
    trimmed = [line for line in lines(snapshot) if line.startswith("delete revision")]
    assert [line.split(":")[0] for line in trimmed] == [f"delete revision {name_of(old)}" for old in held[:2]]


def test_a_revision_carries_labels_annotations_and_its_owner() -> None:
    """A-36, A-38."""
    owner = statefulset(1)
    owner["metadata"]["annotations"] = {"note": "1"}
    made = revision(owner, 4)
    digest = hash_of(payload(owner), 0)
    assert made == {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"web-{digest}",
            "namespace": "default",
            "labels": {"app": "nginx", "controller.kubernetes.io/hash": digest},
            "annotations": {"note": "1"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "StatefulSet",
                    "name": "web",
                    "uid": "uid-web",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "data": {"spec": {"template": {**template("nginx:1"), "$patch": "replace"}}},
        "revision": 4,
    }


def test_a_long_name_is_cut_where_upstream_cuts_it() -> None:
    """A-38."""
    owner = statefulset(1)
    owner["metadata"]["name"] = "w" * 300
    assert name_of(revision(owner)).rpartition("-")[0] == "w" * 223


@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 7},
        {"updateStrategy": {"type": "OnDelete"}},
        {"ordinals": {"start": 3}},
        {"volumeClaimTemplates": []},
        {"minReadySeconds": 9},
    ],
)
def test_only_the_template_makes_a_revision(change: dict[str, Any]) -> None:
    """A-37."""
    owner = statefulset(3)
    owner["spec"] |= change
    assert payload(owner) == payload(statefulset(3))
    assert payload(statefulset(3, template=template("nginx:2"))) != payload(statefulset(3))


def test_numbers_go_up_from_one() -> None:
    """A-38."""
    owner = statefulset(1)
    assert revisions(owner, (), {}).update["revision"] == 1
    history = [revision(updated(owner, f"nginx:{n}"), n) for n in (7, 3)]
    assert revisions(owner, history, {}).update["revision"] == 8


def test_the_newest_of_two_equal_payloads_counts() -> None:
    """A-39."""
    owner = statefulset(1)
    first, second = revision(owner, 1), {**revision(owner, 2), "note": "second"}
    live = revisions(owner, (second, first), {})
    assert (live.update, live.actions) == (second, ())


def test_of_two_with_one_number_the_later_made_one_is_newer() -> None:
    """A-39."""
    owner = statefulset(1)
    older, newer = revision(updated(owner), 1), revision(owner, 1)
    older["metadata"] |= {"creationTimestamp": "2026-01-01T00:00:00Z", "name": "web-z"}
    newer["metadata"] |= {"creationTimestamp": "2026-01-02T00:00:00Z", "name": "web-a"}
    assert revisions(owner, (newer, older), {}).actions == ()
    assert len(revisions(updated(owner), (newer, older), {}).actions) == 1


def test_the_current_revision_is_the_one_that_the_status_names_else_the_update_revision() -> None:
    """A-42."""
    owner = statefulset(1)
    first, second = revision(updated(owner), 1), revision(owner, 2)
    owner["status"] = {"currentRevision": name_of(first)}
    assert revisions(owner, (first, second), {}).current == first
    owner["status"] = {"currentRevision": "web-gone"}
    assert revisions(owner, (first, second), {}).current == second
    assert revisions(statefulset(1), (first, second), {}).current == second


def test_a_taken_name_with_the_same_payload_is_used_as_it_is() -> None:
    """A-41."""
    owner = statefulset(1)
    taken = {**revision(owner, 9), "note": "made by somebody"}
    live = revisions(owner, (), {name_of(taken): taken})
    assert (live.update, live.collisions, live.actions) == (taken, 0, ())


def test_the_collision_count_goes_on_from_the_status_and_never_down() -> None:
    """A-41."""
    owner = statefulset(1)
    owner["status"] = {"collisionCount": 2}
    live = revisions(owner, (), {})
    assert (live.collisions, name_of(live.update)) == (2, f"web-{hash_of(payload(owner), 2)}")
    taken = {"metadata": {"name": name_of(live.update)}, "data": {}}
    assert revisions(owner, (), {name_of(taken): taken}).collisions == 3


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (2, 2), (10, 4), (-1, 4), (None, 4)])
def test_the_history_limit_counts_only_what_nothing_uses(limit: int | None, left: int) -> None:
    """A-43."""
    owner = statefulset(1, revisionHistoryLimit=limit)
    unused = [revision(updated(owner, f"nginx:{n}"), n) for n in (2, 3, 4, 5)]
    of_a_pod, current = revision(updated(owner, "nginx:p"), 1), revision(updated(owner, "nginx:c"), 6)
    newest = revision(owner, 7)
    owner["status"] = {"currentRevision": name_of(current)}
    history = (*unused, of_a_pod, current, newest)
    live = revisions(owner, history, {})
    gone = [name_of(trim.revision) for trim in trims(owner, history, live, [pod(owner, 0, of=of_a_pod)])]
    assert gone == [name_of(old) for old in unused[: 4 - left]]


def test_a_limit_that_is_not_said_is_ten() -> None:
    """A-43, A-88."""
    owner = statefulset(1)
    history = [revision(updated(owner, f"nginx:{n}"), n) for n in range(2, 14)]
    live = revisions(owner, (*history, revision(owner, 20)), {})
    assert len(trims(owner, history, live, ())) == 2


def test_a_statefulset_that_is_being_deleted_leaves_its_history_and_names_what_is_stored() -> None:
    """A-8."""
    owner = statefulset(1, revisionHistoryLimit=0)
    owner["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    older, old = revision(updated(owner, "nginx:0"), 1), revision(updated(owner), 2)
    held = {name_of(each): each for each in (old, older)}
    step = plan(observed(owner, pod(owner, 0, of=old), revisions=held))
    assert (step.actions, step.trims) == ((), ())
    assert step.status is not None
    assert (step.status["updateRevision"], step.status["currentRevision"]) == (name_of(old), name_of(old))
    assert (plan(observed(owner, revisions={})).status or {})["updateRevision"] == name_of(revision(owner))
    owner["status"] = {"updateRevision": "web-collected"}
    assert (plan(observed(owner, revisions={})).status or {})["updateRevision"] == "web-collected"


def test_a_template_label_never_hides_the_hash() -> None:
    """A-36."""
    made = template("nginx:1")
    made["metadata"]["labels"]["controller.kubernetes.io/hash"] = "forged"
    owner = statefulset(1, template=made)
    assert revision(owner)["metadata"]["labels"]["controller.kubernetes.io/hash"] == hash_of(
        payload(owner), 0
    )


def test_the_newest_of_several_equal_old_revisions_is_raised() -> None:
    """A-39."""
    owner = statefulset(1)
    oldest, older, newest = revision(owner, 1), revision(owner, 2), revision(updated(owner), 3)
    older["metadata"] = {**older["metadata"], "name": "web-older"}
    live = revisions(owner, (oldest, older, newest), {})
    assert (name_of(live.update), live.update["revision"]) == ("web-older", 4)
    assert [str(action) for action in live.actions] == [
        "raise revision web-older to 4: the template is this older revision's again"
    ]


def test_the_history_is_trimmed_by_number_whatever_its_order() -> None:
    """A-43."""
    owner = statefulset(1, revisionHistoryLimit=1)
    held = [revision(updated(owner, f"nginx:{n}"), n) for n in (4, 2, 3)]
    live = revisions(owner, (*held, revision(owner, 5)), {})
    assert [str(trim) for trim in trims(owner, held, live, ())] == [
        f"delete revision {name_of(held[1])}: nothing uses it and the history holds 1",
        f"delete revision {name_of(held[2])}: nothing uses it and the history holds 1",
    ]
