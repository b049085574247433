import io
import tarfile
from typing import Any

import pytest

from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.files import archive_beside, archive_of, folder_of
from minisets.objects.kinds import Object
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import World


@pytest.fixture(autouse=True)
def _sources(world: World) -> None:
    data = {"a.conf": "1", "b.conf": "2"}
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": data})
    world.registry.create("Secret", "default", {"metadata": {"name": "password"}, "data": {"p": "cA=="}})


def members(
    world: World, pod: Object, volume: str
) -> tuple[str, dict[str, tarfile.TarInfo], dict[str, bytes]]:
    path, archive = archive_of(pod, volume, world.store, None)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {member.name: member for member in tar}
        content = {
            name: extracted.read()
            for name, member in found.items()
            if member.isfile() and (extracted := tar.extractfile(member))
        }
    return path, found, content


def pod_with(*, group: int | None = None, **source: Any) -> Object:
    security = {} if group is None else {"securityContext": {"fsGroup": group}}
    return good_pod(volumes=[{"name": "etc", **source}], **security)


def files(world: World, pod: Object) -> dict[str, tuple[bytes, int]]:
    """What a reader finds, by the name that it sees."""
    _, found, content = members(world, pod, "etc")
    inside = found["..data"].linkname
    return {name.removeprefix(f"{inside}/"): (data, found[name].mode) for name, data in content.items()}


def test_files_lie_behind_symlinks_so_that_all_can_be_swapped_at_once(world: World) -> None:
    path, found, _ = members(world, pod_with(configMap={"name": "settings"}), "etc")
    inside = found["..data"].linkname
    assert path == "/v/etc"
    assert inside.startswith("..")
    assert found[inside].isdir()
    assert found["a.conf"].linkname == "..data/a.conf"
    assert set(found) == {inside, f"{inside}/a.conf", f"{inside}/b.conf", "..data", "a.conf", "b.conf"}


def test_equal_content_gives_an_equal_archive(world: World) -> None:
    pod = pod_with(configMap={"name": "settings"})
    assert archive_of(pod, "etc", world.store, None) == archive_of(pod, "etc", world.store, None)


def test_modes_and_chosen_keys(world: World) -> None:
    """manifests.md trap 16."""
    everything = pod_with(configMap={"name": "settings", "defaultMode": 0o755})
    assert files(world, everything) == {"a.conf": (b"1", 0o755), "b.conf": (b"2", 0o755)}
    items = [{"key": "a.conf", "path": "conf.d/first.conf", "mode": 0o400}]
    chosen = pod_with(configMap={"name": "settings", "items": items})
    assert files(world, chosen) == {"conf.d/first.conf": (b"1", 0o400)}
    _, found, _ = members(world, chosen, "etc")
    assert found["conf.d"].linkname == "..data/conf.d"


def test_a_secret_is_decoded(world: World) -> None:
    assert files(world, pod_with(secret={"secretName": "password", "defaultMode": 0o400})) == {
        "p": (b"p", 0o400)
    }


def test_a_projection_gathers_its_sources(world: World) -> None:
    downward = {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}
    sources = [
        {"configMap": {"name": "settings"}},
        {"secret": {"name": "password"}},
        {"downwardAPI": downward},
    ]
    found = files(world, pod_with(projected={"sources": sources, "defaultMode": 0o644}))
    assert {name: data for name, (data, _) in found.items()} == {
        "a.conf": b"1",
        "b.conf": b"2",
        "p": b"p",
        "name": b"web-0",
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"configMap": {"name": "nowhere"}},
            'MountVolume.SetUp failed for volume "etc" : configmap "nowhere" not found',
        ),
        ({"secret": {"secretName": "nowhere"}}, 'secret "nowhere" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "z", "path": "z"}]}},
            "configmap references non-existent config key: z",
        ),
    ],
)
def test_a_missing_source_is_named(world: World, source: dict[str, Any], message: str) -> None:
    with pytest.raises(NotYet, match=message) as caught:
        archive_of(pod_with(**source), "etc", world.store, None)
    assert caught.value.reason == "FailedMount"


def test_a_missing_optional_source_gives_an_empty_volume(world: World) -> None:
    """manifests.md trap 15."""
    assert files(world, pod_with(configMap={"name": "nowhere", "optional": True})) == {}


def test_an_empty_dir_is_anybodys_and_a_group_gets_what_it_is_promised(world: World) -> None:
    """manifests.md trap 18."""
    path, found, _ = members(world, pod_with(emptyDir={}), "etc")
    assert (path, found["etc"].mode, found["etc"].gid) == ("/v", 0o777, 0)
    _, found, _ = members(world, pod_with(group=7, emptyDir={}), "etc")
    assert (found["etc"].mode, found["etc"].gid) == (0o2777, 7)
    secret = pod_with(group=7, secret={"secretName": "password", "defaultMode": 0o400})
    assert files(world, secret) == {"p": (b"p", 0o440)}
    _, found, _ = members(world, secret, "etc")
    folder = found[found["..data"].linkname]
    assert (folder.mode, folder.gid) == (0o2755, 7)


def test_new_files_stand_in_a_folder_of_their_own_beside_the_old_ones() -> None:
    old, new = {"a/b": (b"1", 0o644)}, {"a/b": (b"1", 0o600)}
    assert folder_of(old) != folder_of(new), "a mode is content too"
    with tarfile.open(fileobj=io.BytesIO(archive_beside(new, None))) as tar:
        names = tar.getnames()
    assert names == [folder_of(new), f"{folder_of(new)}/a", f"{folder_of(new)}/a/b"]
