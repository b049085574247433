import pytest

from minisets.objects.barred_paths import USUALLY, Barred, is_within, named_in, reached, relation


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/var/run/docker.sock", "is /var/run/docker.sock, the engine's socket"),
        ("/run/docker.sock/", "is /run/docker.sock, the engine's socket"),
        ("/srv/../run/containerd/containerd.sock", "lies in /run/containerd, the engine's own sockets"),
        ("/var/lib/docker/volumes/minisets/_data", "lies in /var/lib/docker, the engine's data"),
        ("/var/lib", "contains /var/lib/docker, the engine's data"),
        ("/run", "contains /run/docker.sock, the engine's socket"),
        ("/", "contains /var/lib/docker, the engine's data"),
        ("/proc/1/root/srv", "lies in /proc/1, what a process sees"),
        ("/proc/self", "is /proc/self, what a process sees"),
        ("/proc/thread-self/cwd", "lies in /proc/thread-self, what a process sees"),
    ],
)
def test_what_is_the_engines_is_reached_from_within_and_from_above(path: str, says: str) -> None:
    found = reached(path, USUALLY)
    assert found is not None
    assert relation(path.replace("/srv/..", "").rstrip("/") or "/", found) == says


@pytest.mark.parametrize(
    "path",
    [
        "/srv",
        "/var/log",
        "/var/lib/dockers",
        "/run/udev",
        "/run/docker.sock.old",
        "/proc",
        "/proc/sys",
        "/dev",
    ],
)
def test_what_lies_beside_it_is_not(path: str) -> None:
    assert reached(path, USUALLY) is None


def test_the_root_holds_everything() -> None:
    assert is_within("/srv", "/")
    assert is_within("/", "/")
    assert not is_within("/", "/srv")
    assert reached("/srv", [Barred("/", "all")]) is not None


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({}, ()),
        ({"type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=0755"}, ()),
        ({"type": "nfs", "device": ":/srv", "o": "addr=10.0.0.1,nolock"}, ()),
        ({"type": "none", "o": "bind", "device": "/x"}, ("/x",)),
        ({"type": "none", "o": "ro,rbind", "device": "var/lib"}, ("/var/lib",)),
        ({"type": "bind", "device": "x"}, ("/x",)),
        ({"type": "ext4", "device": "/dev/sdb1"}, ("/dev/sdb1",)),
        ({"type": "none", "o": "bind", "device": "/x/../y"}, ("/x/../y",)),
        ({"mountpoint": "/x", "other": "y"}, ("/x",)),
        (
            {"type": "overlay", "device": "overlay", "o": r"lowerdir=/a:v\ar/lib,upperdir=/u,workdir=w"},
            ("/a", "/var/lib", "/u", "/w"),
        ),
        (
            {"type": "overlay", "o": r"lowerdir=/a\:b:/c,upperdir=/u\,u"},
            ("/a\\", "/b", "/c", "/a:b", "/u\\", "/u", "/u,u"),
        ),
        ({"type": "overlay", "o": r"lowerdir=/a\\,upperdir=/b"}, ("/a\\", "/b")),
    ],
)
def test_the_paths_that_a_docker_volumes_options_name(
    options: dict[str, str], paths: tuple[str, ...]
) -> None:
    assert named_in(options) == paths
