"""Which engine it is, and what the control container must be told because of it."""

from typing import Any

import pytest

from minisets.cluster.quirks import THE_SOCKET, Quirks, quirks
from minisets.engine.docker_address import Address

DEFAULT = "unix:///var/run/docker.sock"
OF_ANN = "/run/user/1000/docker.sock"
SECCOMP = "name=seccomp,profile=builtin"
DOCKER = ("Engine", "containerd", "runc", "docker-init")
PODMAN = ("Podman Engine", "Conmon", "OCI Runtime (crun)")
DEBIAN, DESKTOP, FEDORA = "Debian GNU/Linux 12 (bookworm)", "Docker Desktop", "fedora"


def found(
    system: str,
    url: str = DEFAULT,
    *options: str,
    parts: tuple[str, ...] = DOCKER,
    platform: str = "linux",
) -> Quirks:
    """From what such an engine says at `/info` and `/version`."""
    info = {"OperatingSystem": system, "SecurityOptions": [SECCOMP, *options]}
    version = {"Components": [{"Name": part} for part in parts]}
    return quirks(info, version, Address(url, "the default"), platform)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(found(DEBIAN), Quirks("Docker Engine"), id="docker"),
        pytest.param(
            found(DEBIAN, "unix:///srv/docker.sock"),
            Quirks("Docker Engine", "/srv/docker.sock"),
            id="docker-with-its-socket-elsewhere",
        ),
        pytest.param(found(DEBIAN, "tcp://127.0.0.1:2375"), Quirks("Docker Engine"), id="docker-over-tcp"),
        pytest.param(
            found(FEDORA, DEFAULT, "name=selinux"),
            Quirks("Docker Engine", security=("label=disable",)),
            id="docker-under-selinux",
        ),
        pytest.param(
            found(DEBIAN, DEFAULT, "name=userns"),
            Quirks("Docker Engine", userns="host"),
            id="docker-with-remapped-users",
        ),
        pytest.param(
            found(FEDORA, DEFAULT, "name=userns", "name=selinux", "name=cgroupns"),
            Quirks("Docker Engine", security=("label=disable",), userns="host"),
            id="docker-with-both",
        ),
        pytest.param(
            found(DEBIAN, f"unix://{OF_ANN}", "name=rootless", "name=cgroupns"),
            Quirks("rootless Docker", OF_ANN),
            id="rootless",
        ),
        pytest.param(
            found(DESKTOP, "unix:///Users/ann/.docker/run/docker.sock", platform="darwin"),
            Quirks("Docker Desktop"),
            id="desktop-on-mac",
        ),
        pytest.param(
            found(DESKTOP, "unix:///home/ann/.docker/desktop/docker.sock"),
            Quirks("Docker Desktop"),
            id="desktop-on-linux",
        ),
        pytest.param(
            found(DESKTOP, "npipe:////./pipe/docker_engine", platform="win32"),
            Quirks("Docker Desktop"),
            id="desktop-on-windows",
        ),
        pytest.param(found(DESKTOP), Quirks("Docker Desktop"), id="desktop-from-wsl"),
        pytest.param(
            found("Ubuntu 24.04", "unix:///Users/ann/.colima/default/docker.sock", platform="darwin"),
            Quirks("Docker Engine"),
            id="colima-on-mac",
        ),
        pytest.param(
            found(FEDORA, "unix:///run/podman/podman.sock", "name=selinux", parts=PODMAN),
            Quirks("Podman", "/run/podman/podman.sock", ("label=disable",)),
            id="podman",
        ),
        pytest.param(
            found(FEDORA, "unix:///run/user/1000/podman/podman.sock", "name=rootless", parts=PODMAN),
            Quirks("Podman", "/run/user/1000/podman/podman.sock"),
            id="podman-rootless",
        ),
    ],
)
def test_an_engine_is_known_by_what_it_says(of: Quirks, expected: Quirks) -> None:
    assert of == expected


@pytest.mark.parametrize(
    ("info", "version"),
    [
        pytest.param({}, {}, id="nothing-said"),
        pytest.param({"OperatingSystem": None, "SecurityOptions": None}, {"Components": None}, id="nulls"),
        pytest.param({"SecurityOptions": []}, {"Components": [{}, {"Name": None}]}, id="empty"),
    ],
)
def test_an_engine_that_says_little_is_a_plain_one(info: dict[str, Any], version: dict[str, Any]) -> None:
    assert quirks(info, version, Address(DEFAULT, "the default"), "linux") == Quirks(
        "Docker Engine", THE_SOCKET
    )


@pytest.mark.parametrize("option", ["name=seccomp,profile=userns", "name=cgroupns", "name=apparmor"])
def test_an_option_that_only_reads_alike_changes_nothing(option: str) -> None:
    assert found(DEBIAN, DEFAULT, option) == Quirks("Docker Engine")
