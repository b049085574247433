"""Which snapshots are taken together, and when."""

from typing import Any

import pytest

from minisets.kubelet.snapshots.groups import due_group
from minisets.objects.kinds import Object
from minisets.settings import PROVISIONER


def snapshot(name: str, group: str = "", size: str = "", **metadata: Any) -> Object:
    labels = {"minisets.dev/snapshot-group": group} if group else {}
    annotations = {"minisets.dev/snapshot-group-size": size} if size else {}
    own = {"name": name, "namespace": "default", "uid": f"u-{name}"}
    return {
        "kind": "VolumeSnapshot",
        "metadata": {**own, "labels": labels, "annotations": annotations, **metadata},
        "spec": {"source": {"persistentVolumeClaimName": f"data-{name}"}},
    }


def content(name: str, driver: str = PROVISIONER, **status: Any) -> Object:
    ref = {"namespace": "default", "name": name, "uid": f"u-{name}"}
    source = {"volumeHandle": f"data-{name}"}
    spec = {"volumeSnapshotRef": ref, "source": source, "driver": driver}
    metadata = {"name": f"snapcontent-u-{name}", "uid": f"c-{name}"}
    return {"kind": "VolumeSnapshotContent", "metadata": metadata, "spec": spec, "status": status}


def due(snapshots: list[Object], contents: list[Object]) -> list[str] | None:
    """The Docker volumes that are taken together because of the first one."""
    named = {one["metadata"]["name"]: one for one in contents}
    group = due_group(snapshots[0], snapshots, named)
    return None if group is None else [member.handle for member in group.members]


def test_one_without_a_group_is_taken_alone() -> None:
    assert due([snapshot("a"), snapshot("b")], [content("a"), content("b")]) == ["data-a"]


def test_a_group_is_taken_once_all_of_it_are_there() -> None:
    both = [snapshot("b", "g", "2"), snapshot("a", "g", "2"), snapshot("c", "other", "1")]
    assert due(both[:1], [content("b")]) is None
    assert due(both, [content("b")]) is None
    assert due(both, [content("a"), content("b"), content("c")]) == ["data-a", "data-b"]


@pytest.mark.parametrize(("group", "size"), [("g", ""), ("g", "none"), ("g", "0"), ("", "2")])
def test_a_group_without_a_size_is_none(group: str, size: str) -> None:
    assert due([snapshot("a", group, size), snapshot("b", group, size)], [content("a")]) == ["data-a"]


def test_a_group_goes_on_until_all_of_it_are_ready() -> None:
    both = [snapshot("a", "g", "2"), snapshot("b", "g", "2")]
    ready = content("a", readyToUse=True)
    assert due(both, [ready, content("b")]) == ["data-a", "data-b"]
    assert due(both, [ready, content("b", readyToUse=True)]) is None


def test_a_group_of_which_one_failed_is_not_taken_again() -> None:
    both = [snapshot("a", "g", "2"), snapshot("b", "g", "2")]
    failed = content("b", readyToUse=False, error={"message": "no space"})
    assert due(both, [content("a"), failed]) is None


def test_what_is_on_its_way_out_or_elses_is_not_taken() -> None:
    assert due([snapshot("a", deletionTimestamp="2026-11-23T12:00:00Z")], [content("a")]) is None
    assert due([snapshot("a")], [content("a", driver="elsewhere.example.com")]) is None
    other = content("a")
    other["spec"]["volumeSnapshotRef"]["uid"] = "u-predecessor"
    assert due([snapshot("a")], [other]) is None
