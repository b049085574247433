from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from minisets.kubelet.observe import ObservedPod
from minisets.kubelet.probes.prober import targets_of
from minisets.kubelet.probes.probing import KINDS, Kind, Record, Tally, Target
from minisets.objects.kinds import Object
from tests.kubelet.test_plan import GOOD, NOW, deleted, good_pod


def target(kind: Kind = "readiness", **probe: Any) -> Target:
    return Target("id", "spec.containers{nginx}", kind, probe, "127.0.0.1", {"web": 80}, NOW)


def record(*kinds: Kind, **probe: Any) -> Record:
    return Record({kind: Tally.of(target(kind, **probe)) for kind in kinds})


def count(one: Record, kind: Kind, results: str) -> None:
    for result in results:
        one.tallies[kind].count(passed=result == "+")


def test_times_have_kubernetes_defaults() -> None:
    """manifests.md trap 9."""
    plain = target()
    assert (plain.period, plain.timeout) == (timedelta(seconds=10), timedelta(seconds=1))
    assert (Tally.of(plain).successes_needed, Tally.of(plain).failures_needed) == (1, 3)


def test_the_delay_counts_from_the_containers_start() -> None:
    """A-112."""
    delayed = target(initialDelaySeconds=30)
    assert delayed.first_due(NOW + timedelta(seconds=10)) == timedelta(seconds=20)
    assert delayed.first_due(NOW + timedelta(hours=1)) == timedelta(0)


@pytest.mark.parametrize(
    ("pod", "observed", "kinds"),
    [
        (good_pod(), GOOD, list(KINDS)),
        (deleted(), GOOD, ["readiness"]),
        (good_pod(), replace(GOOD, ending_since=NOW), ["readiness"]),
    ],
    ids=["it runs", "it is deleted", "it has had its time"],
)
def test_what_ends_is_only_asked_if_it_is_ready(pod: Object, observed: ObservedPod, kinds: list[str]) -> None:
    """A-110."""
    pod["spec"]["containers"][0] |= {f"{kind}Probe": {"tcpSocket": {"port": 80}} for kind in KINDS}
    assert [one.kind for one in targets_of(pod, observed)] == kinds


@pytest.mark.parametrize(
    ("results", "passed"),
    [("", None), ("+", True), ("--", None), ("---", False), ("+--", True), ("+---", False), ("+--+--", True)],
)
def test_a_verdict_flips_after_so_many_in_a_row(results: str, *, passed: bool | None) -> None:
    """A-112."""
    one = record("readiness")
    count(one, "readiness", results)
    assert one.facts().ready is passed


def test_several_successes_may_be_asked_for() -> None:
    one = record("readiness", successThreshold=2, failureThreshold=1)
    count(one, "readiness", "+-+")
    assert one.facts().ready is False
    count(one, "readiness", "+")
    assert one.facts().ready is True


def test_a_container_lives_until_liveness_has_failed() -> None:
    """A-111."""
    one = record("liveness")
    assert one.facts().live is True
    count(one, "liveness", "---")
    assert one.facts().live is False
    assert not one.is_due("liveness"), "it is asked no more"
    assert record("readiness").facts().live is None


def test_the_others_wait_for_startup_and_startup_stops_then() -> None:
    """A-111."""
    one = record("startup", "liveness", "readiness")
    assert [kind for kind in one.tallies if one.is_due(kind)] == ["startup"]
    assert one.facts().started is None
    count(one, "startup", "+")
    assert one.facts().started is True
    assert [kind for kind in one.tallies if one.is_due(kind)] == ["liveness", "readiness"]


def test_a_startup_that_failed_is_the_end() -> None:
    one = record("startup", "readiness")
    count(one, "startup", "---")
    assert (one.facts().live, one.facts().started) == (False, False)
    assert not any(one.is_due(kind) for kind in one.tallies)
