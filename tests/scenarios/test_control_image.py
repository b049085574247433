"""The control image: made on a stock Python in one of two ways, else what to do; and what a start takes."""

from __future__ import annotations

import re
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from minisets.engine import labels
from tests.scenarios.another import another_minisets
from tests.scenarios.cluster import ARTICLE, MANIFESTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

ANOTHER_PYTHON = "minisets.test/python-next:1"
NO_PYTHON = "minisets.test/busy:1"
STEPS = re.compile(r"\((image .*)\)")
MADE_WITHIN = timedelta(seconds=200)


@pytest.fixture
def unbuilt(own_cluster: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of a minisets that the engine has no image of."""
    own_cluster.code = another_minisets(tmp_path)
    yield own_cluster
    own_cluster.minisets("down", "--volumes", "--yes").succeeded()
    own_cluster.code = ROOT


def up_on(base: str) -> str:
    return f"MINISETS_BASE_IMAGE={base} minisets up -f {MANIFESTS / 'keeper.yaml'}"


def test_it_is_made_of_what_is_installed_where_the_base_has_the_same_python(
    unbuilt: Cluster, measured: Callable[[str], None]
) -> None:
    """From an unbuilt image, nothing running, to the article's set Ready."""
    began = monotonic()
    up = unbuilt.minisets("up", "-f", ARTICLE).succeeded()
    steps = STEPS.search(up.err)
    assert steps is not None, up
    measured(f"from an unbuilt image to the article's set Ready: {monotonic() - began:.1f} s ({steps[1]})")
    assert "getting libraries" not in up.err
    image = unbuilt.control()["Config"]["Image"]
    assert image in tags(unbuilt)
    unbuilt.minisets("down", "--volumes", "--yes").succeeded()
    assert image not in tags(unbuilt)
    check_nothing_is_left(unbuilt)


def test_from_a_built_image_a_start_takes_a_moment(
    own_cluster: Cluster, control_image: str, measured: Callable[[str], None]
) -> None:
    """Fifteen seconds on a machine that runs a container in one; elsewhere fifteen such runs."""
    del control_image
    paces = []
    for _ in range(3):
        plain = plain_run(own_cluster)
        began = monotonic()
        up = own_cluster.minisets("up", "-f", ARTICLE).succeeded()
        took = monotonic() - began
        paces.append(took / max(1, plain))
        steps = STEPS.search(up.err)
        assert steps is not None, up
        measured(f"from a built image to the article's set Ready: {took:.1f} s ({steps[1]})")
        measured(f"a plain container's run just before: {plain:.1f} s")
        own_cluster.minisets("down", "--volumes", "--yes").succeeded()
        # Why: `down --volumes` takes the image with it; another cluster's would have kept it.
        own_cluster.start()
        own_cluster.minisets("down").succeeded()
    assert min(paces) < 15


def plain_run(cluster: Cluster) -> float:
    """The seconds that a container of an image that is there takes to be made, run and removed."""
    began = monotonic()
    cluster.engine.containers.run(NO_PYTHON, ["true"], remove=True)
    return monotonic() - began


def test_it_is_made_of_locked_wheels_where_the_base_has_another_python(unbuilt: Cluster) -> None:
    up = unbuilt.shell(up_on(ANOTHER_PYTHON), MADE_WITHIN).succeeded()
    assert "getting libraries for Python 3.13 on " in up.err
    code, version = unbuilt.inside_control("python3", "--version")
    assert (code, version[:12]) == (0, "Python 3.13.")
    assert len(unbuilt.minisets("get", "pods").succeeded().rows()) == 2
    asked = unbuilt.minisets(
        "exec", "keeper-0", "--", "nslookup", "keeper-1.keeper.default.svc.cluster.local"
    )
    assert unbuilt.address_of("keeper-1") in asked.succeeded().out


def test_a_base_without_python_is_said_to_be_none(unbuilt: Cluster) -> None:
    refused = unbuilt.shell(up_on(NO_PYTHON)).failed()
    assert f"the image {NO_PYTHON} has no CPython 3.11 or newer as `python3`" in refused.err
    assert "MINISETS_BASE_IMAGE" in refused.err
    check_nothing_is_left(unbuilt)


def test_a_base_that_cannot_be_had_is_said_with_every_way_out(unbuilt: Cluster) -> None:
    refused = unbuilt.shell(up_on("minisets.invalid/none:1")).failed()
    last = refused.err.strip().splitlines()[-1]
    assert last.startswith(
        "Error: the base of the control image, minisets.invalid/none:1, is not on the engine"
    )
    for way in ("docker load", "MINISETS_BASE_IMAGE", "MINISETS_IMAGE"):
        assert way in last
    check_nothing_is_left(unbuilt)


def tags(cluster: Cluster) -> list[str]:
    return [tag for image in cluster.engine.images.list() for tag in image.tags]


def check_nothing_is_left(cluster: Cluster) -> None:
    assert cluster.everything() == []
    assert not cluster.places.state.exists()
    assert cluster.engine.containers.list(all=True, filters={"label": f"{labels.KIND}=build"}) == []
