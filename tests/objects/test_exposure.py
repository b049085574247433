from typing import Any

import pytest

from minisets.objects.exposure import exposures
from minisets.settings import ADOPTED, PROVISIONER


def opened(kind: str, spec: Any) -> list[str]:
    return [str(exposure) for exposure in exposures(kind, {"spec": spec})]


def container(**security: Any) -> dict[str, Any]:
    return {"containers": [{"name": "a", "image": "b", "securityContext": security}]}


@pytest.mark.parametrize(
    ("spec", "path", "opens"),
    [
        ({"hostNetwork": True}, "spec.hostNetwork", "its network, loopback included"),
        ({"hostPID": True, "hostIPC": False}, "spec.hostPID", "its processes, to see and to end"),
        ({"hostIPC": True}, "spec.hostIPC", "its processes' shared memory"),
        (
            {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "a", "hostPath": {"path": "/etc"}}]},
            "spec.volumes[1].hostPath",
            "its files below /etc",
        ),
        (container(privileged=True), "spec.containers[0].securityContext.privileged", "all of root's rights"),
        (
            {"initContainers": container(privileged=True)["containers"]},
            "spec.initContainers[0].securityContext.privileged",
            "its devices",
        ),
        (
            container(capabilities={"add": ["CHOWN", "CAP_SYS_ADMIN"]}),
            "spec.containers[0].securityContext.capabilities.add[1]",
            "SYS_ADMIN reaches",
        ),
        (
            container(capabilities={"add": ["all"]}),
            "spec.containers[0].securityContext.capabilities.add[0]",
            "ALL reaches",
        ),
    ],
)
def test_a_pod_that_asks_for_the_machine_is_named_with_the_field(
    spec: dict[str, Any], path: str, opens: str
) -> None:
    (line,) = opened("Pod", spec)
    assert line.startswith(f"{path}: gives a pod the machine: ")
    assert opens in line
    (line,) = opened("StatefulSet", {"template": {"spec": spec}})
    assert line.startswith(path.replace("spec", "spec.template.spec", 1))


@pytest.mark.parametrize("source", ["hostPath", "local"])
def test_a_volume_that_is_a_folder_of_the_machine_is_named(source: str) -> None:
    (line,) = opened("PersistentVolume", {source: {"path": "/srv/data"}})
    assert line == f"spec.{source}: gives a pod the machine: its files below /srv/data"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"hostNetwork": False, "shareProcessNamespace": True},
        {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "a"}}]},
        container(privileged=False, runAsUser=0, capabilities={"drop": ["ALL"]}),
        container(capabilities={"add": ["NET_ADMIN", "IPC_LOCK", "SYS_PTRACE", "SYS_NICE", "NET_RAW"]}),
        {"volumes": "mistyped", "containers": [None, {"securityContext": {"capabilities": 1}}]},
        "mistyped",
    ],
)
def test_what_stays_within_the_pod_is_not(spec: Any) -> None:
    assert opened("Pod", spec) == []


def test_other_kinds_open_nothing() -> None:
    assert opened("Service", {"hostNetwork": True, "type": "NodePort"}) == []
    assert opened("PersistentVolume", {"csi": {"driver": "docker.minisets.dev", "volumeHandle": "a"}}) == []


def test_a_debugger_with_the_machines_rights_is_named() -> None:
    ephemeral = [{"name": "debug", "image": "a", "securityContext": {"privileged": True}}]
    (line,) = opened("Pod", {"ephemeralContainers": ephemeral, "runtimeClassName": "kata"})
    assert line.startswith("spec.ephemeralContainers[0].securityContext.privileged: gives a pod the machine")


def test_a_docker_volume_that_is_not_minisets_is_named() -> None:
    """As `minisets volumes adopt` writes it, so that a manifest that does the same does not go unseen."""
    volume = {"metadata": {"name": "a", "annotations": {ADOPTED: "mine"}}, "spec": {}}
    (line,) = map(str, exposures("PersistentVolume", volume))
    where = f"metadata.annotations[{ADOPTED}]"
    assert line == f"{where}: gives a pod the machine: the Docker volume mine, whoever made it"


@pytest.mark.parametrize(
    ("attributes", "paths"),
    [
        ({"type": "none", "o": "bind", "device": "/etc"}, ["/etc"]),
        ({"type": "none", "o": "bind", "device": "etc"}, ["/etc"]),
        ({"type": "overlay", "device": "overlay", "o": "lowerdir=/etc:/srv"}, ["/etc", "/srv"]),
        ({"driver": "local-persist", "mountpoint": "/srv"}, ["/srv"]),
        ({"type": "nfs", "device": ":/srv", "o": "addr=nas"}, []),
        ({"device": 7}, []),
    ],
)
def test_a_docker_volume_whose_options_name_a_folder_is_named(
    attributes: dict[str, object], paths: list[str]
) -> None:
    csi = {"driver": PROVISIONER, "volumeHandle": "a", "volumeAttributes": attributes}
    said = "spec.csi.volumeAttributes: gives a pod the machine: its files below"
    assert opened("PersistentVolume", {"csi": csi}) == [f"{said} {path}" for path in paths]


def test_another_drivers_attributes_are_no_options_of_docker() -> None:
    csi = {"driver": "ebs.csi.aws.com", "volumeHandle": "a", "volumeAttributes": {"device": "/dev/xvda"}}
    assert opened("PersistentVolume", {"csi": csi}) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/", "contains /var/lib/docker, the engine's data"),
        ("/var/run/docker.sock/", "is /var/run/docker.sock, the engine's socket"),
        ("/var/lib/docker/volumes", "lies in /var/lib/docker, the engine's data"),
    ],
)
def test_a_path_that_is_never_mounted_is_told_of_before_an_engine_is_asked(path: str, why: str) -> None:
    said = f"its files below {path}; it will not be mounted, as it {why}"
    (line,) = opened("PersistentVolume", {"local": {"path": path}})
    assert line == f"spec.local: gives a pod the machine: {said}"
    attributes = {"type": "none", "o": "bind", "device": path}
    (line,) = opened("PersistentVolume", {"csi": {"driver": PROVISIONER, "volumeAttributes": attributes}})
    assert line == f"spec.csi.volumeAttributes: gives a pod the machine: {said}"


def test_a_class_whose_driver_is_given_a_path_of_the_machine_is_named() -> None:
    """Docker's own driver is refused such parameters when a claim comes."""

    def lines(**parameters: str) -> list[str]:
        storage_class = {"provisioner": PROVISIONER, "parameters": parameters}
        return [str(exposure) for exposure in exposures("StorageClass", storage_class)]

    (line,) = lines(driver="local-persist", mountpoint="/srv", size="1g")
    assert line == (
        "parameters[mountpoint]: gives a pod the machine: its files below /srv, "
        "if local-persist takes them from there"
    )
    assert lines(type="none", o="bind", device="/srv") == []
