from typing import Any

import pytest

from minisets.kubelet.environment import environment, expand
from minisets.kubelet.failures import NotYet
from minisets.kubelet.nodes.reported import node_object
from minisets.objects.kinds import Object
from tests.kubelet.world import World, container


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(A)", "1"),
        ("$(A)-$(B)", "1-2"),
        ("$(X)", "$(X)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(hostname).$(A)", "$(hostname).1"),
        ("$(hostname -f) $A ${A}", "$(hostname -f) $A ${A}"),
        ("$(A", "$(A"),
        ("$(X$(A))", "$(X$(A))"),
        ("$", "$"),
        ("a$$b", "a$b"),
    ],
)
def test_known_names_are_replaced_and_everything_else_stays(text: str, expected: str) -> None:
    """A-128, manifests.md trap 7."""
    assert expand(text, {"A": "1", "B": "2"}) == expected


def _environment(world: World, **fields: Any) -> dict[str, str]:
    pod = world.create_pod(containers=[container(**fields)], serviceAccountName="runner")
    pod = {**pod, "status": {**pod["status"], "podIP": "10.97.64.1", "podIPs": [{"ip": "10.97.64.1"}]}}
    pod["metadata"] = {**pod["metadata"], "labels": {"app": "nginx"}, "annotations": {"k": "v"}}
    return environment(pod, pod["spec"]["containers"][0], world.store, _node(world))


def _node(world: World) -> Object:
    return node_object(world.engine.info(), world.settings, world.clock.now())


def _ref(name: str, **source: Any) -> dict[str, Any]:
    return {"name": name, "valueFrom": source}


def test_a_variable_sees_those_before_it(world: World) -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)2"},
        {"name": "C", "value": "$(D)"},
        {"name": "D", "value": "4"},
        {"name": "E"},
    ]
    assert _environment(world, env=env) == {"A": "1", "B": "12", "C": "$(D)", "D": "4", "E": ""}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.name", "web-0"),
        ("metadata.namespace", "default"),
        ("metadata.labels['app']", "nginx"),
        ("metadata.annotations['k']", "v"),
        ("metadata.annotations['none']", ""),
        ("spec.nodeName", "minisets-0"),
        ("spec.serviceAccountName", "runner"),
        ("status.podIP", "10.97.64.1"),
        ("status.podIPs", "10.97.64.1"),
        ("status.hostIP", "10.97.0.1"),
    ],
)
def test_a_field_of_the_pod(world: World, path: str, expected: str) -> None:
    """manifests.md trap 8."""
    assert _environment(world, env=[_ref("A", fieldRef={"fieldPath": path})]) == {"A": expected}


@pytest.mark.parametrize(
    ("resource", "divisor", "expected"),
    [
        ("limits.memory", "1Mi", "512"),
        ("limits.memory", "0", "536870912"),
        ("limits.cpu", "1", "2"),
        ("limits.cpu", "1m", "1500"),
        ("requests.cpu", "1m", "1500"),
        ("limits.ephemeral-storage", "1Gi", "1024"),
    ],
)
def test_a_resource_is_counted_in_its_divisor_rounded_up(
    world: World, resource: str, divisor: str, expected: str
) -> None:
    """Without a limit it is the node's."""
    source = {"resource": resource, "divisor": divisor}
    fields = {"resources": {"limits": {"memory": "512Mi", "cpu": "1500m"}}}
    assert _environment(world, env=[_ref("A", resourceFieldRef=source)], **fields)["A"] == expected


def test_env_wins_over_what_is_imported(world: World) -> None:
    world.registry.create(
        "ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"A": "1", "B": "2"}}
    )
    world.registry.create("Secret", "default", {"metadata": {"name": "password"}, "data": {"P": "cA=="}})
    imports = [
        {"configMapRef": {"name": "settings"}},
        {"prefix": "S_", "secretRef": {"name": "password"}},
        {"configMapRef": {"name": "nowhere", "optional": True}},
    ]
    found = _environment(world, envFrom=imports, env=[{"name": "B", "value": "$(S_P)!"}])
    assert found == {"A": "1", "B": "p!", "S_P": "p"}


def test_an_optional_key_that_is_not_there_sets_nothing(world: World) -> None:
    """manifests.md trap 15."""
    optional = {"name": "nowhere", "key": "a", "optional": True}
    env = [_ref("A", configMapKeyRef=optional), _ref("B", secretKeyRef=optional)]
    assert _environment(world, env=env) == {}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "nowhere", "key": "a"}}, 'configmap "nowhere" not found'),
        ({"secretKeyRef": {"name": "nowhere", "key": "a"}}, 'secret "nowhere" not found'),
        (
            {"configMapKeyRef": {"name": "settings", "key": "z"}},
            "couldn't find key z in ConfigMap default/settings",
        ),
    ],
)
def test_a_source_that_is_missing_is_named(world: World, source: dict[str, Any], message: str) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"a": "1"}})
    with pytest.raises(NotYet, match=message) as caught:
        _environment(world, env=[_ref("A", **source)])
    assert caught.value.reason == "CreateContainerConfigError"


def test_services_with_an_address_are_announced_headless_ones_are_not(world: World) -> None:
    """A-129."""
    ports = [{"name": "http", "port": 80}]
    world.registry.create(
        "Service",
        "default",
        {"metadata": {"name": "my-db"}, "spec": {"ports": ports, "clusterIP": "10.97.128.9"}},
    )
    headless = {"ports": ports, "clusterIP": "None"}
    world.registry.create("Service", "default", {"metadata": {"name": "nginx"}, "spec": headless})
    assert _environment(world) == {
        "MY_DB_SERVICE_HOST": "10.97.128.9",
        "MY_DB_SERVICE_PORT": "80",
        "MY_DB_SERVICE_PORT_HTTP": "80",
        "MY_DB_PORT": "tcp://10.97.128.9:80",
        "MY_DB_PORT_80_TCP": "tcp://10.97.128.9:80",
        "MY_DB_PORT_80_TCP_PROTO": "tcp",
        "MY_DB_PORT_80_TCP_PORT": "80",
        "MY_DB_PORT_80_TCP_ADDR": "10.97.128.9",
    }


def test_the_api_is_announced_to_every_pod_whatever_it_wants(world: World) -> None:
    """A-129."""
    spec = {"ports": [{"name": "https", "port": 443}], "clusterIP": "10.97.128.1"}
    world.registry.create("Service", "default", {"metadata": {"name": "kubernetes"}, "spec": spec})
    for pod in ({"spec": {"enableServiceLinks": False}}, {"metadata": {"namespace": "other"}}):
        namespace = {"namespace": "default", **pod.get("metadata", {})}
        found = environment({"metadata": namespace, "spec": pod.get("spec", {})}, {}, world.store, None)
        assert found["KUBERNETES_SERVICE_HOST"] == "10.97.128.1"
        assert found["KUBERNETES_SERVICE_PORT"] == "443"


def test_binary_data_is_for_files_only(world: World) -> None:
    body = {"metadata": {"name": "settings"}, "data": {"a": "1"}, "binaryData": {"b": "AAEC"}}
    world.registry.create("ConfigMap", "default", body)
    optional = _ref("B", configMapKeyRef={"name": "settings", "key": "b", "optional": True})
    found = _environment(world, envFrom=[{"configMapRef": {"name": "settings"}}], env=[optional])
    assert found == {"a": "1"}
