"""Volumes as a pod's containers see them, on the engine in memory: followed, owned, in parts."""

from typing import Any

import pytest

from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import ContainerSpec, Mount
from minisets.errors import EngineError
from minisets.kubelet.kubelet import Kubelet
from minisets.kubelet.memory import Memory
from minisets.kubelet.volumes.mounting import Mounting
from minisets.objects.kinds import Object, Ref
from tests.contracts.engine_world import archive
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

SETTINGS = Ref("ConfigMap", "default", "settings")
MOUNTED = Mount("volume", "/data", "www-web-0")


def with_settings(world: World, **data: str) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": SETTINGS.name}, "data": data})


def with_volume(source: dict[str, Any], **mount: Any) -> dict[str, Any]:
    """A pod's fields, with one volume that its container has at /data."""
    mounts = [{"name": "one", "mountPath": "/data", **mount}]
    return {"volumes": [{"name": "one", **source}], "containers": [container(volumeMounts=mounts)]}


CLAIM = {"persistentVolumeClaim": {"claimName": "www-web-0"}}
CONFIG = {"configMap": {"name": "settings", "optional": True}}


def change(world: World, ref: Ref, **data: str) -> None:
    world.registry.change(ref, lambda old: {**old, "data": data})


def mount_of(world: World) -> Mount:
    return next(mount for mount in world.engine.spec_of("web-0").mounts if mount.target == "/data")


def seen(world: World, name: str) -> bytes | None:
    return world.engine.read_file("web-0", f"/data/{name}")


# --- what changes ---


@pytest.mark.usefixtures("kubelet")
def test_files_follow_what_they_are_made_from(world: World) -> None:
    with_settings(world, kept="1", gone="1")
    world.create_pod(**with_volume(CONFIG))
    world.wait_ready()
    started = world.container("web-0").id
    change(world, SETTINGS, kept="2", fresh="2")
    until(lambda: seen(world, "kept") == b"2", "the new files", SOON)
    assert (seen(world, "fresh"), seen(world, "gone")) == (b"2", None)
    folders = {path.partition("/")[0] for path in world.engine.files_of("web-0_v_one") if ".." in path}
    assert len(folders) == 2, "one folder and ..data"
    assert world.container("web-0").id == started


@pytest.mark.usefixtures("kubelet")
def test_an_optional_source_comes_and_goes(world: World) -> None:
    world.create_pod(**with_volume(CONFIG))
    world.wait_ready()
    assert seen(world, "a") is None
    with_settings(world, a="1")
    until(lambda: seen(world, "a") == b"1", "the file", SOON)
    world.registry.delete(SETTINGS)
    until(
        lambda: set(world.engine.files_of("web-0_v_one")) == {"..data"}, "the file and its link to go", SOON
    )


@pytest.mark.usefixtures("kubelet")
def test_files_of_a_source_that_is_gone_stay(world: World, kubelet: Kubelet) -> None:
    """Kubernetes: the volume is set up again, which fails, and what is there stays."""
    with_settings(world, a="1")
    world.create_pod(**with_volume({"configMap": {"name": "settings"}}))
    world.wait_ready()
    world.registry.delete(SETTINGS)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert seen(world, "a") == b"1"
    with_settings(world, a="2")
    until(lambda: seen(world, "a") == b"2", "the new file", SOON)


@pytest.mark.usefixtures("kubelet")
def test_labels_and_annotations_are_followed(world: World) -> None:
    items = [
        {"path": name, "fieldRef": {"fieldPath": f"metadata.{name}"}} for name in ("labels", "annotations")
    ]
    world.create_pod(**with_volume({"downwardAPI": {"items": items}}))
    world.wait_ready()

    def edit(old: Object) -> Object:
        return {**old, "metadata": {**old["metadata"], "labels": {"a": "1"}, "annotations": {"b": "2"}}}

    world.registry.change(Ref("Pod", "default", "web-0"), edit)
    until(lambda: seen(world, "labels") == b'a="1"', "the label", SOON)
    assert seen(world, "annotations") == b'b="2"'


def test_nothing_is_written_that_is_there_already_not_even_by_another_kubelet(world: World) -> None:
    with_settings(world, a="1")
    with world.kubelet() as kubelet:
        world.create_pod(**with_volume(CONFIG))
        world.wait_ready()
        folder = world.engine.files_of("web-0_v_one")["..data"].link
        world.engine.write_file("web-0_sandbox", f"/v/one/{folder}/a", b"lost if it is written again")
        world.registry.change(
            SETTINGS, lambda old: {**old, "metadata": {**old["metadata"], "labels": {"x": "y"}}}
        )
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        assert world.is_ready()
    assert seen(world, "a") == b"lost if it is written again"


def test_what_changed_while_no_kubelet_looked_is_written_by_the_next(world: World) -> None:
    with_settings(world, a="1")
    with world.kubelet():
        world.create_pod(**with_volume(CONFIG))
        world.wait_ready()
    change(world, SETTINGS, a="2")
    with world.kubelet():
        until(lambda: seen(world, "a") == b"2", "the new file", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_file_that_is_mounted_by_itself_stays_as_it_was(world: World) -> None:
    """Kubernetes: a container using a ConfigMap as a subPath volume receives no updates."""
    with_settings(world, key="1")
    world.create_pod(**with_volume(CONFIG, subPath="key"))
    world.wait_ready()
    mount = mount_of(world)
    assert world.engine.read_file("web-0", "/data") == b"1"
    assert (mount.kind, mount.read_only) == ("bind", True)
    assert mount.source.endswith("/key")
    assert "..data" not in mount.source


# --- to whom it belongs ---


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize(
    ("policy", "mode"), [({}, 0o664), ({"fsGroupChangePolicy": "OnRootMismatch"}, 0o644)]
)
def test_a_claims_content_is_the_groups(world: World, policy: dict[str, str], mode: int) -> None:
    world.bound_claim()
    for name in ("first", "web-0"):  # the first finds a root that is nobody's yet
        world.create_pod(name, securityContext={"fsGroup": 7, **policy}, **with_volume(CLAIM))
        world.wait_ready(name)
        world.engine.put_archive(f"{name}_sandbox", "/v/one", archive({f"late-{name}": b""}))
    root = world.engine.root_of("www-web-0")
    assert (root.group, root.mode) == (7, 0o2775)
    assert world.engine.files_of("www-web-0")["late-first"].mode == mode


@pytest.mark.usefixtures("kubelet")
def test_a_claim_that_is_read_only_keeps_its_owner(world: World) -> None:
    world.bound_claim()
    claim = {"persistentVolumeClaim": {"claimName": "www-web-0", "readOnly": True}}
    world.create_pod(securityContext={"fsGroup": 7}, **with_volume(claim))
    world.wait_ready()
    assert world.engine.root_of("www-web-0").group == 0


@pytest.mark.usefixtures("kubelet")
def test_a_group_that_cannot_be_given_is_tried_again(world: World) -> None:
    world.bound_claim()
    world.engine.fail_next("create_exec", OSError("broken"))
    world.create_pod(securityContext={"fsGroup": 7}, **with_volume(CLAIM))
    world.wait_ready()
    assert world.engine.root_of("www-web-0").group == 7


# --- parts ---


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.41", Mount("bind", "/data", "/var/lib/docker/volumes/www-web-0/_data/of/web-0", read_only=True)),
        ("1.45", Mount("volume", "/data", "www-web-0", read_only=True, sub_path="of/web-0")),
    ],
)
def test_a_part_of_a_claim_is_made_and_mounted(world: World, version: str, expected: Mount) -> None:
    world.engine.api_version = version
    world.bound_claim()
    fields = with_volume(CLAIM, subPathExpr="of/$(POD)", readOnly=True)
    fields["containers"][0]["env"] = [
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    ]
    world.create_pod(**fields)
    world.wait_ready()
    assert mount_of(world) == expected
    assert world.engine.stat_path("web-0_sandbox", "/v/one/of/web-0") is not None
    assert MOUNTED.source in [mount.source for mount in world.engine.spec_of("web-0_sandbox").mounts]


@pytest.mark.usefixtures("kubelet")
def test_a_folder_that_is_made_for_a_part_is_as_the_volumes_root(world: World) -> None:
    world.bound_claim()
    world.create_pod(securityContext={"fsGroup": 7}, **with_volume(CLAIM, subPath="a/b"))
    world.wait_ready()
    made = world.engine.stat_path("web-0_sandbox", "/v/one/a/b")
    assert made is not None
    assert made.mode == 0o2775


@pytest.mark.usefixtures("kubelet")
def test_the_whole_of_a_volume_is_a_part_of_it_too(world: World) -> None:
    world.bound_claim()
    world.create_pod(**with_volume(CLAIM, subPath="."))
    world.wait_ready()
    assert mount_of(world) == MOUNTED


@pytest.mark.usefixtures("kubelet")
def test_a_part_of_a_path_of_the_machine(world: World) -> None:
    world.engine.set_on_host("/srv/new", None)
    world.create_pod(**with_volume({"hostPath": {"path": "/srv"}}, subPath="new"))
    world.wait_ready()
    assert mount_of(world) == Mount("bind", "/data", "/srv/new")
    assert world.engine.kind_on_host("/srv/new") == "directory"


@pytest.mark.usefixtures("kubelet")
def test_a_part_of_a_path_that_is_not_there_waits(world: World) -> None:
    world.engine.set_on_host("/srv", None)
    world.create_pod(**with_volume({"hostPath": {"path": "/srv"}}, subPath="new"))
    until(lambda: world.waiting_reason() == "CreateContainerConfigError", "the reason", SOON)
    assert "stat /srv: no such file or directory" in str(world.container_status()["state"])


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize(
    ("target", "what"),
    [("/", "prepare subPath"), ("../../etc", "prepare subPath"), ("none", "create subPath directory")],
)
def test_a_link_out_of_a_volume_is_refused(world: World, target: str, what: str) -> None:
    """CVE-2017-1002101: nothing of the machine is seen."""
    world.bound_claim()
    world.create_pod("writer", **with_volume(CLAIM))
    world.wait_ready("writer")
    world.engine.put_archive("writer_sandbox", "/v/one", archive({"link": target}))
    world.create_pod(**with_volume(CLAIM, subPath="link/etc"))
    until(lambda: world.waiting_reason() == "CreateContainerConfigError", "the reason", SOON)
    message = world.container_status()["state"]["waiting"]["message"]
    assert message == f'failed to {what} for volumeMount "one" of container "nginx"'
    assert world.names() == ["web-0_sandbox", "writer", "writer_sandbox"]


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize(("version", "reason"), [("1.43", "CreateContainerConfigError"), ("1.44", "")])
def test_recursive_read_only_takes_an_engine_that_can(world: World, version: str, reason: str) -> None:
    world.engine.api_version = version
    host = {"hostPath": {"path": "/srv"}}
    world.create_pod(**with_volume(host, readOnly=True, recursiveReadOnly="Enabled"))
    if not reason:
        world.wait_ready()
        return
    until(lambda: world.waiting_reason() == reason, "the reason", SOON)
    said = 'mode: volume "one" requested recursive read-only mode, but it is not supported by the runtime'
    assert said in str(world.container_status()["state"])


def test_what_the_sandboxs_program_says_is_why_it_failed(world: World) -> None:
    world.bound_claim()
    pod = world.create_pod(securityContext={"fsGroup": 7}, **with_volume(CLAIM))
    engine, image = world.engine, SandboxImage(world.engine)
    sandbox = engine.create_container(ContainerSpec("other", image.ensured(), {}))
    engine.start_container(sandbox)
    mounting = Mounting(world.store, engine, Memory(world.clock), image, world.settings)
    with pytest.raises(EngineError, match="pause own /v/one 7: pause: cannot open /v/one: error 2"):
        mounting.write(pod, "one", sandbox)
