"""Which pods and revisions are the statefulset's; adopted, released, ignored."""

from __future__ import annotations

import pytest

from minisets.controllers.statefulset.members import history, members
from minisets.controllers.statefulset.plan import plan
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import lines, observed, pod, revision, statefulset, terminating


def test_an_orphan_that_matches_is_adopted_and_a_stranger_is_not() -> None:
    """A-66, A-68."""
    owner = statefulset(1)
    orphan = pod(owner, 0)
    del orphan["metadata"]["ownerReferences"]
    assert lines(observed(owner, orphan)) == ["adopt pod web-0: it matches and nobody controls it"]
    foreign = pod(owner, 0)
    foreign["metadata"]["ownerReferences"][0]["uid"] = "somebody-else"
    assert lines(observed(owner, foreign)) == ["create pod web-0: ordinal 0 has no pod"]


def test_a_pod_whose_labels_no_longer_match_is_released() -> None:
    """A-67."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["metadata"]["labels"]["app"] = "else"
    assert lines(observed(owner, strayed))[0] == (
        "release pod web-0: its labels no longer match the selector"
    )


@pytest.mark.parametrize(
    "name", ["web", "web-", "web-x", "web-0-x", "other-0", "web-web-0", "xweb-0", "web--1"]
)
def test_a_pod_of_another_name_is_no_member(name: str) -> None:
    """A-3."""
    owner = statefulset(0)
    stranger = pod(owner, 0)
    del stranger["metadata"]["ownerReferences"]
    stranger["metadata"]["name"] = name
    assert lines(observed(owner, stranger)) == []


def test_a_statefulsets_name_may_look_like_an_ordinal() -> None:
    """A-3."""
    owner = statefulset(1)
    owner["metadata"]["name"] = "web-1"
    assert members(owner, [pod(owner, 0)]).replicas[0]["metadata"]["name"] == "web-1-0"


def test_an_ordinal_beyond_32_bits_is_none() -> None:
    """A-3."""
    owner = statefulset(0)
    widest, beyond = pod(owner, 2**31 - 1), pod(owner, 2**31)
    assert members(owner, [widest, beyond]).pods == (widest,)


def test_an_orphan_that_is_going_is_not_adopted() -> None:
    """A-66."""
    owner = statefulset(1)
    orphan = terminating(pod(owner, 0))
    del orphan["metadata"]["ownerReferences"]
    assert members(owner, [orphan]).pods == ()
    assert members(owner, [orphan]).actions == ()


def test_a_statefulset_that_is_being_deleted_neither_adopts_nor_releases() -> None:
    """A-8, A-66."""
    owner = terminating(statefulset(2))
    orphan, strayed = pod(owner, 0), pod(owner, 1)
    del orphan["metadata"]["ownerReferences"]
    strayed["metadata"]["labels"]["app"] = "else"
    found = members(owner, [orphan, strayed])
    assert (found.pods, found.actions) == ((), ())


def test_members_are_sorted_into_those_in_range_and_those_too_many_highest_first() -> None:
    """A-16."""
    owner = statefulset(2, ordinals={"start": 1})
    every = [pod(owner, ordinal) for ordinal in (10, 2, 0, 3)]
    found = members(owner, every)
    assert list(found.replicas) == [2]
    assert [name_of(each) for each in found.condemned] == ["web-10", "web-3", "web-0"]
    assert [name_of(each) for each in found.pods] == ["web-2", "web-10", "web-3", "web-0"]


def test_a_released_pod_leaves_its_name_to_be_wanted_again() -> None:
    """A-67."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["metadata"]["labels"]["app"] = "else"
    assert lines(observed(owner, strayed)) == [
        "release pod web-0: its labels no longer match the selector",
        "create pod web-0: ordinal 0 has no pod",
    ]


def test_an_orphaned_revision_that_matches_is_adopted_before_the_pods() -> None:
    """A-2, A-66."""
    owner = statefulset(1)
    orphan = revision(owner)
    del orphan["metadata"]["ownerReferences"]
    loose = pod(owner, 0)
    del loose["metadata"]["ownerReferences"]
    assert lines(observed(owner, loose, revisions={name_of(orphan): orphan})) == [
        f"adopt revision {name_of(orphan)}: it matches web's selector",
        "adopt pod web-0: it matches and nobody controls it",
    ]


def test_revisions_of_others_and_those_that_go_are_not_ours() -> None:
    """A-66, A-68."""
    owner = statefulset(1)
    mine, foreign, strayed = revision(owner), revision(owner), revision(owner)
    foreign["metadata"]["ownerReferences"][0]["uid"] = "somebody-else"
    strayed["metadata"]["labels"] = {"app": "else"}
    orphan = terminating(revision(owner))
    del orphan["metadata"]["ownerReferences"]
    assert history(owner, [foreign, mine, strayed, orphan]) == ((mine,), ())
    loose = revision(owner)
    del loose["metadata"]["ownerReferences"]
    assert history(terminating(owner), [mine, loose]) == ((mine,), ())


def test_what_is_adopted_counts_in_the_same_plan() -> None:
    """A-2, A-93."""
    owner = statefulset(1)
    orphan = pod(owner, 0)
    del orphan["metadata"]["ownerReferences"]
    status = plan(observed(owner, orphan)).status or {}
    assert (status["replicas"], status["readyReplicas"]) == (1, 1)


def test_an_adopted_revision_is_part_of_the_history_at_once() -> None:
    """A-66, A-39."""
    owner = statefulset(1)
    orphan = revision(owner)
    del orphan["metadata"]["ownerReferences"]
    kept, actions = history(owner, [orphan])
    assert kept == (orphan,)
    assert [str(action) for action in actions] == [
        f"adopt revision {name_of(orphan)}: it matches web's selector"
    ]
