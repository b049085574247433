"""What is remembered of a node's pods is what one would count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minisets.controllers.scheduling.groups import Group
from minisets.controllers.scheduling.snapshot import NodeInfo
from minisets.objects.selectors import LabelSelector
from tests.controllers.scheduling.cluster import info, node

LEAVING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
GROUPS = [
    Group(namespace, LabelSelector.of_map({"app": app}), owner, with_leaving=with_leaving)
    for namespace in ("default", "far")
    for app in ("web", "db")
    for owner in ("", "set")
    for with_leaving in (False, True)
]

steps = st.tuples(
    st.booleans(),
    st.integers(0, 4),
    st.sampled_from(["default", "far"]),
    st.sampled_from(["web", "db"]),
    st.sampled_from(["", "set", "other"]),
    st.booleans(),
)


@given(steps=st.lists(steps, max_size=30), asked=st.sets(st.sampled_from(GROUPS)))
def test_counts_stay_true_however_pods_come_change_and_go(
    steps: list[tuple[bool, int, str, str, str, bool]], asked: set[Group]
) -> None:
    seen = NodeInfo(node())
    for comes, ordinal, namespace, app, owner, leaves in steps:
        meta = LEAVING if leaves else {}
        pod = info(f"web-{ordinal}", namespace=namespace, labels={"app": app}, owner=owner, meta=meta)
        if comes:
            seen = seen.with_pod(pod)
        elif pod.uid in seen.pods:
            seen = seen.without_pod(pod.uid)
        for group in asked:
            assert seen.count(group) == sum(map(group.has, seen.pods.values()))


def test_the_oldest_question_is_forgotten_when_there_are_too_many() -> None:
    seen = NodeInfo(node()).with_pod(info())
    for ordinal in range(100):
        assert seen.count(Group("default", LabelSelector.of_map({"app": f"app-{ordinal}"}))) == 0
    assert len(seen.groups.counts) < 100
    assert seen.count(Group("default", LabelSelector.of_map({"app": "web"}))) == 1


def test_a_question_does_not_change_what_was_there_before() -> None:
    before = NodeInfo(node()).with_pod(info("web-0"))
    after = before.with_pod(info("web-1"))
    group = Group("default", LabelSelector.of_map({"app": "web"}))
    assert (after.count(group), before.count(group)) == (2, 1)
    assert (after.with_pod(info("web-2")).count(group), after.count(group)) == (3, 2)
