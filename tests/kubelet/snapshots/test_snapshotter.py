"""The snapshotter in a whole kubelet, over the engine in memory; a test plays the snapshot-controller."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from minisets.clock import Clock
from minisets.engine import labels
from minisets.engine.memory import MemoryEngine
from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import ContainerSpec, ExecSpec, Mount, VolumeSpec
from minisets.errors import EngineTimeout, EngineUnavailable, MinisetsError
from minisets.kubelet.snapshots.copying import MARK
from minisets.kubelet.snapshots.taking import PAUSED_AT_MOST
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, spec_of, status_of, uid_of
from minisets.objects.snapshots import BEING_DELETED, CONTENT_BOUND, COPIED, PAUSED_FOR, RESTORE_FROM
from minisets.settings import PROVISIONER
from tests.kubelet.commands import HANGS, Commands
from tests.kubelet.world import SOON, World, container
from tests.waiting import advanced, holds, until

COPY = "minisets__copy-*"
SNAPSHOT, CONTENT = "VolumeSnapshot", "VolumeSnapshotContent"
PODS = ("web-0", "web-1")


@pytest.fixture
def web(world: World) -> Iterator[World]:
    """Two pods with a claim each, in which they have written."""
    for name in PODS:
        world.bound_claim(f"www-{name}")
        volume = {"name": "www", "persistentVolumeClaim": {"claimName": f"www-{name}"}}
        mounts = [{"name": "www", "mountPath": "/www"}]
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 1}
        one = container(volumeMounts=mounts, livenessProbe=probe)
        world.create_pod(name, containers=[one], volumes=[volume])
    with world.kubelet():
        for name in PODS:
            world.wait_ready(name)
            world.engine.write_file(name, "/www/log", name.encode())
        yield world


def snapshot(world: World, name: str, claim: str, group: str = "", size: int = 1, **spec: Any) -> Object:
    """A snapshot with its content, as the controller leaves them."""
    metadata: dict[str, Any] = {"name": name}
    if group:
        metadata["labels"] = {"minisets.dev/snapshot-group": group}
        metadata["annotations"] = {"minisets.dev/snapshot-group-size": str(size)}
    source = {"persistentVolumeClaimName": claim}
    made = world.registry.create(
        SNAPSHOT, "default", {"metadata": metadata, "spec": {"source": source}}
    ).object
    content(world, f"snapcontent-{uid_of(made)}", made, {"volumeHandle": claim}, **spec)
    return made


def content(world: World, name: str, of: Object, source: Any, driver: str = PROVISIONER, **spec: Any) -> None:
    ref = {"namespace": "default", "name": of["metadata"]["name"], "uid": uid_of(of)}
    wanted = {"source": source, "driver": driver, "deletionPolicy": "Delete", **spec}
    body = {"metadata": {"name": name, "finalizers": [CONTENT_BOUND]}, "spec": wanted}
    body["spec"]["volumeSnapshotRef"] = ref
    world.registry.create(CONTENT, "", body)


def group(world: World) -> list[Object]:
    return [snapshot(world, f"s-{name}", f"www-{name}", "g", len(PODS)) for name in PODS]


def content_of(world: World, made: Object) -> Object:
    found = world.store.get(Ref(CONTENT, "", f"snapcontent-{uid_of(made)}"))
    assert found is not None
    return found


def is_taken(world: World, *made: Object) -> bool:
    return all(status_of(content_of(world, one)).get("readyToUse") for one in made)


def error_of(world: World, made: Object) -> str:
    return str((status_of(content_of(world, made)).get("error") or {}).get("message") or "")


def states(world: World) -> dict[str, str]:
    return {name: world.container(name).state for name in PODS}


def helpers(world: World) -> list[str]:
    return [one.name for one in world.engine.list_containers({labels.KIND: "copy"})]


def copies(world: World) -> dict[str, dict[str, bytes]]:
    found = world.engine.list_volumes({labels.KIND: "snapshot"})
    return {
        one.name: {path: file.data for path, file in world.engine.files_of(one.name).items()} for one in found
    }


def finish(world: World, *sizes: int) -> None:
    """The copying that hangs is done; nothing was copied in fact."""
    (helper,) = helpers(world)
    until(lambda: world.runs(helper), "the copying to begin")
    for size in sizes:
        world.engine.write_log(helper, f"{size}\n".encode())
    world.engine.exit(helper, 0)
    second = timedelta(seconds=1)
    advanced(world.clock, second, lambda: helper not in helpers(world), "the copying to end")


@contextmanager
def standing_still(world: World) -> Iterator[list[Object]]:
    """Both pods paused, and the copying going on."""
    world.engine.behave(COPY, hangs=True)
    made = group(world)
    until(lambda: set(states(world).values()) == {"paused"}, "both pods to stand still")
    until(lambda: all(world.runs(one) for one in helpers(world)), "the copying to begin")
    yield made
    world.engine.behave(COPY, hangs=False)


def go_on(world: World, happened: Callable[[], object], what: str) -> None:
    """Until it happened; time passes, for whoever waits for that."""

    def later() -> object:
        world.clock.advance(timedelta(seconds=1))
        return happened()

    until(later, what)


def test_a_group_is_copied_and_told(web: World) -> None:
    first = snapshot(web, "s-web-0", "www-web-0", "g", 2)
    until(lambda: web.store.get(Ref(CONTENT, "", f"snapcontent-{uid_of(first)}")), "its content")
    assert copies(web) == {}, "the other one is not there"
    second = snapshot(web, "s-web-1", "www-web-1", "g", 2)
    until(lambda: is_taken(web, first, second), "both to be taken")
    found = copies(web)
    assert {name: files["data/log"] for name, files in found.items()} == {
        "s-web-0_snapshot": b"web-0",
        "s-web-1_snapshot": b"web-1",
    }
    told = content_of(web, first)
    assert status_of(told)["snapshotHandle"] == "s-web-0_snapshot"
    assert status_of(told)["restoreSize"] == 2**30
    assert status_of(told)["creationTime"] == int(web.clock.now().timestamp()) * 10**9
    assert annotations_of(told)[COPIED] == "5"
    assert annotations_of(told)[PAUSED_FOR].endswith("s")
    assert (set(states(web).values()), helpers(web)) == ({"running"}, [])
    read = {one.name: one.labels for one in web.engine.list_volumes({labels.KIND: "snapshot"})}
    mine = read["s-web-0_snapshot"]
    assert (mine[labels.CLAIM], mine[labels.SNAPSHOT], mine[labels.SNAPSHOT_GROUP]) == (
        *("www-web-0", "s-web-0"),
        "g",
    )
    assert not labels.is_data(mine, "minisets")
    assert labels.read_claim_volume(mine) is None


def test_nothing_is_done_to_pods_that_stand_still(web: World) -> None:
    with standing_still(web) as made:
        web.delete_pod("web-0", grace=timedelta(seconds=1))
        for _ in range(5):
            web.clock.advance(timedelta(seconds=1))
        assert web.is_ready("web-1")
        assert states(web) == {"web-0": "paused", "web-1": "paused"}
        assert web.engine.signals_of("web-0") == ()
        finish(web, 5, 5)
        until(lambda: is_taken(web, *made), "both to be taken")
        go_on(web, lambda: not web.has_pod("web-0"), "web-0 to end then")
    assert web.container("web-1").state == "running"
    assert not web.events("Unhealthy")


def test_a_probe_that_was_under_way_says_nothing_of_a_pod_that_stood_still(web: World) -> None:
    commands = Commands(web)
    commands.does["true"] = HANGS
    web.pass_time(timedelta(seconds=1))
    until(lambda: "true" in commands.run, "a probe to be under way")
    with standing_still(web) as made:
        for _ in range(5):
            web.clock.advance(timedelta(seconds=1))
        finish(web, 5, 5)
        until(lambda: is_taken(web, *made), "both to be taken")
    for _ in range(5):
        web.pass_time(timedelta(seconds=1))
    assert web.container_status()["restartCount"] == 0
    assert (web.engine.signals_of("web-0"), web.events("Killing")) == ((), [])


def test_nobody_is_paused_while_a_command_is_not_seen_to_begin(web: World) -> None:
    Commands(web).does["slow"] = ExecResult(hangs=True, begins=False)
    slow = ExecSpec(("slow",))
    told = web.engine.events({})
    command = web.engine.create_exec(web.container("web-0").id, slow)
    with closing(web.engine.start_exec(command, slow)):
        made = group(web)
        go_on(web, lambda: all(error_of(web, one) for one in made), "both to have failed")
    said = f"a command was still being started after 10 s in container {web.container('web-0').id[:12]}"
    assert all(f"nothing was paused: {said}" in error_of(web, one) for one in made)
    told.end()
    assert "pause" not in [event.action for event in told]
    assert (copies(web), helpers(web)) == ({}, [])
    assert web.is_ready("web-0")
    assert web.is_ready("web-1")


def test_a_command_waits_for_the_end_of_a_pause(web: World) -> None:
    commands = Commands(web)
    ran = threading.Thread(target=run_in, args=(web, "late"))
    with standing_still(web) as made:
        ran.start()
        finish(web, 5, 5)
        until(lambda: is_taken(web, *made), "both to be taken")
    ran.join(SOON.total_seconds())
    assert "late" in commands.run


def run_in(world: World, word: str) -> None:
    spec = ExecSpec((word,))
    world.engine.start_exec(world.engine.create_exec(world.container("web-0").id, spec), spec)


def test_a_pause_has_an_end_and_is_not_tried_again(web: World) -> None:
    with standing_still(web) as made:
        web.clock.advance(PAUSED_AT_MOST + timedelta(seconds=1))
        until(lambda: all(error_of(web, one) for one in made), "both to have failed")
    assert "it was not copied within 60 s" in error_of(web, made[0])
    assert "it was not copied within 60 s" in web.events("SnapshotContentCheckandUpdateFailed")[0]
    assert (set(states(web).values()), helpers(web), copies(web)) == ({"running"}, [], {})
    web.clock.advance(timedelta(minutes=10))
    assert (helpers(web), copies(web)) == ([], {})


def test_what_was_woken_meanwhile_is_taken_anew(web: World) -> None:
    with standing_still(web) as made:
        first = helpers(web)
        web.engine.unpause_container("web-1")
        web.engine.behave(COPY, hangs=False)
        finish(web, 5, 5)
        until(lambda: is_taken(web, *made), "both to be taken")
    assert helpers(web) not in (first, None)
    assert len(copies(web)) == 2


def test_whom_a_person_paused_stays_so(web: World) -> None:
    web.engine.pause_container("web-1")
    made = snapshot(web, "alone", "www-web-1")
    until(lambda: is_taken(web, made), "it to be taken")
    assert states(web) == {"web-0": "running", "web-1": "paused"}
    assert annotations_of(content_of(web, made))[PAUSED_FOR] == "0s"
    web.engine.unpause_container("web-1")


def test_only_the_pods_of_the_claim_stand_still(web: World) -> None:
    web.engine.behave(COPY, hangs=True)
    made = snapshot(web, "alone", "www-web-1")
    until(lambda: states(web) == {"web-0": "running", "web-1": "paused"}, "its pod to stand still")
    finish(web, 5)
    until(lambda: is_taken(web, made), "it to be taken")


def test_a_new_kubelet_lets_go_who_was_paused_and_takes_it_anew(world: World) -> None:
    """Killed in the middle: what is left is a helper whose label says who stands still."""
    world.bound_claim("www-web-0")
    world.engine.create_volume(VolumeSpec("half", {}))
    for name in ("web-9", "a-persons"):
        world.engine.create_container(ContainerSpec(name, "nginx:1.27", {}))
        world.engine.start_container(name)
        world.engine.pause_container(name)
    ours = labels.copy_labels("minisets", [world.container("web-9").id, "gone"])
    world.engine.create_container(ContainerSpec("minisets__copy-left", "x", ours))
    other = labels.copy_labels("another", [world.container("a-persons").id])
    world.engine.create_container(ContainerSpec("another__copy-left", "x", other))
    made = snapshot(world, "one", "www-web-0")
    half = labels.snapshot_labels("minisets", made, content_of(world, made), "1Gi", "2026-11-23T11:00:00Z")
    world.engine.create_volume(VolumeSpec("one_snapshot", half))
    with world.kubelet():
        until(lambda: is_taken(world, made), "it to be taken")
        assert world.container("web-9").state == "running"
        assert world.container("a-persons").state == "paused"
        assert helpers(world) == ["another__copy-left"]
        assert "whole" in copies(world)["one_snapshot"]


class StuckEngine(MemoryEngine):
    """Does not answer for one container that is paused; for another it refuses."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_asked, self.answers = threading.Event(), threading.Event()

    def unpause_container(self, container: str) -> None:
        if container == self.container_id("stuck"):
            self.is_asked.set()
            self.answers.wait(SOON.total_seconds())
            raise EngineTimeout("container stuck: no answer")
        super().unpause_container(container)

    def container_id(self, name: str) -> str:
        return self.inspect_container(name).id


def test_a_container_that_cannot_be_let_go_keeps_nobody_from_being_served() -> None:
    world = World(subnet=None)
    world.engine = engine = StuckEngine(world.clock)
    for name in ("stuck", "other"):
        engine.create_container(ContainerSpec(name, "nginx:1.27", {}))
        engine.start_container(name)
        engine.pause_container(name)
    for name in ("other", "stuck"):  # Why this order: the engine lists what is newest first
        ours = labels.copy_labels("minisets", [engine.container_id(name)])
        engine.create_container(ContainerSpec(f"minisets__copy-{name}", "x", ours))
    with world.kubelet():
        until(engine.is_asked.is_set, "the engine to be asked")
        world.create_pod("web-0")
        world.wait_ready("web-0")
        assert not engine.answers.is_set()
        engine.answers.set()
        until(lambda: world.container("other").state == "running", "the other one to go on")
    assert helpers(world) == ["minisets__copy-stuck"], "who comes next tries again"


def test_a_new_kubelet_never_takes_half_a_group_at_another_moment(world: World) -> None:
    """Killed between two statuses: the copies that are whole are told of, and not made again."""
    for name in PODS:
        world.bound_claim(f"www-{name}")
    made = group(world)
    with world.kubelet():
        until(lambda: is_taken(world, *made), "both to be taken")
    kept = copies(world)
    ref = Ref(CONTENT, "", f"snapcontent-{uid_of(made[1])}")
    told = status_of(content_of(world, made[1]))
    world.registry.change(ref, lambda it: {**it, "status": {}}, subresource="status")
    world.clock.advance(timedelta(hours=1))
    with world.kubelet():
        until(lambda: is_taken(world, *made), "both to be taken")
        assert status_of(content_of(world, made[1])) == told
        assert copies(world) == kept


def test_a_claim_that_is_put_back_in_part_is_not_taken(world: World) -> None:
    world.bound_claim("www-web-0")
    write(world, "www-web-0", f"/v/{MARK}/7", b"")
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        until(lambda: error_of(world, made), "it to have failed")
        assert "does not hold all of that yet" in error_of(world, made)
        assert (copies(world), helpers(world)) == ({}, [])


def write(world: World, volume: str, path: str, data: bytes) -> None:
    """Into a Docker volume that no pod uses, at /v."""
    mounts = (Mount("volume", "/v", volume),)
    world.engine.create_container(ContainerSpec("writer", "x", {}, mounts=mounts))
    world.engine.write_file("writer", path, data)
    world.engine.remove_container("writer")


def test_an_engine_that_goes_away_is_waited_for(world: World) -> None:
    world.bound_claim("www-web-0")
    world.engine.fail_next("start_container", EngineUnavailable("the engine is away"))
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        go_on(world, lambda: is_taken(world, made), "it to be taken")
        assert helpers(world) == []
    assert error_of(world, made) == ""


def test_what_nobody_foresaw_is_not_tried_again_at_once(world: World) -> None:
    """Each try may have pods stand still."""
    world.bound_claim("www-web-0")
    world.engine.fail_next("create_volume", MinisetsError("who knows"))
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        holds(lambda: not is_taken(world, made), "no other try")
        go_on(world, lambda: is_taken(world, made), "it to be taken")


def test_a_volume_that_is_gone_or_not_ours_is_not_read(world: World) -> None:
    world.engine.create_volume(VolumeSpec("strangers", {}))
    gone, strange = snapshot(world, "a", "nowhere"), snapshot(world, "b", "strangers")
    with world.kubelet():
        until(lambda: error_of(world, gone) and error_of(world, strange), "both to have failed")
    assert "the Docker volume nowhere is gone" in error_of(world, gone)
    assert "the Docker volume strangers is not minisets': it is not read" in error_of(world, strange)
    assert world.engine.inspect_volume("nowhere") is None
    assert copies(world) == {}


def test_a_strangers_volume_of_the_copys_name_is_left_alone(world: World) -> None:
    world.bound_claim("www-web-0")
    world.engine.create_volume(VolumeSpec("one_snapshot", {}))
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        until(lambda: is_taken(world, made), "it to be taken")
    assert status_of(content_of(world, made))["snapshotHandle"] == "one_snapshot__1"
    assert world.engine.files_of("one_snapshot") == {}


def test_contents_of_other_drivers_are_left_alone(world: World) -> None:
    world.bound_claim("www-web-0")
    other = snapshot(world, "other", "www-web-0", driver="elsewhere.example.com")
    ours = snapshot(world, "ours", "www-web-0")
    with world.kubelet():
        until(lambda: is_taken(world, ours), "ours to be taken")
        assert status_of(content_of(world, other)) == {}


def delete(world: World, made: Object, *, told: bool = True) -> None:
    ref = Ref(CONTENT, "", f"snapcontent-{uid_of(made)}")
    if told:
        world.registry.change(ref, lambda it: _annotated(it, BEING_DELETED, "yes"))
    world.registry.delete(ref)


def _annotated(obj: Object, key: str, value: str | None) -> Object:
    others = {each: said for each, said in annotations_of(obj).items() if each != key}
    obj["metadata"]["annotations"] = others if value is None else {**others, key: value}
    return obj


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_a_copy_goes_with_its_content_unless_retained(world: World, policy: str) -> None:
    world.bound_claim("www-web-0")
    made, other = (snapshot(world, name, "www-web-0", deletionPolicy=policy) for name in ("one", "other"))
    with world.kubelet():
        until(lambda: is_taken(world, made, other), "both to be taken")
        delete(world, made, told=False)
        until(lambda: "deletionTimestamp" in content_of(world, made)["metadata"], "the deletion")
        assert "one_snapshot" in copies(world), "its snapshot is still there"
        world.registry.change(
            Ref(CONTENT, "", f"snapcontent-{uid_of(made)}"), lambda it: _annotated(it, BEING_DELETED, "yes")
        )
        until(lambda: len(world.store.list(CONTENT).items) == 1, "the content to go")
    assert set(copies(world)) == {"other_snapshot", *(("one_snapshot",) if policy == "Retain" else ())}


def test_a_copy_that_was_there_is_told_if_it_is_whole(world: World) -> None:
    """After the state was lost: the Docker volume, and objects that name it."""
    world.bound_claim("www-web-0")
    made = snapshot(world, "one", "www-web-0", deletionPolicy="Retain")
    with world.kubelet():
        until(lambda: is_taken(world, made), "it to be taken")
        told = status_of(content_of(world, made))
        delete(world, made)
        until(lambda: not world.store.list(CONTENT).items, "the content to go")
        source = {"volumeSnapshotContentName": "there"}
        body = {"metadata": {"name": "again"}, "spec": {"source": source}}
        again = world.registry.create(SNAPSHOT, "default", body).object
        content(world, "there", again, {"snapshotHandle": "one_snapshot"})
        half = world.registry.create(
            SNAPSHOT, "default", {"metadata": {"name": "half"}, "spec": {"source": source}}
        ).object
        content(world, "wrong", half, {"snapshotHandle": "www-web-0"})
        ref = Ref(CONTENT, "", "there")
        until(lambda: status_of(world.store.get(ref) or {}).get("readyToUse"), "it to be told")
        assert status_of(world.store.get(ref) or {}) == told
        wrong = Ref(CONTENT, "", "wrong")
        until(lambda: status_of(world.store.get(wrong) or {}).get("error"), "the other to be refused")
        said = status_of(world.store.get(wrong) or {})["error"]["message"]
        assert said == "the Docker volume www-web-0 is no copy of this cluster"


def test_a_copy_that_another_content_names_stays(world: World) -> None:
    """Whether or not that one has been looked at."""
    world.bound_claim("www-web-0")
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        until(lambda: is_taken(world, made), "it to be taken")
    again = world.registry.create(
        SNAPSHOT, "default", {"metadata": {"name": "again"}, "spec": spec_of(made)}
    ).object
    content(world, "zz-there", again, {"snapshotHandle": "one_snapshot"}, driver="elsewhere.example.com")
    delete(world, made)
    with world.kubelet():
        until(lambda: len(world.store.list(CONTENT).items) == 1, "the content to go")
    assert "one_snapshot" in copies(world)


# --- put back ---


def put_back(world: World, claim: str, name: str) -> None:
    world.registry.change(
        Ref("PersistentVolumeClaim", "default", claim), lambda it: _annotated(it, RESTORE_FROM, name)
    )


def ready(world: World, made: Object) -> None:
    """What the controller says of a snapshot that was taken."""
    until(lambda: is_taken(world, made), "it to be taken")
    ref = Ref(SNAPSHOT, "default", made["metadata"]["name"])
    world.registry.change(ref, lambda it: {**it, "status": {"readyToUse": True}}, subresource="status")


def asked(world: World, claim: str = "www-web-0") -> str | None:
    found = world.store.get(Ref("PersistentVolumeClaim", "default", claim))
    assert found is not None
    return annotations_of(found).get(RESTORE_FROM)


def test_a_claim_is_put_back_once_no_pod_uses_it(web: World) -> None:
    made = snapshot(web, "one", "www-web-0")
    ready(web, made)
    web.engine.write_file("web-0", "/www/log", b"later")
    put_back(web, "www-web-0", "one")
    until(lambda: any("uses the Docker volume" in said for said in web.events("RestoreFailed")), "a refusal")
    assert web.engine.read_file("web-0", "/www/log") == b"later"
    web.delete_pod("web-0", grace=timedelta(0))
    go_on(web, lambda: asked(web) is None, "it to be put back")
    assert {path: file.data for path, file in web.engine.files_of("www-web-0").items()} == {"log": b"web-0"}
    until(lambda: web.events("Restored") == ["the volume holds what snapshot one holds"], "an event")


def test_no_pod_sees_a_claim_that_is_half_put_back(world: World) -> None:
    world.bound_claim("www-web-0")
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        ready(world, made)
        world.engine.behave(COPY, hangs=True)
        put_back(world, "www-web-0", "one")
        until(lambda: helpers(world), "the copying to go on")
        volume = {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}
        world.create_pod("web-0", volumes=[volume])
        said = 'claim "www-web-0" is being put back from snapshot "one"'
        until(lambda: said in world.events("FailedMount"), "the pod to be held back")
    assert "web-0" not in world.names()
    world.engine.behave(COPY, hangs=False)
    with world.kubelet():
        go_on(world, lambda: asked(world) is None, "it to be put back by the next kubelet")
        go_on(world, lambda: world.is_ready("web-0"), "the pod to start then")


def test_a_claim_that_is_not_to_be_put_back_any_more_stays_as_it_is(world: World) -> None:
    """Its turn comes only now: the lane is full of others."""
    world.bound_claim("www-web-0")
    made = snapshot(world, "one", "www-web-0")
    others = ("www-web-1", "www-web-2")
    for other in others:
        world.bound_claim(other)
    with world.kubelet():
        ready(world, made)
        world.engine.behave(COPY, hangs=True)
        for other in others:
            put_back(world, other, "one")
        until(lambda: len(helpers(world)) == len(others), "both to go on")
        put_back(world, "www-web-0", "one")
        write(world, "www-web-0", "/v/log", b"kept")
        claim = Ref("PersistentVolumeClaim", "default", "www-web-0")
        world.registry.change(claim, lambda it: _annotated(it, RESTORE_FROM, None))
        world.engine.behave(COPY, hangs=False)
        for helper in helpers(world):
            world.engine.exit(helper, 0)
        go_on(world, lambda: not any(asked(world, other) for other in others), "the others")
        go_on(world, lambda: not helpers(world), "the lane to be empty")
    assert world.engine.files_of("www-web-0")["log"].data == b"kept"


def test_what_was_given_up_is_put_back_anew_when_it_is_asked_for_again(world: World) -> None:
    world.bound_claim("www-web-0")
    write(world, "www-web-0", "/v/log", b"first")
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet() as kubelet:
        ready(world, made)
        world.engine.behave(COPY, hangs=True)
        put_back(world, "www-web-0", "one")
        until(lambda: helpers(world), "the copying to go on")
        claim = Ref("PersistentVolumeClaim", "default", "www-web-0")
        world.registry.change(claim, lambda it: _annotated(it, RESTORE_FROM, None))
        until(kubelet.is_idle, "that to be seen")
        finish(world, 5)
        until(lambda: not helpers(world), "the copying to end")
        world.engine.behave(COPY, hangs=False)
        write(world, "www-web-0", "/v/log", b"second")
        put_back(world, "www-web-0", "one")
        go_on(world, lambda: asked(world) is None, "it to be put back")
    assert world.engine.files_of("www-web-0")["log"].data == b"first"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no", 'error getting snapshot no from api server: volumesnapshots.snapshot.storage.k8s.io "no" not'),
        ("unready", "snapshot unready is not Ready"),
    ],
)
def test_what_cannot_be_put_back_is_told(world: World, name: str, said: str) -> None:
    world.bound_claim("www-web-0")
    snapshot(world, "unready", "www-web-0")
    put_back(world, "www-web-0", name)
    with world.kubelet():
        until(lambda: any(said in one for one in world.events("RestoreFailed")), "the reason")
        assert asked(world) == name


def test_an_adopted_volume_is_not_emptied(world: World) -> None:
    world.bound_claim("www-web-0")
    made = snapshot(world, "one", "www-web-0")
    with world.kubelet():
        ready(world, made)
        world.engine.create_volume(VolumeSpec("mine", {}))
        volume = next(iter(world.store.list("PersistentVolume").items))["metadata"]["name"]
        csi = {"driver": PROVISIONER, "volumeHandle": "mine"}
        spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": csi}
        world.registry.create("PersistentVolume", "", {"metadata": {"name": "adopted"}, "spec": spec})
        claim = {"metadata": {"name": "other"}, "spec": {**_claim_spec(world), "volumeName": "adopted"}}
        world.registry.create("PersistentVolumeClaim", "default", claim)
        put_back(world, "other", "one")
        said = "the Docker volume mine is not minisets' own, and nothing in it is replaced"
        until(lambda: any(said in one for one in world.events("RestoreFailed")), "the reason")
    assert world.engine.files_of("mine") == {}
    assert volume


def _claim_spec(world: World) -> dict[str, Any]:
    found = world.store.get(Ref("PersistentVolumeClaim", "default", "www-web-0"))
    assert found is not None
    return {key: spec_of(found)[key] for key in ("accessModes", "resources", "storageClassName")}
