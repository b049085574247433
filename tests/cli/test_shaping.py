"""`minisets up --nodes --max-nodes --zones`: what becomes of the cluster's shape."""

from datetime import timedelta
from pathlib import Path

import pytest

from minisets.cli.session import Session
from minisets.cli.shaping import Wanted, await_nodes
from minisets.clock import SystemClock
from minisets.errors import MinisetsError, UsageError
from minisets.objects.shape import SHAPE, Shape
from tests.cli.conftest import Run
from tests.cli.nodes import in_zones, ref, registered
from tests.whole import Whole

ABC = ("a", "b", "c")


def shape(whole: Whole) -> dict[str, str] | None:
    found = whole.client.get(SHAPE)
    return None if found is None else dict(found["data"])


# --- what options mean ---


@pytest.mark.parametrize(("wanted", "over", "is_"), [
    (Wanted(nodes=3), Shape(), Shape(3, 3)),
    (Wanted(nodes=3, max_nodes=5), Shape(), Shape(3, 5)),
    (Wanted(max_nodes=5), Shape(2, 2, ABC), Shape(2, 5, ABC)),
    (Wanted(zones=ABC), Shape(2, 4), Shape(2, 4, ABC)),
    (Wanted(nodes=1), Shape(3, 8, ABC), Shape(1, 1, ABC)),
    (Wanted(max_nodes=1), Shape(), Shape(1, 1)),
])  # fmt: skip
def test_options_change_what_they_name_and_nodes_alone_are_a_fixed_number(
    wanted: Wanted, over: Shape, is_: Shape
) -> None:
    assert wanted.over(over) == is_


def test_there_cannot_be_less_at_most_than_always() -> None:
    with pytest.raises(UsageError, match="--max-nodes 2 is less than the 3 nodes that are always there"):
        Wanted(max_nodes=2).over(Shape(3, 3))


# --- up ---


def test_the_shape_is_written_and_its_nodes_are_there_before_the_files(
    run: Run, whole: Whole, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    registered(whole, "minisets-1", "minisets-2")
    in_zones(whole, *ABC)
    ran = run("up", "-f", str(file), "--nodes", "3", "--zones", "a, b,c", "--timeout", "20")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == ["nodes: 3, never more; zones: a, b, c", "configmap/a created"]
    assert shape(whole) == {"nodes": "3", "max-nodes": "3", "zones": "a,b,c"}


def test_a_later_up_changes_only_what_it_names(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    in_zones(whole, "a", "b")
    assert run("up", "--nodes", "2", "--zones", "a,b").code == 0
    said = run("up", "--max-nodes", "4").out.splitlines()
    assert said[0] == "nodes: 2, up to 4 when pods need them; zones: a, b"
    assert shape(whole) == {"nodes": "2", "max-nodes": "4", "zones": "a,b"}
    assert run("up").code == 0
    assert shape(whole) == {"nodes": "2", "max-nodes": "4", "zones": "a,b"}


def test_without_options_there_is_no_shape(run: Run, whole: Whole) -> None:
    assert run("up").out == 'cluster "minisets" is up\n'
    assert shape(whole) is None


def test_a_node_that_is_stopped_is_not_waited_for(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    in_zones(whole, "minisets-a")
    assert run("node", "stop", "minisets-1").code == 0
    assert run("up", "--nodes", "2", "--timeout", "5").code == 0


def test_nodes_that_do_not_come_are_named(whole: Whole) -> None:
    session = Session("minisets", "default", SystemClock())
    in_zones(whole, "minisets-a")
    said = "node minisets-1 is not Ready in zone minisets-b after 0 s; see `minisets node list`"
    with pytest.raises(MinisetsError, match=said):
        await_nodes(session, whole.client, Shape(2, 2), timedelta(0))


def test_a_node_that_is_in_another_zone_yet_is_waited_for(whole: Whole) -> None:
    session = Session("minisets", "default", SystemClock())
    with pytest.raises(MinisetsError, match="node minisets-0 is not Ready in zone a after 0 s"):
        await_nodes(session, whole.client, Shape(1, 1, ABC), timedelta(0))


def test_nobody_waits_for_nodes_who_does_not_wait(run: Run, whole: Whole) -> None:
    assert run("up", "--nodes", "2", "--no-wait").code == 0
    assert whole.client.get(ref("minisets-0")) is not None
    assert shape(whole) == {"nodes": "2", "max-nodes": "2", "zones": "minisets-a,minisets-b,minisets-c"}


def test_less_at_most_than_there_are_is_refused_before_anything_is_done(run: Run, whole: Whole) -> None:
    run("up", "--nodes", "2", "--no-wait")
    refused = run("up", "--max-nodes", "1")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "Error: --max-nodes 1 is less than the 2 nodes that are always there\n"
    assert shape(whole) == {"nodes": "2", "max-nodes": "2", "zones": "minisets-a,minisets-b,minisets-c"}


@pytest.mark.parametrize(("argv", "said"), [
    (("--nodes", "0"), "Invalid value for '--nodes'"),
    (("--nodes", "101"), "Invalid value for '--nodes'"),
    (("--nodes", "two"), "Invalid value for '--nodes'"),
    (("--max-nodes", "0"), "Invalid value for '--max-nodes'"),
    (("--nodes", "3", "--max-nodes", "2"), "--max-nodes 2 is less than the 3 nodes that are always there"),
    (("--zones", "a,,b"), 'the zone "" is not usable: it is empty'),
    (("--zones", ""), 'the zone "" is not usable: it is empty'),
    (("--zones", "a,-b"), 'the zone "-b" is not usable: '),
    (("--zones", "a b"), 'the zone "a b" is not usable: '),
])  # fmt: skip
def test_what_cannot_be_is_misuse_and_starts_nothing(
    run: Run, home: Path, argv: tuple[str, ...], said: str
) -> None:
    refused = run("up", *argv)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err.splitlines()[-1]
    assert list(home.iterdir()) == []
