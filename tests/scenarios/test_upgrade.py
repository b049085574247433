"""Another minisets takes the control plane over under running pods."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.cluster import control
from minisets.cluster.content import own_content
from tests.scenarios.another import another_minisets
from tests.scenarios.asking import Asker
from tests.scenarios.cluster import MANIFESTS, ROOT
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
MEMBER = "keeper-0.keeper.default.svc.cluster.local"
GAP = timedelta(seconds=10)  # Why: a resolver tries twice, 5 s each; a longer one loses a name


def test_up_of_another_content_replaces_the_container_under_running_pods(
    own_cluster: Cluster, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    pods = {name: each["Id"] for name, each in cluster.containers().items()}
    before, kubeconfig = cluster.control(), cluster.places.kubeconfig.read_text()
    cluster.code = another_minisets(tmp_path)
    try:
        told = cluster.minisets("get", "pods").succeeded()
        assert "the server is of another minisets than this command: `minisets up` replaces it" in told.err
        assert cluster.control()["Id"] == before["Id"]

        address = before["NetworkSettings"]["Networks"][cluster.name]["IPAddress"]
        with Asker(address, MEMBER) as asker:
            up = cluster.minisets("up", "-f", KEEPER).succeeded()
            until(lambda: not asker.asked()[-1].is_lost, "names to be answered again")
        measured(f"upgrade: DNS gap {asker.gap().total_seconds():.2f} s; {up.err.splitlines()[0]}")
    finally:
        cluster.code = ROOT
    assert f'replaced the server of cluster "{cluster.name}"' in up.err
    assert "statefulset.apps/keeper unchanged" in up.out
    after = cluster.control()
    assert after["Id"] != before["Id"]
    assert after["Config"]["Image"] != before["Config"]["Image"]
    assert cluster.places.kubeconfig.read_text() == kubeconfig

    assert {name: each["Id"] for name, each in cluster.containers().items()} == pods
    assert {pod["status"]["containerStatuses"][0]["restartCount"] for pod in cluster.list("Pod")} == {0}
    asked = asker.asked()
    assert asker.gap() < GAP
    assert {each.code for each in asked} <= {"NOERROR", "LOST"}
    assert {each.addresses for each in asked if not each.is_lost} == {
        frozenset({cluster.address_of("keeper-0")})
    }

    # Back again: the image of the other one, which nobody uses any more, is gone.
    cluster.minisets("up").succeeded()
    assert cluster.control()["Config"]["Image"] == f"minisets.local/control:{own_content()}"
    tags = [tag for image in cluster.engine.images.list() for tag in image.tags]
    assert after["Config"]["Image"] not in tags


def test_a_state_of_a_newer_minisets_is_not_touched(own_cluster: Cluster, tmp_path: Path) -> None:
    """By its label, before anything is stopped; the server that runs goes on."""
    cluster = own_cluster
    newer = another_minisets(tmp_path)
    file = newer / "minisets/store/sqlite.py"
    assert "\nSCHEMA = 1\n" in file.read_text()
    file.write_text(file.read_text().replace("\nSCHEMA = 1\n", "\nSCHEMA = 2\n"))
    cluster.code = newer
    cluster.start()
    cluster.code = ROOT
    before = cluster.control()["Id"]
    refused = cluster.minisets("up").failed()
    assert "is served by a newer minisets, whose state this one cannot read" in refused.err
    assert cluster.control()["Id"] == before
    assert control.running(cluster.places)


def test_a_ready_image_is_taken_as_it_is(own_cluster: Cluster) -> None:
    """MINISETS_IMAGE: the third way."""
    cluster = own_cluster
    cluster.start()
    image = cluster.control()["Config"]["Image"]
    cluster.minisets("down").succeeded()
    handed_in = f"{cluster.name}/handed-in:1"
    cluster.engine.images.get(image).tag(*handed_in.split(":"))
    try:
        up = cluster.shell(
            f"MINISETS_BASE_IMAGE=nowhere.invalid/none:1 MINISETS_IMAGE={handed_in} minisets up"
        )
        up.succeeded()
        assert cluster.control()["Config"]["Image"] == handed_in
        assert cluster.minisets("get", "pods").succeeded().err == "No resources found in default namespace.\n"
        missing = cluster.shell("MINISETS_IMAGE=missing:1 minisets up").failed()
        assert "the image missing:1 (from MINISETS_IMAGE) is not on the engine" in missing.err
        cluster.minisets("down", "--volumes", "--yes").succeeded()
    finally:
        cluster.engine.images.remove(handed_in)
