"""Near whom a pod must be, near whom it must not, and who will not have it near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.snapshot import Snapshot
from minisets.objects.node_affinity import REQUIRED
from tests.controllers.scheduling.asking import lasts, takers, why
from tests.controllers.scheduling.cluster import HOSTNAME, ZONE, node, nodes, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

MISSING = "node(s) didn't match pod affinity rules"
SHUNNED = "node(s) didn't match pod anti-affinity rules"
BARRED = "node(s) didn't satisfy existing pods anti-affinity rules"
NAMESPACES = {"default": {"team": "a"}, "other": {"team": "b"}}


def term(key: str = HOSTNAME, app: str = "db", **more: Any) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"podAffinity": {REQUIRED: list(terms)}}


def far(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"podAntiAffinity": {REQUIRED: list(terms)}}


def db(on: str = "minisets-0", name: str = "db-0", **parts: Any) -> Object:
    return pod(name, on, **{"labels": {"app": "db"}, **parts})


def around(*pods: Object) -> Snapshot:
    """Two nodes of zone a, one of zone b, and one that is in no zone."""
    return Snapshot.of(nodes("a", "a", "b", ""), pods, namespaces=NAMESPACES)


@pytest.mark.parametrize(
    ("affinity", "there", "expected"),
    [
        (near(term()), [db()], ["minisets-0"]),
        (near(term()), [], []),
        (near(term(ZONE)), [db()], ["minisets-0", "minisets-1"]),
        (near(term(ZONE)), [db("minisets-3")], []),
        (near(term(ZONE), term(ZONE, "cache")), [db(), db(name="cache", labels={"app": "cache"})], []),
        (near(term(app="web")), [], ["minisets-0", "minisets-1", "minisets-2", "minisets-3"]),
        (near(term(ZONE, "web")), [], ["minisets-0", "minisets-1", "minisets-2"]),
        (near(term(app="web")), [pod("web-1", "minisets-2")], ["minisets-2"]),
        (near(term()), [db(namespace="other")], []),
        (near(term(namespaces=["other"])), [db(namespace="other")], ["minisets-0"]),
        (near(term(namespaces=["other"])), [db()], []),
        (near(term(namespaceSelector={})), [db(namespace="other")], ["minisets-0"]),
        (
            near(term(namespaceSelector={"matchLabels": {"team": "b"}})),
            [db(namespace="other")],
            ["minisets-0"],
        ),
        (near(term(namespaceSelector={"matchLabels": {"team": "b"}})), [db()], []),
        (near({"topologyKey": HOSTNAME}), [db()], []),
    ],
)
def test_a_pod_goes_near_those_that_it_needs(
    affinity: dict[str, Any], there: list[Object], expected: list[str]
) -> None:
    """The last but two of web's own terms: the first of its kind needs nobody, but does need the key."""
    wanting, placed = pod(affinity=affinity), around(*there)
    assert takers(wanting, placed) == expected
    others = [name for name in placed.nodes if name not in expected]
    assert all(why(wanting, placed, name) == [MISSING] and lasts(wanting, placed, name) for name in others)


@pytest.mark.parametrize(
    ("affinity", "there", "expected"),
    [
        (far(term()), [], ["minisets-0", "minisets-1", "minisets-2", "minisets-3"]),
        (far(term()), [db()], ["minisets-1", "minisets-2", "minisets-3"]),
        (far(term(ZONE)), [db()], ["minisets-2", "minisets-3"]),
        (far(term(ZONE)), [db("minisets-3")], ["minisets-0", "minisets-1", "minisets-2", "minisets-3"]),
        (far(term(ZONE), term(app="web")), [db(), pod("w", "minisets-2")], ["minisets-3"]),
        (far(term(namespaces=["other"])), [db()], ["minisets-0", "minisets-1", "minisets-2", "minisets-3"]),
    ],
)
def test_a_pod_stays_away_from_those_that_it_shuns(
    affinity: dict[str, Any], there: list[Object], expected: list[str]
) -> None:
    wanting, placed = pod(affinity=affinity), around(*there)
    assert takers(wanting, placed) == expected
    others = [name for name in placed.nodes if name not in expected]
    assert all(why(wanting, placed, name) == [SHUNNED] for name in others)
    assert not any(lasts(wanting, placed, name) for name in others)


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        (far(term(app="web")), ["minisets-1", "minisets-2", "minisets-3"]),
        (far(term(ZONE, "web")), ["minisets-2", "minisets-3"]),
        (far(term()), ["minisets-0", "minisets-1", "minisets-2", "minisets-3"]),
        (
            far(term(app="web", namespaces=["other"])),
            ["minisets-0", "minisets-1", "minisets-2", "minisets-3"],
        ),
        (far(term(app="web", namespaceSelector={})), ["minisets-1", "minisets-2", "minisets-3"]),
    ],
)
def test_pods_that_are_there_keep_others_away(affinity: dict[str, Any], expected: list[str]) -> None:
    placed = around(db(affinity=affinity))
    assert takers(pod(), placed) == expected
    others = [name for name in placed.nodes if name not in expected]
    assert all(why(pod(), placed, name) == [BARRED] and not lasts(pod(), placed, name) for name in others)


def test_whoever_is_gone_keeps_nobody_away() -> None:
    holder = db(affinity=far(term(app="web")))
    placed = around(holder)
    assert why(pod(), placed) == [BARRED]
    assert why(pod(), placed.without_pods(placed.nodes["minisets-0"].pods.values(), "minisets-0")) == []


def test_replicas_of_one_revision_may_shun_only_each_other() -> None:
    """matchLabelKeys and mismatchLabelKeys: the values of the pod that says it."""
    mine, another = {"app": "web", "hash": "x"}, {"app": "web", "hash": "y"}
    same = far(term(app="web", matchLabelKeys=["hash", "not-there"]))
    other = far(term(app="web", mismatchLabelKeys=["hash"]))
    there = Snapshot.of([node()], [pod("w", "minisets-0", labels=mine)])
    assert why(pod(labels=mine, affinity=same), there) == [SHUNNED]
    assert why(pod(labels=another, affinity=same), there) == []
    assert why(pod(labels=mine, affinity=other), there) == []
    assert why(pod(labels=another, affinity=other), there) == [SHUNNED]
