"""Whether a pod can have its volumes on a node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from minisets.controllers.scheduling.snapshot import Snapshot
from minisets.controllers.scheduling.volumes import choices
from tests.controllers.scheduling.asking import lasts, takers, why
from tests.controllers.scheduling.cluster import ZONE, claim_volumes, info, node, nodes, pod
from tests.controllers.scheduling.storage import claim, late, storage_class, volume, waiting

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

EXCLUSIVE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
NO_MATCH = "node(s) didn't find available persistent volumes to bind"
CONFLICT = "node(s) had volume node affinity conflict"
FIRST, SECOND, THIRD = "minisets-0", "minisets-1", "minisets-2"
GOING = "2026-01-01T00:00:00Z"


def around(
    *claims: Object,
    volumes: tuple[Object, ...] = (),
    pods: tuple[Object, ...] = (),
    has_class: Object | None = None,
) -> Snapshot:
    """Two nodes of zone a, one of zone b."""
    return Snapshot.of(
        nodes("a", "a", "b"),
        pods,
        claims={f"default/{one['metadata']['name']}": one for one in claims},
        volumes={one["metadata"]["name"]: one for one in volumes},
        classes={"standard": has_class or storage_class()},
    )


WEB = pod(volumes=claim_volumes("www"))
EPHEMERAL = pod(volumes=[{"name": "tmp", "ephemeral": {"volumeClaimTemplate": {}}}])
NOT_MINE = "PVC default/web-0-tmp was not created for pod default/web-0 (pod is not owner)"


@pytest.mark.parametrize(
    ("wanting", "claims", "reasons"),
    [
        (WEB, [claim()], []),
        (WEB, [], ['persistentvolumeclaim "www" not found']),
        (WEB, [claim(deletionTimestamp=GOING)], ['persistentvolumeclaim "www" is being deleted']),
        (
            WEB,
            [claim(phase="Lost")],
            ['persistentvolumeclaim "www" bound to non-existent persistentvolume "pv-www"'],
        ),
        (WEB, [waiting()], ["pod has unbound immediate PersistentVolumeClaims"]),
        (
            EPHEMERAL,
            [],
            ['waiting for ephemeral volume controller to create the persistentvolumeclaim "web-0-tmp"'],
        ),
        (EPHEMERAL, [claim("web-0-tmp")], [NOT_MINE]),
    ],
    ids=["good", "missing", "going", "lost", "unbound", "not made yet", "another's"],
)
def test_a_pod_waits_for_its_claims(wanting: Object, claims: list[Object], reasons: list[str]) -> None:
    """A-144: the same of all nodes, and no pod's going helps."""
    placed = around(*claims, volumes=(volume(),))
    assert why(wanting, placed) == reasons
    assert lasts(wanting, placed) == bool(reasons)


def test_a_claim_that_is_asked_to_wait_but_names_its_volume_does_not() -> None:
    named = waiting()
    named["spec"]["volumeName"] = "pv-www"
    placed = around(named, volumes=(volume(),), has_class=late())
    assert why(WEB, placed) == ["pod has unbound immediate PersistentVolumeClaims"]


def test_the_volume_of_a_claim_must_be_there() -> None:
    assert why(WEB, around(claim())) == ['persistentvolume "pv-www" not found']
    mine = claim("web-0-tmp", ownerReferences=[{"controller": True, "uid": EPHEMERAL["metadata"]["uid"]}])
    missing = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
    assert why(EPHEMERAL, around(mine)) == [missing]


def test_a_read_write_once_pod_claim_has_one_pod_at_a_time() -> None:
    """A-143: on no node; other modes let pods share."""
    other = pod("web-1", SECOND, volumes=claim_volumes("www"))
    assert takers(WEB, around(claim(), volumes=(volume(),), pods=(other,))) == [FIRST, SECOND, THIRD]
    placed = around(claim(modes="ReadWriteOncePod"), volumes=(volume(),), pods=(other,))
    assert all(why(WEB, placed, name) == [EXCLUSIVE] for name in placed.nodes)
    assert not lasts(WEB, placed)
    ended = pod("web-1", SECOND, volumes=claim_volumes("www"), status={"phase": "Succeeded"})
    free = around(claim(modes="ReadWriteOncePod"), volumes=(volume(),), pods=(ended,))
    assert takers(WEB, free) == [FIRST, SECOND, THIRD]


def test_a_bound_volume_keeps_the_pod_where_it_is_reached() -> None:
    placed = around(claim(), volumes=(volume(on=SECOND),))
    assert takers(WEB, placed) == [SECOND]
    assert why(WEB, placed, FIRST) == [CONFLICT]
    assert lasts(WEB, placed, FIRST)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, [FIRST, SECOND, THIRD]),
        ({ZONE: "b"}, [THIRD]),
        ({ZONE: "a__b"}, [FIRST, SECOND, THIRD]),
        ({"failure-domain.beta.kubernetes.io/zone": "b"}, [THIRD]),
        ({"topology.kubernetes.io/region": "far"}, []),
    ],
)
def test_a_volume_with_a_zone_is_reached_from_there(labels: dict[str, str], expected: list[str]) -> None:
    placed = around(claim(), volumes=(volume(**labels),))
    assert takers(WEB, placed) == expected
    others = [name for name in placed.nodes if name not in expected]
    assert all(why(WEB, placed, name) == ["node(s) had no available volume zone"] for name in others)


def test_a_node_that_says_nothing_of_zones_reaches_all_volumes() -> None:
    placed = around(claim(), volumes=(volume(**{ZONE: "b"}),)).with_node(node("bare"))
    assert takers(WEB, placed) == [THIRD, "bare"]


TOPOLOGY = [{"matchLabelExpressions": [{"key": ZONE, "values": ["b", "c"]}]}]
NOBODY = "kubernetes.io/no-provisioner"


@pytest.mark.parametrize(
    ("has_class", "volumes", "expected"),
    [
        (late(), (), [FIRST, SECOND, THIRD]),
        (late(allowedTopologies=TOPOLOGY), (), [THIRD]),
        (late(allowedTopologies=[{}]), (), []),
        (late(allowedTopologies=TOPOLOGY), (volume(on=FIRST),), [FIRST, THIRD]),
        (late(provisioner=NOBODY), (), []),
        (late(provisioner=NOBODY), (volume(on=SECOND),), [SECOND]),
        (late(provisioner=NOBODY), (volume(on=SECOND, size="1Mi"),), []),
        (late(provisioner=NOBODY), (volume("a", on=SECOND), volume("b", on=THIRD)), [SECOND, THIRD]),
    ],
)
def test_a_claim_that_waits_for_its_node_finds_a_volume_there_or_has_one_made(
    has_class: Object, volumes: tuple[Object, ...], expected: list[str]
) -> None:
    """A-140."""
    placed = around(waiting(), volumes=volumes, has_class=has_class)
    assert takers(WEB, placed) == expected
    others = [name for name in placed.nodes if name not in expected]
    assert all(why(WEB, placed, name) == [NO_MATCH] and lasts(WEB, placed, name) for name in others)


def test_two_claims_need_two_volumes_the_smallest_wish_first() -> None:
    both = pod(volumes=claim_volumes("large", "small"))
    claims = (waiting("large", size="2Gi"), waiting("small"))
    has_class = late(provisioner=NOBODY)
    one = volume("a", on=FIRST, size="2Gi")
    assert takers(both, around(*claims, volumes=(one,), has_class=has_class)) == []
    fitting = (one, volume("b", on=FIRST), volume("c", on=SECOND), volume("d", on=SECOND))
    assert takers(both, around(*claims, volumes=fitting, has_class=has_class)) == [FIRST]


def test_another_claims_volume_is_not_taken() -> None:
    taken = volume(on=FIRST)
    taken["spec"]["claimRef"] = {"namespace": "default", "name": "other", "uid": "uid-other"}
    assert takers(WEB, around(waiting(), volumes=(taken,), has_class=late(provisioner=NOBODY))) == []


def test_a_claim_that_was_told_a_node_keeps_to_it_while_there_is_such_a_node() -> None:
    told = around(waiting(node=SECOND), has_class=late())
    assert takers(WEB, told) == [SECOND]
    assert why(WEB, told, FIRST) == [NO_MATCH]
    assert takers(WEB, around(waiting(node="gone"), has_class=late())) == [FIRST, SECOND, THIRD]


def test_the_claims_that_must_be_told_the_node_are_those_that_are_not_bound() -> None:
    both = info(volumes=claim_volumes("www", "logs"))
    unbound = waiting("logs")
    placed = around(claim(), unbound, volumes=(volume("disk", on=FIRST),), has_class=late())
    assert choices(both, placed, FIRST) == ((unbound, placed.volumes["disk"]),)
    assert choices(both, placed, SECOND) == ((unbound, None),)
    assert choices(both, replace(around(claim()), claims={}), FIRST) == ()


def test_a_claim_does_not_keep_to_a_node_where_it_can_have_no_volume_any_more() -> None:
    """A-140: the one that was there may be another claim's by now, and nobody makes one."""
    told, has_class = waiting(node=FIRST), late(provisioner=NOBODY)
    assert takers(WEB, around(told, volumes=(volume(on=SECOND),), has_class=has_class)) == [SECOND]
    both = (volume("a", on=FIRST), volume("b", on=SECOND))
    assert takers(WEB, around(told, volumes=both, has_class=has_class)) == [FIRST]


def test_a_volume_that_is_reserved_for_a_claim_is_not_weighed_against_others() -> None:
    """A-136."""
    mine, better = volume("mine", on=SECOND, size="9Gi"), volume("better", on=FIRST)
    mine["spec"]["claimRef"] = {"namespace": "default", "name": "www", "uid": "uid-www"}
    assert takers(WEB, around(waiting(), volumes=(mine, better), has_class=late())) == [SECOND]
