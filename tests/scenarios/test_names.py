"""Names in pods follow readiness."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

MEMBER = "gated-1.gated.default.svc.cluster.local"
SERVICE = "gated.default.svc.cluster.local"


def test_an_unready_pod_has_no_name_until_it_is_ready_again(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", MANIFESTS / "gated.yaml", "-f", MANIFESTS / "tools.yaml").succeeded()
    both = {cluster.address_of("gated-0"), cluster.address_of("gated-1")}
    until(lambda: answer(cluster, SERVICE) == ("NOERROR", both), "the names of both pods")
    assert answer(cluster, MEMBER) == ("NOERROR", {cluster.address_of("gated-1")})

    cluster.minisets("exec", "gated-1", "--", "rm", "/ready").succeeded()
    until(lambda: answer(cluster, MEMBER) == ("NXDOMAIN", set()), "the name of the unready pod to go")
    assert answer(cluster, SERVICE) == ("NOERROR", {cluster.address_of("gated-0")})
    (row,) = (row for row in cluster.minisets("get", "pods").rows() if row["NAME"] == "gated-1")
    assert (row["READY"], row["STATUS"]) == ("0/1", "Running")

    cluster.minisets("exec", "gated-1", "--", "touch", "/ready").succeeded()
    until(
        lambda: answer(cluster, MEMBER) == ("NOERROR", {cluster.address_of("gated-1")}),
        "the name of the ready pod to come back",
    )


def answer(cluster: Cluster, name: str) -> tuple[str, set[str]]:
    """The answer's code and its addresses, as a pod hears it."""
    dig = cluster.minisets("exec", "tools", "--", "dig", name).succeeded().out
    code = re.search(r"status: (\w+)", dig)
    assert code is not None, dig
    lines = (line.split() for line in dig.splitlines() if line.startswith(f"{name}."))
    return code[1], {line[4] for line in lines if line[3] == "A"}
