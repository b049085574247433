"""How long a claim and its Docker volume stay is what the statefulset's retention policy says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minisets.objects.metadata import is_being_deleted
from minisets.objects.owners import owners_of
from tests.scenarios.workload import Workload
from tests.waiting import holds, until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]


def test_when_scaled_delete_takes_the_data_of_the_pods_that_go(cluster: Cluster) -> None:
    """A-60, A-61, A-65; whenDeleted is Retain."""
    web = Workload(cluster, "when-scaled")
    web.create(replicas=3, persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    write_all(web)
    stays = web.containers()["web-0"]
    web.scale(1)
    until_claims_are(web, "www-web-0")
    assert web.containers() == {"web-0": stays}
    web.scale(3)
    web.until_ready()
    assert [web.read(f"web-{ordinal}") for ordinal in range(3)] == ["of web-0", "", ""]

    web.write("web-1", "again")
    web.delete_pod("web-1")
    assert web.read("web-1") == "again", "a pod that is deleted by hand keeps its data"

    web.kubectl("delete", "statefulset", "web").succeeded()
    until(lambda: web.pods() == {}, "the pods to go")
    holds(lambda: web.claims() == web.volumes() == claims_of(0, 1, 2), "the claims and their volumes stay")


def test_a_pod_that_is_wanted_again_while_it_goes_comes_back_on_a_fresh_volume(cluster: Cluster) -> None:
    """A-14, A-63: its claim belongs to the pod that goes, so the next one waits until both are gone."""
    web = Workload(cluster, "flip")
    web.create(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    write_all(web)
    goes = web.pod("web-1")
    web.hold("pod/web-1", "pvc/www-web-1")
    web.scale(1)
    until(lambda: owners_of_claim(web, "www-web-1") == ["Pod web-1"], "the claim to be the pod's")
    until(lambda: is_being_deleted(web.pod("web-1")), "the pod to be deleted")
    web.scale(2)
    web.until_seen()
    web.let_go("pod/web-1")
    until(lambda: is_being_deleted(web.claim("www-web-1")), "the claim to follow its pod")
    holds(lambda: set(web.pods()) == {"web-0"}, "no web-1 while the claim is there")
    web.let_go("pvc/www-web-1")
    # Why: the end of a claim wakes no controller.
    web.kubectl("annotate", "statefulset", "web", "look=again").succeeded()
    web.until_replaced(goes)
    assert (web.read("web-0"), web.read("web-1")) == ("of web-0", "")
    assert owners_of_claim(web, "www-web-1") == []
    assert web.volumes() == web.claims() == claims_of(0, 1)


def test_when_deleted_delete_takes_all_claims_with_the_statefulset(cluster: Cluster) -> None:
    """A-60, A-61; whenScaled is Retain: what was scaled down before goes only now."""
    web = Workload(cluster, "when-deleted")
    web.create(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})
    web.scale(1)
    until(lambda: set(web.pods()) == {"web-0"}, "web-1 to go")
    holds(lambda: web.claims() == web.volumes() == claims_of(0, 1), "both claims and their volumes stay")
    web.kubectl("delete", "statefulset", "web").succeeded()
    until_claims_are(web)


def test_retain_keeps_all_claims_until_the_policy_is_another(cluster: Cluster) -> None:
    """A-59, A-62."""
    web = Workload(cluster, "retained")
    web.create()
    write_all(web)
    web.scale(1)
    until(lambda: set(web.pods()) == {"web-0"}, "web-1 to go")
    web.kubectl("delete", "statefulset", "web").succeeded()
    until(lambda: web.pods() == {}, "web-0 to go")
    holds(lambda: web.claims() == web.volumes() == claims_of(0, 1), "both claims and their volumes stay")

    web.apply()
    assert (web.read("web-0"), web.read("web-1")) == ("of web-0", "of web-1")
    before = web.containers()
    web.patch(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})
    for claim in claims_of(0, 1):
        until(lambda claim=claim: owners_of_claim(web, claim) == ["StatefulSet web"], f"{claim} to be its")  # type: ignore[misc] # a lambda's default
    assert web.containers() == before
    web.kubectl("delete", "statefulset", "web").succeeded()
    until_claims_are(web)


def write_all(web: Workload) -> None:
    for pod in web.pods():
        web.write(pod, f"of {pod}")


def claims_of(*ordinals: int) -> set[str]:
    return {f"www-web-{ordinal}" for ordinal in ordinals}


def until_claims_are(web: Workload, *names: str) -> None:
    """In the API, and their volumes on the engine."""
    until(lambda: web.claims() == set(names), f"no claims but {names}")
    until(lambda: web.volumes() == set(names), f"no volumes but those of {names}")


def owners_of_claim(web: Workload, claim: str) -> list[str]:
    return [f"{owner['kind']} {owner['name']}" for owner in owners_of(web.claim(claim))]
