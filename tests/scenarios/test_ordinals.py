"""A statefulset whose ordinals do not begin at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minisets.objects.metadata import is_being_deleted, labels_of, status_of
from tests.scenarios.cluster import SOON
from tests.scenarios.workload import NEW, Workload, is_available
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]


def test_ordinals_begin_where_they_are_said_to(cluster: Cluster) -> None:
    """A-47, A-53, A-54, A-55, A-59: names, claims, addresses; a lower start makes the new low end first."""
    web = Workload(cluster, "ordinals")
    web.create(ordinals={"start": 5}, container={"image": NEW})
    assert set(web.containers()) == {"web-5", "web-6"}
    assert labels_of(web.pod("web-5"))["apps.kubernetes.io/pod-index"] == "5"
    assert cluster.volume_of("www-web-5", web.namespace) in web.containers()["web-5"].volumes
    found = web.kubectl("exec", "web-6", "--", "getent", "hosts", "web-5.nginx").succeeded()
    assert found.out.split() == [
        status_of(web.pod("web-5"))["podIP"],
        f"web-5.nginx.{web.namespace}.svc.cluster.local",
    ]
    web.scale(3)
    web.until_ready()
    assert set(web.containers()) == {"web-5", "web-6", "web-7"}

    before, stays, began = web.pods(), web.containers(), web.statefulset()
    web.patch(ordinals={"start": 4})
    until(lambda: set(web.pods()) == {"web-4", "web-5", "web-6"}, "web-4 to come and web-7 to go", SOON)
    for pods in web.pods_over_time(before, began):
        if "web-7" not in pods or is_being_deleted(pods["web-7"]):
            assert is_available(pods["web-4"]), "the low end comes first"
    after = web.containers()
    assert set(after) == {"web-4", "web-5", "web-6"}
    assert (after["web-5"], after["web-6"]) == (stays["web-5"], stays["web-6"])
    assert web.claims() == web.volumes() == {f"www-web-{ordinal}" for ordinal in (4, 5, 6, 7)}
