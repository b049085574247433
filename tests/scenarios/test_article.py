"""The mission's walk-through, by our command line and by an unmodified kubectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios import article
from tests.scenarios.article import WRITE
from tests.scenarios.cluster import ROOT

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

CURRENT = ROOT / "examples/web/web.yaml"


def test_the_article_runs_by_our_command_line(own_cluster: Cluster) -> None:
    article.walk_by_our_command_line(own_cluster)


def test_the_article_runs_by_kubectl_alone(own_cluster: Cluster, kubectl: str) -> None:
    del kubectl
    own_cluster.start()
    article.walk_by_kubectl(own_cluster)


def test_the_same_with_a_current_nginx(own_cluster: Cluster) -> None:
    own_cluster.minisets("up", "-f", CURRENT).succeeded()
    own_cluster.shell(WRITE.format("minisets")).succeeded()
    curl = own_cluster.minisets("exec", "web-0", "--", "curl", "-s", "web-1.nginx").succeeded()
    assert curl.out == "hello web-1\n"
