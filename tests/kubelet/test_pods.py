"""The pods' reconciler, turned by hand: a kubelet may die after any engine call, and the next one goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from minisets.engine import labels
from minisets.engine.specs import ContainerSpec
from minisets.kubelet.pods import RELIST, RELIST_EVERY, Pods
from minisets.objects.kinds import Ref
from minisets.objects.metadata import status_of
from minisets.store.interface import Change, ChangeType
from tests.kubelet.world import World, container

KEY = "default/web-0"
MANY = 60


class Killed(BaseException):
    """What ends a process that is killed: nothing catches it."""


class DyingEngine:
    """An engine whose caller dies once it has made some calls, and does not see the last one's answer."""

    def __init__(self, world: World, calls: int) -> None:
        self._engine = world.engine
        self._left = calls
        self.execs = world.engine.execs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._engine, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            result = method(*args, **kwargs)
            if self._left < 0:
                raise Killed
            return result

        return call


def _rich_pod(world: World) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"a": "1"}})
    world.bound_claim()
    world.engine.behave("*_i_*", exits_with=0)
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("etc", "www", "scratch")]
    world.create_pod(
        initContainers=[container("setup", volumeMounts=mounts)],
        containers=[container(volumeMounts=mounts), container("log")],
        volumes=[
            {"name": "etc", "configMap": {"name": "settings"}},
            {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}},
            {"name": "scratch", "emptyDir": {}},
        ],
    )


def _settled(world: World, pods: Pods) -> None:
    for _ in range(3):
        pods.reconcile(KEY)
    assert world.is_ready()


def test_whatever_prefix_of_the_start_ran_the_pod_comes_up() -> None:
    """DESIGN decision 6."""
    for calls in range(MANY):
        world = World()
        _rich_pod(world)
        try:
            world.pods(DyingEngine(world, calls)).reconcile(KEY)
        except Killed:
            pass
        else:
            break
        _settled(world, world.pods())
        assert world.names() == ["web-0", "web-0_c_log", "web-0_i_setup", "web-0_sandbox"], calls
        assert world.volumes() == ["web-0_v_etc", "web-0_v_scratch", "www-web-0"], calls
        assert world.engine.read_file("web-0", "/etc/a") == b"1"
    assert calls > 20, "the pod needs more calls than that"


def test_whatever_prefix_of_the_end_ran_nothing_is_left_over() -> None:
    for calls in range(MANY):
        world = World()
        _rich_pod(world)
        _settled(world, world.pods())
        world.delete_pod()
        try:
            world.pods(DyingEngine(world, calls)).reconcile(KEY)
        except Killed:
            pass
        else:
            break
        pods = world.pods()
        pods.reconcile(KEY)
        pods.reconcile(KEY)
        assert not world.has_pod()
        assert world.names() == [], calls
        assert world.volumes() == ["www-web-0"], calls
    assert calls > 10, "the end needs more calls than that"


def test_whatever_prefix_of_a_restart_ran_there_is_one_successor() -> None:
    for calls in range(MANY):
        world = World()
        world.create_pod()
        _settled(world, world.pods())
        world.engine.exit("web-0")
        try:
            world.pods(DyingEngine(world, calls)).reconcile(KEY)
        except Killed:
            pass
        else:
            break
        _settled(world, world.pods())
        assert world.names() == ["web-0", "web-0__restart-0", "web-0_sandbox"], calls
        assert world.container_status()["restartCount"] == 1
    assert calls > 5, "a restart needs more calls than that"


def test_whatever_prefix_of_a_new_sandbox_ran_the_pod_comes_back() -> None:
    for calls in range(MANY):
        world = World()
        _rich_pod(world)
        _settled(world, world.pods())
        world.engine.exit("web-0_sandbox", 137)
        try:
            dying = world.pods(DyingEngine(world, calls))
            dying.reconcile(KEY)
            dying.reconcile(KEY)
        except Killed:
            pass
        else:
            break
        _settled(world, world.pods())
        sandbox = world.container("web-0_sandbox").id
        assert world.engine.spec_of("web-0").joins == sandbox
        assert world.engine.spec_of("web-0_c_log").joins == sandbox
    assert calls > 20, "a new sandbox needs more calls than that"


def test_a_full_list_names_every_pod_and_everything_left_over(world: World) -> None:
    world.create_pod()
    world.create_pod("web-1", volumes=[{"name": "scratch", "emptyDir": {}}])
    pods = world.pods()
    pods.reconcile("default/web-1")
    world.delete_pod("web-1", grace=timedelta(0))
    world.engine.remove_container("web-1", force=True)
    world.engine.remove_container("web-1_sandbox", force=True)
    asked: list[str] = []
    pods._add = asked.append
    assert pods.reconcile(RELIST) == RELIST_EVERY
    assert asked == ["default/web-0", "default/web-1"]
    pods.reconcile("default/web-1")
    assert world.volumes() == []


def test_a_full_list_removes_the_helpers_that_ended_servers_left(world: World) -> None:
    helper = ContainerSpec("minisets__end-1", "pause", labels.end_labels("minisets"), arguments=("x",))
    pods = world.pods()
    world.engine.create_container(helper)
    pods.reconcile(RELIST)
    assert world.names() == ["minisets__end-1"], "it may be at work"
    world.clock.advance(timedelta(minutes=2))
    pods.reconcile(RELIST)
    assert world.names() == []


def test_a_change_of_nothing_but_a_status_brings_no_work(world: World) -> None:
    world.create_pod()
    pods = world.pods()
    before = world.pod()
    after = {**before, "status": {**status_of(before), "phase": "Running"}}
    ref = Ref("Pod", "default", "web-0")
    assert list(pods.keys(Change(ChangeType.MODIFIED, ref, after, before, 9))) == []
    relabelled = {**before, "metadata": {**before["metadata"], "labels": {"a": "b"}}}
    assert list(pods.keys(Change(ChangeType.MODIFIED, ref, relabelled, before, 9))) == [KEY]


def test_a_change_of_what_a_pod_refers_to_concerns_it(world: World) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "password", "key": "a"}}}]
    world.create_pod(
        containers=[container(env=env, envFrom=[{"configMapRef": {"name": "settings"}}])],
        volumes=[{"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}],
    )
    world.bound_claim()
    pods = world.pods()
    volume = world.store.list("PersistentVolume").items[0]
    claimed = {**volume, "spec": {"claimRef": {"namespace": "default", "name": "www-web-0"}}}
    for kind, name, obj, expected in (
        ("Secret", "password", {}, [KEY]),
        ("ConfigMap", "settings", {}, [KEY]),
        ("ConfigMap", "other", {}, []),
        ("PersistentVolumeClaim", "www-web-0", {}, [KEY]),
        ("PersistentVolume", "pvc-1", claimed, [KEY]),
    ):
        namespace = "" if kind == "PersistentVolume" else "default"
        change = Change(ChangeType.ADDED, Ref(kind, namespace, name), obj, None, 1)
        assert list(pods.keys(change)) == expected, (kind, name)


def test_a_claims_volume_that_is_not_ours_is_not_mounted(world: World) -> None:
    """What is not ours is never mounted because a manifest names it."""
    world.bound_claim()
    world.engine.remove_volume("www-web-0")
    volume = {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}
    world.create_pod(volumes=[volume])
    world.pods().reconcile(KEY)
    assert world.names() == []
    assert world.volumes() == [], "a mount would have made it"
    assert world.events("FailedMount") == ["the Docker volume www-web-0 is gone"]


def test_a_pod_that_waits_does_not_go_round_because_of_its_files(world: World) -> None:
    """A missing Secret beside an emptyDir: one look, then it waits for the Secret."""
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "later", "key": "p"}}}]
    mount = {"name": "scratch", "mountPath": "/scratch"}
    volumes = [{"name": "scratch", "emptyDir": {}}]
    world.create_pod(volumes=volumes, containers=[container(env=env, volumeMounts=[mount])])
    pods = world.pods()
    again = pods.reconcile(KEY)
    assert world.waiting_reason() == "CreateContainerConfigError"
    assert again is not None
    assert again > timedelta(0)
    (event,) = (one for one in world.store.list("Event").items if one["reason"] == "Failed")
    assert event["count"] == 1
    world.registry.create("Secret", "default", {"metadata": {"name": "later"}, "stringData": {"p": "1"}})
    pods.reconcile(KEY)
    assert world.is_ready()
    assert world.events("Pulled") == ['Container image "nginx:1.27" already present on machine']
