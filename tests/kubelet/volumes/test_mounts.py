from dataclasses import replace
from typing import Any

import pytest

from minisets.engine.specs import Mount
from minisets.kubelet.failures import NotYet
from minisets.kubelet.references import pods_concerned
from minisets.kubelet.volumes.mounts import (
    LOCAL,
    Source,
    container_mounts,
    file_volumes,
    pod_volumes,
    sandbox_mounts,
    source_of,
    volume_options,
)
from minisets.objects.kinds import Object, Ref
from minisets.objects.owners import owner_reference
from minisets.store.interface import Change, ChangeType
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import World

SOURCES = {"etc": Source("own"), "www": Source("volume", "www-web-0"), "host": Source("bind", "/srv")}
OWN = {"etc": "web-0_v_etc"}


def _pod() -> Object:
    return good_pod(
        volumes=[
            {"name": "etc", "configMap": {"name": "settings"}},
            {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}},
            {"name": "host", "hostPath": {"path": "/srv"}},
        ]
    )


def test_the_sandbox_holds_every_volume_whole_and_writable() -> None:
    """DESIGN decision 4."""
    local = Source("bind", "/mnt/disk", path_type=LOCAL)
    assert sandbox_mounts({**SOURCES, "local": local}, OWN) == (
        Mount("volume", "/v/etc", "web-0_v_etc"),
        Mount("volume", "/v/www", "www-web-0"),
        Mount("bind", "/v/local", "/mnt/disk"),
    )


def test_a_container_sees_files_read_only_and_data_as_it_asks() -> None:
    mounts = [
        {"name": "etc", "mountPath": "/etc/app"},
        {"name": "www", "mountPath": "/www"},
        {"name": "www", "mountPath": "/copy", "readOnly": True},
        {"name": "host", "mountPath": "/host"},
    ]
    assert container_mounts(_pod(), {"volumeMounts": mounts}, SOURCES, OWN) == (
        Mount("volume", "/etc/app", "web-0_v_etc", read_only=True),
        Mount("volume", "/www", "www-web-0"),
        Mount("volume", "/copy", "www-web-0", read_only=True),
        Mount("bind", "/host", "/srv"),
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"mountPropagation": "None"}, {}),
        ({"mountPropagation": "HostToContainer"}, {"propagation": "rslave"}),
        ({"mountPropagation": "Bidirectional"}, {"propagation": "rshared"}),
        ({"readOnly": True}, {"read_only": True, "recursion": "no"}),
        ({"readOnly": True, "recursiveReadOnly": "Disabled"}, {"read_only": True, "recursion": "no"}),
        ({"readOnly": True, "recursiveReadOnly": "IfPossible"}, {"read_only": True}),
        ({"readOnly": True, "recursiveReadOnly": "Enabled"}, {"read_only": True, "recursion": "forced"}),
    ],
)
def test_how_far_mounts_of_the_machine_reach(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    mount = {"name": "host", "mountPath": "/host", **asked}
    (found,) = container_mounts(_pod(), {"volumeMounts": [mount]}, SOURCES, OWN)
    assert found == replace(Mount("bind", "/host", "/srv"), **expected)


def test_a_claim_that_is_read_only_for_the_pod_is_so_wherever_its_data_lies() -> None:
    pod = _pod()
    pod["spec"]["volumes"][1]["persistentVolumeClaim"]["readOnly"] = True
    mount = {"volumeMounts": [{"name": "www", "mountPath": "/www"}]}
    for source in (SOURCES["www"], SOURCES["host"]):
        (found,) = container_mounts(pod, mount, {**SOURCES, "www": source}, OWN)
        assert found.read_only


def test_which_volumes_live_with_the_pod_and_which_are_written_first() -> None:
    assert pod_volumes(_pod()) == ("etc",)
    assert file_volumes(_pod()) == ("etc",)
    grouped = _pod()
    grouped["spec"]["securityContext"] = {"fsGroup": 7}
    assert file_volumes(grouped) == ("etc", "www")


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ({"emptyDir": {}}, {}),
        ({"configMap": {"name": "a"}}, {}),
        ({"secret": {"secretName": "a"}}, {"type": "tmpfs", "device": "tmpfs", "o": "mode=0755"}),
        (
            {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
            {"type": "tmpfs", "device": "tmpfs", "o": "size=1048576,mode=0755"},
        ),
    ],
)
def test_secrets_and_memory_lie_in_memory(source: dict[str, Any], options: dict[str, str]) -> None:
    assert volume_options(good_pod(volumes=[{"name": "a", **source}]), "a") == options


def test_a_claim_stands_for_what_its_volume_names(world: World) -> None:
    pod = _pod()
    with pytest.raises(NotYet, match='persistentvolumeclaim "www-web-0" not found'):
        source_of(pod, "www", world.store)
    world.bound_claim()
    assert source_of(pod, "www", world.store) == Source("volume", "www-web-0")
    assert source_of(pod, "host", world.store) == Source("bind", "/srv", is_made=True)
    assert source_of(pod, "etc", world.store) == Source("own")


def test_an_ephemeral_volume_is_the_pods_own_claim(world: World) -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    world.nodes().register(world.engine.info())
    pod = world.create_pod(volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}])
    world.bound_claim("web-0-scratch")
    with pytest.raises(NotYet) as caught:
        source_of(pod, "scratch", world.store)
    said = "PVC default/web-0-scratch was not created for pod default/web-0 (pod is not owner)"
    assert (str(caught.value), caught.value.reason) == (said, "FailedMount")

    def own(claim: Object) -> Object:
        return {**claim, "metadata": {**claim["metadata"], "ownerReferences": [owner_reference(pod)]}}

    claim = Ref("PersistentVolumeClaim", "default", "web-0-scratch")
    world.registry.change(claim, own)
    assert source_of(pod, "scratch", world.store) == Source("volume", "web-0-scratch")
    changed = Change(ChangeType.MODIFIED, claim, world.store.get(claim) or {}, None, 1)
    assert list(pods_concerned(changed, world.store)) == ["default/web-0"]


def test_a_claim_that_is_not_bound_is_said_so(world: World) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = {"metadata": {"name": "www-web-0"}, "spec": spec}
    world.registry.create("PersistentVolumeClaim", "default", body)
    with pytest.raises(NotYet, match='"www-web-0" is not bound to a volume yet'):
        source_of(_pod(), "www", world.store)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"hostPath": {"path": "/srv/x"}}, Source("bind", "/srv/x", is_made=True)),
        (
            {"hostPath": {"path": "/srv/x", "type": "DirectoryOrCreate"}},
            Source("bind", "/srv/x", path_type="DirectoryOrCreate"),
        ),
        (
            {"hostPath": {"path": "/srv/x", "type": "Directory"}},
            Source("bind", "/srv/x", path_type="Directory"),
        ),
        ({"local": {"path": "/srv/x"}}, Source("bind", "/srv/x", path_type=LOCAL)),
        ({"flocker": {"datasetName": "a"}}, "is of the kind flocker, which minisets cannot mount"),
    ],
)
def test_what_a_volume_of_another_kind_comes_to(
    world: World, source: dict[str, Any], expected: Source | str
) -> None:
    world.bound_claim()
    volume = world.store.list("PersistentVolume").items[0]
    spec = {key: value for key, value in volume["spec"].items() if key != "csi"}

    class Reader:
        """The store, with another source in the volume (a PV's source is immutable)."""

        list = world.store.list

        def get(self, ref: Ref) -> Object | None:
            found = world.store.get(ref)
            return {**volume, "spec": {**spec, **source}} if ref.kind == "PersistentVolume" else found

    if isinstance(expected, Source):
        assert source_of(_pod(), "www", Reader()) == expected
    else:
        with pytest.raises(NotYet, match=expected):
            source_of(_pod(), "www", Reader())


@pytest.mark.parametrize(
    ("mode", "field", "said"),
    [
        ("Block", "volumeMounts", "volume www has volumeMode Block, but is specified in volumeMounts"),
        (
            "Filesystem",
            "volumeDevices",
            "volume www has volumeMode Filesystem, but is specified in volumeDevices",
        ),
        ("Block", "volumeDevices", "volume www has volumeMode Block, and minisets has no block devices"),
        ("Block", "", "volume www has volumeMode Block, and minisets has no block devices"),
        ("Filesystem", "volumeMounts", ""),
    ],
)
def test_a_block_device_is_handed_to_nobody(world: World, mode: str, field: str, said: str) -> None:
    """Kubernetes: desired_state_of_world_populator.go createVolumeSpec."""
    world.bound_claim()
    (volume,) = world.store.list("PersistentVolume").items
    with world.store.transaction() as transaction:
        transaction.put({**volume, "spec": {**volume["spec"], "volumeMode": mode}})
    subject = _pod()
    subject["spec"]["containers"][0].pop("volumeMounts", None)
    if field:
        subject["spec"]["containers"][0][field] = [{"name": "www"}]
    if not said:
        assert source_of(subject, "www", world.store).name == "www-web-0"
        return
    with pytest.raises(NotYet) as refused:
        source_of(subject, "www", world.store)
    assert str(refused.value).startswith(said)
    assert refused.value.reason == "FailedMount"
