"""`scripts/demo` on a cluster of the test's own: what it prints, and that it can be run again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import ROOT

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

DEMO = ROOT / "scripts/demo"
WITHIN = timedelta(seconds=240)


def printed_in_order(name: str) -> list[str]:
    """What the walk-through shows: commands as text, what they print as expressions."""
    own = re.escape(f"{name}_default_")
    return [
        re.escape("$ minisets up -f examples/article/web.yaml"),
        r"  web-0  Ready at 10\.\S+",
        r"  web-1  Ready at 10\.\S+",
        re.escape("$ minisets get pvc -l app=nginx"),
        r"www-web-0 +Bound +pvc-\S+ +1Gi +RWO .*",
        r"www-web-1 +Bound +pvc-\S+ +1Gi +RWO .*",
        re.escape("$ docker ps; docker volume ls"),
        rf".* {own}web-1",  # the newest first
        rf".* {own}web-0_sandbox",
        rf"local +{own}www-web-0",
        rf"local +{own}www-web-1",
        r"\$ for i in 0 1; do minisets exec web-\$i -- sh -c 'echo hello \$\(hostname\) > \S+'; done",
        r"\$ for i in 0 1; do minisets exec -it web-\$i -- curl localhost; done",
        "hello web-0",
        "hello web-1",
        re.escape("$ minisets delete-pod -l app=nginx"),
        r"pod/web-0 is Ready again at 10\.\S+ \(was 10\.\S+\)",
        r"pod/web-1 is Ready again at 10\.\S+ \(was 10\.\S+\)",
        re.escape("$ minisets exec web-0 -- curl -s web-1.nginx"),
        "hello web-1",
        rf"  minisets --cluster {name} down  .*",
    ]


def test_the_demo_shows_the_walk_through_and_leaves_the_set_running(own_cluster: Cluster) -> None:
    demo = own_cluster.shell(f"cd / && {DEMO}", WITHIN).succeeded()
    lines = iter(demo.out.splitlines())
    for wanted in printed_in_order(own_cluster.name):
        assert any(re.fullmatch(wanted, line) for line in lines), f"no {wanted!r} in its place in\n{demo}"
    pods = own_cluster.minisets("get", "pods").succeeded().rows()
    assert [(row["NAME"], row["READY"]) for row in pods] == [("web-0", "1/1"), ("web-1", "1/1")]

    again = own_cluster.shell(str(DEMO), WITHIN).succeeded()
    assert "statefulset.apps/web unchanged" in again.out
