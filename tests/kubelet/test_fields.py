"""Fields that go through the whole kubelet to the engine, as they stand in a pod."""

from typing import Any

import pytest

from minisets.objects.kinds import Object
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("kubelet")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("workingDir", "/srv", {"working_dir": "/srv"}),
        ("tty", True, {"tty": True}),
        ("stdin", True, {"stdin": True, "stdin_once": False}),
        ("stdinOnce", True, {"stdin": False, "stdin_once": False}),
        ("image", "nginx:9", {"image": "nginx:9"}),
    ],
)
def test_a_containers_field_is_what_the_engine_is_told(
    world: World, field: str, value: Any, expected: dict[str, Any]
) -> None:
    world.create_pod(containers=[{**container(), field: value}])
    world.wait_ready()
    spec = world.engine.spec_of("web-0")
    assert {name: getattr(spec, name) for name in expected} == expected


def test_input_may_end_with_the_first_who_attaches(world: World) -> None:
    world.create_pod(containers=[container(stdin=True, stdinOnce=True)])
    world.wait_ready()
    assert world.engine.spec_of("web-0").stdin_once


def test_a_container_is_stopped_by_the_signal_that_it_names(world: World) -> None:
    world.engine.behave("web-0", ignores_sigterm=True)
    stops = container(lifecycle={"stopSignal": "SIGINT"})
    world.create_pod(os={"name": "linux"}, containers=[stops])
    world.wait_ready()
    world.delete_pod()
    until(lambda: world.engine.signals_of("web-0") == ("INT",), "SIGINT", SOON)


@pytest.mark.parametrize("shared", [True, False])
def test_process_ids_are_shared_where_the_pod_says_so(world: World, *, shared: bool) -> None:
    world.create_pod(shareProcessNamespace=shared)
    world.wait_ready()
    sandbox = world.container("web-0_sandbox").id
    assert world.engine.spec_of("web-0").joins_pid == (sandbox if shared else "")


def test_no_service_is_announced_where_links_are_not_wanted(world: World) -> None:
    spec = {"ports": [{"port": 80}], "clusterIP": "10.97.128.9"}
    world.registry.create("Service", "default", {"metadata": {"name": "db"}, "spec": spec})
    world.create_pod("web-0", enableServiceLinks=False)
    world.create_pod("web-1")
    world.wait_ready("web-0")
    world.wait_ready("web-1")
    assert "DB_SERVICE_HOST" not in dict(world.engine.spec_of("web-0").env)
    assert "DB_SERVICE_HOST" in dict(world.engine.spec_of("web-1").env)


def test_variables_come_from_configmaps_and_secrets_whole_or_by_key(world: World) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"A": "1"}})
    secret = {"metadata": {"name": "password"}, "stringData": {"B": "2"}}
    world.registry.create("Secret", "default", secret)
    sources = [
        {"configMapRef": {"name": "settings"}, "prefix": "C_"},
        {"secretRef": {"name": "password"}, "prefix": "S_"},
        {"configMapRef": {"name": "nowhere", "optional": True}},
        {"secretRef": {"name": "nowhere", "optional": True}},
    ]
    keys = [
        {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "A"}}},
        {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "password", "key": "B"}}},
        {"name": "Z", "valueFrom": {"secretKeyRef": {"name": "password", "key": "C", "optional": True}}},
    ]
    world.create_pod(containers=[container(envFrom=sources, env=keys)])
    world.wait_ready()
    env = world.engine.spec_of("web-0").env
    assert sorted(env) == [("C_A", "1"), ("S_B", "2"), ("X", "1"), ("Y", "2")]


def test_a_claim_may_be_mounted_read_only_as_a_whole(world: World) -> None:
    world.bound_claim()
    claim = {"claimName": "www-web-0", "readOnly": True}
    mount = {"name": "www", "mountPath": "/www"}
    world.create_pod(
        volumes=[{"name": "www", "persistentVolumeClaim": claim}],
        containers=[container(volumeMounts=[mount])],
    )
    world.wait_ready()
    mounts = world.engine.spec_of("web-0").mounts
    assert [mount.read_only for mount in mounts if mount.target == "/www"] == [True]


NAME = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}
CPU = {
    "path": "cpu",
    "resourceFieldRef": {"containerName": "nginx", "resource": "limits.cpu", "divisor": "1m"},
}
EVERY = ("a", "b", "inner/a", "name", "cpu")
CHOSEN = {"items": [{"key": "a", "path": "inner/a"}]}


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ({"configMap": {"name": "settings"}}, {"a": b"1", "b": b"2"}),
        ({"configMap": {"name": "settings", **CHOSEN}}, {"inner/a": b"1"}),
        ({"secret": {"secretName": "password", **CHOSEN}}, {"inner/a": b"1"}),
        ({"secret": {"secretName": "nowhere", "optional": True}}, {}),
        ({"configMap": {"name": "nowhere", "optional": True}}, {}),
        ({"downwardAPI": {"items": [NAME, CPU]}}, {"name": b"web-0", "cpu": b"500"}),
        ({"projected": {"sources": [{"configMap": {"name": "settings", **CHOSEN}}]}}, {"inner/a": b"1"}),
        ({"projected": {"sources": [{"secret": {"name": "password", **CHOSEN}}]}}, {"inner/a": b"1"}),
        ({"projected": {"sources": [{"downwardAPI": {"items": [NAME]}}]}}, {"name": b"web-0"}),
        ({"projected": {"sources": [{"configMap": {"name": "nowhere", "optional": True}}]}}, {}),
        ({"projected": {"sources": [{"secret": {"name": "nowhere", "optional": True}}]}}, {}),
    ],
)
def test_files_of_every_source_are_what_it_names(
    world: World, source: Object, files: dict[str, bytes]
) -> None:
    data = {"a": "1", "b": "2"}
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": data})
    world.registry.create("Secret", "default", {"metadata": {"name": "password"}, "stringData": data})
    mounted = container(
        volumeMounts=[{"name": "etc", "mountPath": "/etc/app"}], resources={"limits": {"cpu": "500m"}}
    )
    world.create_pod(volumes=[{"name": "etc", **source}], containers=[mounted])
    world.wait_ready()
    candidates = {name: world.engine.read_file("web-0", f"/etc/app/{name}") for name in EVERY}
    assert {name: data for name, data in candidates.items() if data is not None} == files
