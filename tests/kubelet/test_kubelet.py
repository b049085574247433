"""The room as a whole, on the engine in memory: what people see of a pod's life."""

from datetime import timedelta

import pytest

from minisets.cluster import network
from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import Attachment, ContainerSpec, NetworkSpec, VolumeSpec
from minisets.errors import EngineError, MinisetsError
from minisets.kubelet.kubelet import Kubelet
from minisets.objects.kinds import Ref
from minisets.objects.metadata import condition, is_true, status_of, uid_of, version_of
from minisets.store.interface import Listing
from minisets.store.memory import MemoryStore
from tests.kubelet.world import SOON, World, container
from tests.waiting import advanced, until

SECOND = timedelta(seconds=1)


@pytest.mark.usefixtures("kubelet")
def test_a_pod_comes_up_running_and_ready_with_an_address(world: World) -> None:
    world.create_pod()
    pod = world.wait_ready()
    status = status_of(pod)
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.97.64.1"
    assert world.names() == ["web-0", "web-0_sandbox"]
    assert world.container("web-0_sandbox").addresses == {"minisets": "10.97.64.1"}
    assert status["containerStatuses"][0]["containerID"] == f"docker://{world.container('web-0').id}"
    assert {one["type"]: one["status"] for one in status["conditions"]} == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )


@pytest.mark.usefixtures("kubelet")
def test_a_quiet_pod_costs_nothing_but_its_nodes_heartbeat(world: World, kubelet: Kubelet) -> None:
    world.create_pod()
    world.wait_ready()
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    version = world.store.version()
    world.pass_time(timedelta(minutes=6))  # past the full list, which finds nothing to do
    until(lambda: world.store.version() > version, "the heartbeat", SOON)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.store.version() == version + 1
    node = world.store.get(Ref("Node", "", "minisets-0")) or {}
    assert version_of(node) == version + 1


class ForgetfulStore(MemoryStore):
    """Fails when it is told to, once, as it lists pods."""

    fails = False

    def list(self, kind: str, namespace: str = "") -> Listing:
        """As a store does."""
        if kind == "Pod" and self.fails:
            self.fails = False
            raise MinisetsError("disk I/O error")
        return super().list(kind, namespace)


def test_a_change_that_could_not_be_looked_at_is_not_lost() -> None:
    """The Secret is seen once; nothing else would wake the pod for half a minute."""
    store = ForgetfulStore()
    world = World(store=store)
    with world.kubelet() as kubelet:
        world.create_pod(containers=[container(envFrom=[{"secretRef": {"name": "login"}}])])
        until(lambda: world.waiting_reason() == "CreateContainerConfigError", "the pod to wait", SOON)
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        store.fails = True
        world.registry.create("Secret", "default", {"metadata": {"name": "login"}})
        until(lambda: not store.fails, "the failure", SOON)
        advanced(world.clock, SECOND, world.is_ready, "the pod to be Ready")


@pytest.mark.usefixtures("kubelet")
def test_every_pod_gets_the_next_address_and_none_is_reused_at_once(world: World) -> None:
    """DESIGN decision 5."""
    world.create_pod()
    world.wait_ready()
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    world.create_pod()
    assert status_of(world.wait_ready())["podIP"] == "10.97.64.2"


@pytest.mark.usefixtures("kubelet")
def test_a_deletion_asks_waits_and_then_kills(world: World) -> None:
    """A-108, A-109: terminal phase on record before the object goes."""
    world.engine.behave("web-0", ignores_sigterm=True)
    world.create_pod(terminationGracePeriodSeconds=7)
    world.wait_ready()
    phases = []
    subscription = world.store.watch("Pod", world.store.version(), lambda: None)
    world.delete_pod()
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
    world.pass_time(6 * SECOND)
    assert world.engine.signals_of("web-0") == ("TERM",)
    world.pass_time(SECOND)
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    phases = [(change.type.value, status_of(change.object)["phase"]) for change in subscription.take()]
    assert ("MODIFIED", "Failed") in phases
    assert phases[-1] == ("DELETED", "Failed")
    assert world.names() == []


@pytest.mark.usefixtures("kubelet")
def test_a_container_that_leaves_with_0_when_asked_makes_the_pod_succeed(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    subscription = world.store.watch("Pod", world.store.version(), lambda: None)
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert status_of(subscription.take()[-1].object)["phase"] == "Succeeded"
    assert world.events("Killing") == ["Stopping container nginx"]


@pytest.mark.usefixtures("kubelet")
def test_a_crashing_container_is_restarted_at_once_and_then_ever_later(world: World) -> None:
    """A-116, A-117."""
    world.create_pod()
    world.wait_ready()
    for restarts, wait in enumerate((0, 10, 20, 40, 80, 160, 300, 300)):
        world.engine.exit("web-0", 3)
        if wait:
            until(lambda: world.waiting_reason() == "CrashLoopBackOff", "CrashLoopBackOff", SOON)
            status = world.container_status()
            assert status["lastState"]["terminated"]["exitCode"] == 3
            said = f"{wait // 60}m{wait % 60}s" if wait >= 60 else f"{wait}s"
            assert f"back-off {said} restarting failed container=nginx" in str(status["state"])
            world.pass_time((wait - 1) * SECOND)
            assert world.container_status()["restartCount"] == restarts
            world.pass_time(SECOND)
        until(lambda: world.container_status().get("restartCount", 0) > restarts, "a restart", SOON)  # noqa: B023 - asked before the next turn
        world.wait_ready()
    assert world.names() == ["web-0", "web-0__restart-7", "web-0_sandbox"], "one back is kept"
    assert len(world.events("BackOff")) == 1


def test_that_memory_ran_out_is_reported_though_it_is_told_late_and_stays_so(world: World) -> None:
    """A-117: Docker says so after the end, in an event, or never again."""
    with world.kubelet():
        world.create_pod(restartPolicy="Never")
        world.wait_ready()
        world.engine.exit("web-0", 137)
        until(lambda: world.ended_as() == "Error", "the end", SOON)
        world.engine.tell_oom("web-0")
        until(lambda: world.ended_as() == "OOMKilled", "the reason", SOON)
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        assert world.ended_as() == "OOMKilled", "another kubelet has not heard it"


@pytest.mark.usefixtures("kubelet")
def test_a_container_that_ran_for_long_is_forgiven(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    for restarts in (1, 2, 3):
        world.pass_time(timedelta(minutes=11))
        world.engine.exit("web-0")
        until(lambda: world.container_status().get("restartCount") == restarts, "a restart", SOON)  # noqa: B023 - asked before the next turn
        world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_dead_sandbox_takes_its_containers_along_and_all_begins_anew(world: World) -> None:
    """A-119: init containers run again."""
    world.engine.behave("*_i_*", exits_with=0)
    world.create_pod(initContainers=[container("setup")])
    before = status_of(world.wait_ready())["podIP"]
    old = world.container("web-0_sandbox").id
    world.engine.exit("web-0_sandbox", 137)
    until(lambda: world.container_status()["restartCount"] == 1, "a new container", SOON)
    status = status_of(world.wait_ready())
    assert status["podIP"] != before
    assert status["initContainerStatuses"][0]["restartCount"] == 1
    assert world.container("web-0_sandbox").id != old
    assert world.engine.spec_of("web-0").joins == world.container("web-0_sandbox").id
    assert world.events("SandboxChanged")


def test_another_kubelet_adopts_what_runs(world: World) -> None:
    with world.kubelet():
        world.create_pod()
        world.wait_ready()
        ids = [world.container(name).id for name in world.names()]
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        assert world.is_ready()
        assert [world.container(name).id for name in world.names()] == ids


def test_readiness_survives_a_restart_of_the_kubelet(world: World) -> None:
    with world.kubelet():
        world.create_pod(containers=[container(readinessProbe={"exec": {"command": ["true"]}})])
        world.wait_ready()
    world.engine.behave("web-0", run=lambda _command, _stdin: ExecResult(hangs=True))
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        assert world.is_ready(), "the last answer stands until there is another"


def test_what_is_left_of_a_pod_that_is_gone_ends_and_is_removed(world: World) -> None:
    """A-107: a forced deletion while no kubelet looks."""
    with world.kubelet():
        world.create_pod(volumes=[{"name": "scratch", "emptyDir": {}}])
        world.wait_ready()
    world.delete_pod(grace=timedelta(0))
    assert not world.has_pod()
    world.engine.behave("web-0", ignores_sigterm=True)
    with world.kubelet():
        until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
        world.pass_time(2 * SECOND)
        until(lambda: world.names() == [] and world.volumes() == [], "all to be removed", SOON)


@pytest.mark.usefixtures("kubelet")
def test_an_old_and_a_new_pod_of_one_name_overlap(world: World) -> None:
    """A-107: containers are known by uid."""
    world.engine.behave("web-0", ignores_sigterm=True)
    world.create_pod()
    world.wait_ready()
    old = world.container("web-0").id
    world.delete_pod(grace=timedelta(0))
    world.create_pod()
    world.wait_ready()
    assert world.container("web-0").id == old
    assert world.container("web-0__1").labels["dev.minisets.pod-uid"] == uid_of(world.pod())
    world.pass_time(2 * SECOND)
    until(lambda: world.names() == ["web-0__1", "web-0_sandbox__1"], "the old one to go", SOON)
    assert world.is_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_new_pod_with_a_claim_waits_until_the_old_one_of_its_name_has_ended(world: World) -> None:
    """A-107 would let two of them write to the same data."""
    world.bound_claim()
    data = [{"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}]
    world.engine.behave("web-0", ignores_sigterm=True)
    world.create_pod(volumes=data)
    world.wait_ready()
    old = world.container("web-0").id
    world.delete_pod(grace=timedelta(0))
    world.create_pod(volumes=data)
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
    world.pass_time(SECOND)
    assert world.names() == ["web-0", "web-0_sandbox"]
    world.pass_time(SECOND)
    world.wait_ready()
    assert world.names() == ["web-0", "web-0_sandbox"]
    assert world.container("web-0").id != old


@pytest.mark.usefixtures("kubelet")
def test_a_network_that_was_removed_is_made_again_as_it_was(world: World) -> None:
    before = network.find(world.engine.list_networks(), "minisets")
    assert before is not None
    world.engine.remove_network(before.id)
    world.create_pod()
    until(lambda: any("is there again" in said for said in world.events("NetworkGone")), "the Event", SOON)
    world.wait_ready()
    after = network.find(world.engine.list_networks(), "minisets")
    assert after is not None
    assert (after.name, after.subnet, after.gateway) == (before.name, before.subnet, before.gateway)


@pytest.mark.usefixtures("kubelet")
def test_a_strangers_network_of_the_clusters_name_is_not_joined(world: World) -> None:
    ours = network.find(world.engine.list_networks(), "minisets")
    assert ours is not None
    world.engine.remove_network(ours.id)
    theirs = world.engine.create_network(NetworkSpec("minisets", "10.97.0.0/16", "10.97.0.1", "", {}))
    world.create_pod()
    until(lambda: any("left alone" in said for said in world.events("NetworkGone")), "the Event", SOON)
    assert world.names() == []
    world.engine.remove_network(theirs)
    world.pass_time(30 * SECOND)
    world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_sandbox_that_cannot_be_started_is_tried_again_with_patience(world: World) -> None:
    """Why: its removal is an event, and would be a reason to try again at once."""
    taken = ContainerSpec("theirs", "nginx", {}, attachment=Attachment("minisets", "10.97.64.1"))
    world.engine.start_container(world.engine.create_container(taken))
    world.create_pod()
    until(lambda: len(world.events("FailedCreatePodSandBox")) == 1, "the Event", SOON)
    world.pass_time(SECOND)
    world.wait_ready()
    assert status_of(world.pod())["podIP"] == "10.97.64.2"


@pytest.mark.usefixtures("kubelet")
def test_a_strangers_container_keeps_its_name(world: World) -> None:
    """DESIGN decision 9: ours gets another name, and an Event says so."""
    stranger = world.engine.create_container(ContainerSpec("web-0", "nginx", {}))
    world.engine.start_container(stranger)
    world.create_pod()
    world.wait_ready()
    assert world.names() == ["web-0", "web-0__1", "web-0_sandbox"]
    assert any("web-0 is taken" in message for message in world.events("NameTaken"))
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert world.names() == ["web-0"]
    assert world.engine.signals_of("web-0") == ()


@pytest.mark.usefixtures("kubelet")
def test_a_strangers_volume_is_neither_mounted_nor_removed(world: World) -> None:
    world.engine.create_volume(VolumeSpec("web-0_v_scratch", {}))
    world.create_pod(volumes=[{"name": "scratch", "emptyDir": {}}])
    world.wait_ready()
    mounts = {mount.target: mount.source for mount in world.engine.spec_of("web-0_sandbox").mounts}
    assert mounts["/v/scratch"] == "web-0_v_scratch__1"
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert world.volumes() == ["web-0_v_scratch"]


@pytest.mark.usefixtures("kubelet")
def test_a_missing_configmap_holds_the_container_up_until_it_comes(world: World) -> None:
    """manifests.md trap 15."""
    reference = {"configMapKeyRef": {"name": "settings", "key": "a"}}
    world.create_pod(containers=[container(env=[{"name": "A", "valueFrom": reference}])])
    until(lambda: world.waiting_reason() == "CreateContainerConfigError", "the reason", SOON)
    assert 'configmap "settings" not found' in str(world.container_status()["state"])
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"a": "1"}})
    world.wait_ready()
    assert ("A", "1") in world.engine.spec_of("web-0").env


@pytest.mark.usefixtures("kubelet")
def test_a_claim_that_is_not_bound_holds_the_sandbox_up(world: World) -> None:
    volume = {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}
    mount = {"name": "www", "mountPath": "/data"}
    world.create_pod(volumes=[volume], containers=[container(volumeMounts=[mount])])
    until(lambda: world.events("FailedMount"), "an event", SOON)
    assert world.waiting_reason() == "ContainerCreating"
    assert world.names() == []
    world.bound_claim()
    world.wait_ready()
    assert world.engine.spec_of("web-0").mounts[0].source == "www-web-0"
    assert world.engine.spec_of("web-0_sandbox").mounts[0].target == "/v/www"
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert world.volumes() == ["www-web-0"], "a claim's volume outlives the pod"


@pytest.mark.usefixtures("kubelet")
def test_files_are_there_before_the_container_is_made(world: World) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"a": "1"}})
    volume = {"name": "etc", "configMap": {"name": "settings"}}
    mount = {"name": "etc", "mountPath": "/etc/app"}
    world.create_pod(volumes=[volume], containers=[container(volumeMounts=[mount])])
    world.wait_ready()
    assert world.engine.read_file("web-0", "/etc/app/a") == b"1"
    assert world.engine.spec_of("web-0").mounts[0].read_only


@pytest.mark.usefixtures("kubelet")
def test_an_image_that_cannot_be_pulled_is_tried_again_under_back_off(world: World) -> None:
    """A-118."""
    world.engine.refuse_pull("nginx:1.27", "manifest unknown")
    world.create_pod()
    until(lambda: world.waiting_reason() == "ErrImagePull", "ErrImagePull", SOON)
    world.pass_time(2 * SECOND)
    until(lambda: world.waiting_reason() == "ImagePullBackOff", "ImagePullBackOff", SOON)
    world.engine.allow_pull("nginx:1.27")
    world.pass_time(8 * SECOND)
    world.wait_ready()
    assert any("manifest unknown" in message for message in world.events("Failed"))


@pytest.mark.usefixtures("kubelet")
def test_always_falls_back_to_a_local_image_with_a_warning(world: World) -> None:
    """DESIGN decision 13: the one stated difference."""
    world.engine.fail_next("pull_image", EngineError("no such host"), times=1)
    world.create_pod(containers=[container(imagePullPolicy="Always")])
    world.wait_ready()
    assert any("going on with the local image" in message for message in world.events("PullFallback"))


@pytest.mark.usefixtures("kubelet")
def test_never_pulled_means_never(world: World) -> None:
    world.engine.miss_image("nginx:1.27")
    world.create_pod(containers=[container(imagePullPolicy="Never")])
    until(lambda: world.waiting_reason() == "ErrImageNeverPull", "the reason", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_name_that_is_no_image_is_said_so(world: World) -> None:
    world.create_pod(containers=[{**container(), "image": "NGINX:latest:1"}])
    until(lambda: world.waiting_reason() == "InvalidImageName", "the reason", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_command_that_cannot_be_run_is_a_crash(world: World) -> None:
    world.engine.behave("web-0", fails_to_start='exec: "nope": executable file not found in $PATH')
    world.create_pod()
    until(lambda: world.waiting_reason() == "CrashLoopBackOff", "CrashLoopBackOff", SOON)
    terminated = world.container_status()["lastState"]["terminated"]
    assert (terminated["reason"], terminated["exitCode"]) == ("StartError", 128)
    assert "nope" in terminated["message"]


@pytest.mark.usefixtures("kubelet")
def test_a_failed_readiness_probe_only_makes_the_pod_unready(world: World) -> None:
    """A-113."""
    world.create_pod(containers=[container(readinessProbe=_probe(failureThreshold=2))])
    world.wait_ready()
    world.engine.behave("web-0", run=_sick)
    world.pass_time(10 * SECOND)
    until(lambda: world.events("Unhealthy"), "a failed probe", SOON)
    assert world.is_ready(), "one failure is not two"
    world.pass_time(10 * SECOND)
    until(lambda: not world.is_ready(), "the pod to be unready", SOON)
    ready = condition(world.pod(), "Ready") or {}
    assert ready["reason"] == "ContainersNotReady"
    assert world.container_status()["restartCount"] == 0


@pytest.mark.usefixtures("kubelet")
def test_a_failed_liveness_probe_restarts_the_container(world: World) -> None:
    """A-113."""
    world.create_pod(containers=[container(livenessProbe=_probe(failureThreshold=1))])
    world.wait_ready()
    world.engine.behave("web-0", run=_sick)
    world.pass_time(10 * SECOND)
    until(lambda: world.container_status().get("restartCount") == 1, "a restart", SOON)
    assert "Container nginx failed liveness probe, will be restarted" in world.events("Killing")


@pytest.mark.usefixtures("kubelet")
def test_the_others_wait_until_the_startup_probe_has_passed(world: World) -> None:
    """A-111."""
    world.engine.behave("web-0", run=_sick)
    startup = _probe(failureThreshold=30, periodSeconds=1)
    world.create_pod(containers=[container(startupProbe=startup, livenessProbe=_probe(failureThreshold=1))])
    until(lambda: world.events("Unhealthy"), "a failed probe", SOON)
    world.pass_time(11 * SECOND)
    until(lambda: world.told("Unhealthy") == 2, "another one", SOON)
    until(lambda: "running" in world.container_status()["state"], "the container", SOON)
    assert world.container_status()["started"] is False
    world.engine.behave("web-0", run=_healthy)
    world.pass_time(SECOND)
    world.wait_ready()
    assert world.container_status()["started"] is True
    assert world.container_status()["restartCount"] == 0


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_may_end_does(world: World) -> None:
    """A-121."""
    world.engine.behave("web-0", exits_with=0)
    world.create_pod(restartPolicy="Never")
    until(lambda: status_of(world.pod()).get("phase") == "Succeeded", "Succeeded", SOON)
    until(lambda: world.names() == ["web-0"], "the sandbox to go, the log to stay", SOON)
    assert (condition(world.pod(), "Ready") or {})["reason"] == "PodCompleted"


@pytest.mark.usefixtures("kubelet")
def test_init_containers_run_one_after_the_other_before_the_others(world: World) -> None:
    """A-119."""
    world.create_pod(initContainers=[container("first"), container("second")])
    until(lambda: world.runs("web-0_i_first"), "the first", SOON)
    assert world.waiting_reason() == "PodInitializing"
    assert status_of(world.pod())["phase"] == "Pending"
    world.engine.exit("web-0_i_first", 0)
    until(lambda: world.runs("web-0_i_second"), "the second", SOON)
    assert "web-0" not in world.names()
    until(lambda: not is_true(world.pod(), "Initialized"), "Initialized to be False", SOON)
    world.engine.exit("web-0_i_second", 0)
    world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_sidecar_starts_first_stays_and_stops_last(world: World) -> None:
    """A-120."""
    world.create_pod(initContainers=[container("proxy", restartPolicy="Always")])
    world.wait_ready()
    assert world.container("web-0_i_proxy").state == "running"
    world.engine.behave("web-0", ignores_sigterm=True)
    world.delete_pod()
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
    assert world.engine.signals_of("web-0_i_proxy") == ()
    world.pass_time(30 * SECOND)
    until(lambda: not world.has_pod(), "web-0 to go", SOON)


@pytest.mark.usefixtures("kubelet")
def test_an_engine_that_goes_away_and_comes_back_is_taken_up_where_it_is(world: World) -> None:
    """DESIGN decision 12: events have no memory."""
    world.create_pod()
    world.wait_ready()
    world.engine.go_away()
    node = Ref("Node", "", "minisets-0")
    until(lambda: not is_true(world.store.get(node) or {}, "Ready"), "the node to be NotReady", SOON)
    world.engine.come_back()
    world.engine.exit("web-0")
    world.pass_time(10 * SECOND)
    advanced(
        world.clock, timedelta(0), lambda: world.container_status().get("restartCount") == 1, "a restart"
    )
    until(lambda: is_true(world.store.get(node) or {}, "Ready"), "the node to be Ready", SOON)


def test_pods_come_up_over_an_engine_without_a_network() -> None:
    world = World(subnet=None)
    with world.kubelet():
        world.create_pod()
        status = status_of(world.wait_ready())
    assert (status["podIP"], status["hostIP"]) == ("10.88.64.1", "127.0.0.1")


@pytest.mark.usefixtures("kubelet")
def test_what_the_engine_will_not_make_is_said_and_tried_again(world: World) -> None:
    world.engine.refuse_pull("nginx:1.27", "later")
    world.create_pod()
    until(lambda: world.waiting_reason() == "ErrImagePull", "the sandbox to be there", SOON)
    world.engine.fail_next("create_container", EngineError("bind source path does not exist: /x"))
    world.engine.allow_pull("nginx:1.27")
    world.pass_time(10 * SECOND)
    until(lambda: world.waiting_reason() == "CreateContainerError", "the reason", SOON)
    world.pass_time(30 * SECOND)
    world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_container_that_a_person_removed_is_made_again(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    world.engine.remove_container("web-0", force=True)
    until(lambda: world.container_status().get("restartCount") == 1, "a new one", SOON)
    world.wait_ready()


def _probe(**fields: int) -> dict[str, object]:
    return {"exec": {"command": ["healthy"]}, **fields}


def _sick(_command: tuple[str, ...], _stdin: bytes) -> ExecResult:
    return ExecResult(stdout=b"sick", exit_code=1)


def _healthy(_command: tuple[str, ...], _stdin: bytes) -> ExecResult:
    return ExecResult()
