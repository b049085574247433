"""The sandbox's program: its bytes, alone, as process 1 of namespaces, and of a container on a real engine.

The binary of the other architecture runs under qemu everywhere but on the engine; scripts/setup tests brings
qemu and both compilers.
"""

import contextlib
import io
import os
import platform
import signal
import struct
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import ImageNotFound
from docker.models.containers import Container

from minisets.engine import pause
from tests import leftovers
from tests.engine.pausing import ARCHITECTURES, run
from tests.engines import NAMESPACES
from tests.waiting import until

BUSY = "minisets.test/busy:1"
NO_ADDRESSES = [
    "web-0",
    "",
    "1.2.3",
    "1.2.3.4.",
    "1.2.3.256",
    "::1::",
    ":1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::12345",
    "::g",
]
LOAD, STACK = 1, 0x6474E551  # of an ELF file's program headers
REPOSITORY = Path(__file__).parents[2]
HOSTS = "127.0.0.1\tlocalhost\n10.97.64.1\tweb-0.nginx.default.svc.cluster.local\tweb-0\n"
RESOLV_CONF = "nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local\noptions ndots:5\n"


# --- the package's side ---


@pytest.mark.parametrize(("asked", "alias"), [("amd64", "x86_64"), ("arm64", "aarch64")])
def test_the_binary_is_found_by_the_engines_and_by_the_images_name(asked: str, alias: str) -> None:
    assert pause.binary(asked) == pause.binary(alias)
    assert len(pause.binary(asked)) < 12_000


@pytest.mark.parametrize("architecture", ["riscv64", "", "../pause.c"])
def test_an_unknown_architecture_is_said_with_those_that_are_known(architecture: str) -> None:
    with pytest.raises(LookupError, match=r"no sandbox program for .*: minisets runs on .* amd64 and arm64"):
        pause.binary(architecture)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_fresh_build_has_the_bytes_that_are_committed(architecture: str, tmp_path: Path) -> None:
    committed = REPOSITORY / "minisets/engine/pause" / f"pause-{architecture}"
    build: list[str | Path] = [REPOSITORY / "scripts/pause", tmp_path, architecture]
    result = subprocess.run(build, capture_output=True, timeout=60, text=True, check=False)
    if "no compiler" in result.stderr:
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stderr
    made_by = (tmp_path / f"{committed.name}.made-by").read_text()
    if made_by != (theirs := committed.with_name(f"{committed.name}.made-by").read_text()):
        pytest.skip(f"built here by {made_by.splitlines()}, committed by {theirs.splitlines()}")
    assert (tmp_path / committed.name).read_bytes() == committed.read_bytes()


@pytest.mark.parametrize(("architecture", "machine"), [("amd64", 62), ("arm64", 183)])
def test_the_binary_is_an_executable_that_needs_nothing_around_it(architecture: str, machine: int) -> None:
    program = pause.binary(architecture)
    elf64_little_endian, executable = b"\x7fELF\x02\x01\x01", 2
    assert program.startswith(elf64_little_endian)
    assert struct.unpack_from("<HH", program, 16) == (executable, machine)
    assert [(kind, rights) for kind, rights, _ in _segments(program)] == [
        (LOAD, "r-x"),
        (LOAD, "rw-"),
        (STACK, "rw-"),  # without it the kernel makes the stack executable
    ]  # and no interpreter, nothing dynamic


def test_the_binary_for_arm64_loads_under_kernels_with_large_pages() -> None:
    segments = _segments(pause.binary("arm64"))
    assert {alignment for kind, _, alignment in segments if kind == LOAD} == {65_536}


def _segments(program: bytes) -> list[tuple[int, str, int]]:
    """What the kernel maps by: each program header's type, rights and alignment."""
    (start,), (size, count) = struct.unpack_from("<Q", program, 32), struct.unpack_from("<HH", program, 54)
    headers = [struct.unpack_from("<II6Q", program, start + i * size) for i in range(count)]
    return [
        (kind, "".join(c if flags & bit else "-" for c, bit in [("r", 4), ("w", 2), ("x", 1)]), alignment)
        for kind, flags, *_, alignment in headers
    ]


# --- alone ---


def test_swap_makes_and_then_replaces_the_link(program: list[str], tmp_path: Path) -> None:
    for target in ("..2026_a", "..2026_b"):
        assert run(program, "swap", tmp_path, target).returncode == 0
        assert (tmp_path / "..data").readlink() == Path(target)
    assert not (tmp_path / "..data_tmp").is_symlink()


def test_swap_goes_on_after_one_that_was_killed_half_way(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "..data_tmp").symlink_to("..2026_half")
    assert run(program, "swap", tmp_path, "..2026_b").returncode == 0
    assert (tmp_path / "..data").readlink() == Path("..2026_b")


def test_a_reader_never_sees_the_link_missing(program: list[str], tmp_path: Path) -> None:
    run(program, "swap", tmp_path, "0")
    script = """
folder=$1; shift; i=0
until [ -e "$folder/stop" ]; do i=$((i + 1)); "$@" swap "$folder" $i || exit 1; done
exec "$@" swap "$folder" last
"""
    reads = swapped = 0
    with subprocess.Popen(["sh", "-c", script, "sh", tmp_path, *program]) as swaps:
        try:
            while reads <= 200 or swapped < 200:
                swapped = int((tmp_path / "..data").readlink().name)
                reads += 1
                assert swaps.poll() is None
        finally:
            (tmp_path / "stop").touch()
    assert swaps.returncode == 0
    assert (tmp_path / "..data").readlink() == Path("last")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: None, "cannot make {}/..data_tmp: error 2"),
        (lambda folder: (folder / "..data").mkdir(parents=True), "cannot replace {}/..data: error 21"),
        (lambda folder: (folder / "..data_tmp").mkdir(parents=True), "cannot remove {}/..data_tmp: error 21"),
    ],
    ids=["no such folder", "a folder in the link's place", "a folder in the temporary link's place"],
)
def test_a_swap_that_fails_says_where_and_leaves_with_1(
    program: list[str], tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "volume"
    spoil(folder)
    result = run(program, "swap", folder, "new")
    assert (result.returncode, result.stderr) == (1, f"pause: {said.format(folder)}\n")
    assert not (folder / "..data_tmp").is_symlink()


def test_a_path_too_long_is_refused(program: list[str]) -> None:
    result = run(program, "swap", "d" * 5000, "new")
    assert result.returncode == 1
    assert result.stderr.endswith(": error 36\n")


def test_a_swap_links_what_is_new_and_removes_what_is_stale(program: list[str], tmp_path: Path) -> None:
    for name in ("..old/gone", "..old/kept", "..old/deep/er", "..new/kept", "..new/fresh", "..half/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    for name in ("gone", "kept", "deep"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    (tmp_path / "..data").symlink_to("..old")
    before = (tmp_path / "kept").lstat().st_ino
    assert run(program, "swap", tmp_path, "..new").returncode == 0
    assert {each.name for each in tmp_path.iterdir()} >= {"..new", "..data", "kept", "fresh"}
    assert {each.name for each in tmp_path.iterdir()} <= {"..new", "..data", "kept", "fresh", "pause"}
    assert (tmp_path / "fresh").read_text() == "..new/fresh"
    assert (tmp_path / "kept").read_text() == "..new/kept"
    assert (tmp_path / "kept").lstat().st_ino == before, "a link that is right is not made again"


def test_own_gives_a_folder_and_all_in_it_to_the_group(program: list[str], tmp_path: Path) -> None:
    """Kubernetes: changeFilePermission. What a link leads to is somebody else's."""
    folder, outside = tmp_path / "volume", tmp_path / "outside"
    (folder / "deep/er").mkdir(parents=True, mode=0o700)
    for name, mode in (("file", 0o400), ("deep/er/script", 0o755)):
        (folder / name).touch()
        (folder / name).chmod(mode)
    outside.touch(mode=0o600)
    (folder / "link").symlink_to(outside)
    group = _other_group()
    assert run(program, "own", folder, str(group)).returncode == 0
    found = {name: (folder / name).lstat() for name in (".", "deep", "deep/er", "file", "deep/er/script")}
    assert {each.st_gid for each in found.values()} == {group}
    assert {name: oct(each.st_mode & 0o7777) for name, each in found.items()} == {
        ".": "0o2775",
        "deep": "0o2775",
        "deep/er": "0o2770",
        "file": "0o660",
        "deep/er/script": "0o775",
    }
    assert (folder / "link").lstat().st_gid == group
    assert outside.stat().st_mode & 0o7777 == 0o600


def test_match_leaves_a_folder_alone_that_is_the_groups_already(program: list[str], tmp_path: Path) -> None:
    folder, inside = tmp_path / "volume", tmp_path / "volume/inside"
    folder.mkdir()
    folder.chmod(0o755)
    group = _other_group()
    for expected in (0o660, 0o600):
        inside.touch()
        inside.chmod(0o600)
        assert run(program, "match", folder, str(group)).returncode == 0
        assert inside.stat().st_mode & 0o7777 == expected
    folder.chmod(0o775)
    assert run(program, "match", folder, str(group)).returncode == 0
    assert inside.stat().st_mode & 0o7777 == 0o660, "the group's, but it does not pass it on"


@pytest.mark.parametrize("verb", ["own", "match"])
def test_only_a_folder_that_is_there_can_be_owned(program: list[str], tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").touch()
    for name, error in (("none", 2), ("file", 20)):
        result = run(program, verb, tmp_path / name, "7")
        assert (result.returncode, result.stderr) == (
            1,
            f"pause: cannot open {tmp_path / name}: error {error}\n",
        )


def _other_group() -> int:
    if os.geteuid() != 0:
        pytest.skip("only root may give files to any group")
    return 2_000_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        *(["swap"], ["swap", "a"], ["swop", "a", "b"], ["swap", "a", "b", "c"], ["x"]),
        ["own", "a"],
        ["own", "a", "b"],
        ["own", "a", ""],
        ["match", "a", "-1"],
        ["match", "a", "12345678901"],
        ["dial", "127.0.0.1"],
        *(["dial", "127.0.0.1", port] for port in ("0", "65536", "http", "")),
        *(["dial", host, "80"] for host in NO_ADDRESSES),
        ["end", "1"],
        *(["end", process, "0123456789ab"] for process in ("0", "-1", "x", "")),
        ["end", "1", "0123456789a"],
    ],
)
def test_wrong_usage_leaves_with_2(program: list[str], arguments: list[str]) -> None:
    result = run(program, *arguments)
    assert result.returncode == 2
    assert result.stderr == (
        "usage: pause | pause swap DIR NEW | pause own|match DIR GID | pause copy FROM TO... |"
        " pause dial ADDRESS|localhost PORT | pause end PID CONTAINER\n"
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_leaves_with_0_when_told_to_and_leaves_the_machines_own_file_alone(
    program: list[str], end: signal.Signals
) -> None:
    before = Path("/etc/resolv.conf").read_bytes()
    environment = {**os.environ, "MINISETS_RESOLV_CONF": "nameserver 192.0.2.1\n"}
    with subprocess.Popen(program, env=environment) as process:
        try:
            until(lambda: _is_ready(process.pid), "the program to wait for signals")
            process.send_signal(end)
            assert process.wait(timeout=5) == 0
        finally:
            process.kill()
    assert Path("/etc/resolv.conf").read_bytes() == before


# --- copy ---


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with some of all that a volume may hold."""
    tree = tmp_path / "from"
    (tree / "folder/empty").mkdir(parents=True)
    (tree / "folder/file").write_bytes(b"content " * 40_000)
    (tree / "folder/file").chmod(0o4751)
    (tree / "folder/again").hardlink_to(tree / "folder/file")
    (tree / "other name").hardlink_to(tree / "folder/file")
    (tree / "nothing").touch()
    (tree / "out").symlink_to("/etc/passwd")
    (tree / "dangling").symlink_to("no/where")
    (tree / "into").symlink_to("folder")
    os.mkfifo(tree / "pipe")
    for path in sorted(tree.rglob("*"), reverse=True):
        os.utime(path, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321), follow_symlinks=False)
    (tree / "folder").chmod(0o1777)
    tree.chmod(0o2750)
    os.utime(tree, ns=(1_600_000_000_000_000_001, 1_500_000_000_000_000_002))
    return tree


def _said(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything that `ls -lR` would say, and what is in the files."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (root, *sorted(root.rglob("*"))):
        status = path.lstat()
        what: object = path.readlink() if path.is_symlink() else None
        if path.is_file() and not path.is_symlink():
            what = path.read_bytes()
        links = status.st_nlink if path.is_file() else 1
        owner = (status.st_uid, status.st_gid)
        found[str(path.relative_to(root))] = (status.st_mode, *owner, links, status.st_mtime_ns, what)
    return found


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_copy_makes_the_same_tree(program: list[str], tree: Path, tmp_path: Path) -> None:
    result = run(program, "copy", tree, tmp_path / "to")
    assert (result.returncode, result.stdout, result.stderr) == (0, "320000\n", "")
    assert _said(tmp_path / "to") == _said(tree)
    names = [tmp_path / "to" / name for name in ("folder/file", "folder/again", "other name")]
    assert len({path.stat().st_ino for path in names}) == 1
    assert (tree / "dangling").is_symlink()  # links were neither followed nor taken away


def test_copy_leaves_nothing_of_what_was_there_before(program: list[str], tree: Path, tmp_path: Path) -> None:
    old = tmp_path / "to"
    (old / "folder/empty").mkdir(parents=True)
    (old / "folder/empty/old").write_text("old")
    (old / "folder/file").symlink_to(tree / "nothing")
    (old / "into").mkdir()
    assert run(program, "copy", tree, old).returncode == 0
    assert _said(old) == _said(tree)
    assert (tree / "nothing").read_bytes() == b""


def test_copy_keeps_holes(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    with (tmp_path / "from/sparse").open("wb") as file:
        file.seek(5 << 20)
        file.write(b"x" * 5000)
        file.truncate(9 << 20)
    assert run(program, "copy", tmp_path / "from", tmp_path / "to").returncode == 0
    copy = tmp_path / "to/sparse"
    assert copy.read_bytes() == (tmp_path / "from/sparse").read_bytes()
    assert copy.stat().st_blocks <= (tmp_path / "from/sparse").stat().st_blocks + 8


def test_copy_keeps_extended_attributes_and_forgets_those_before(program: list[str], tmp_path: Path) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    target.mkdir()
    (source / "file").touch()
    try:
        os.setxattr(source / "file", "user.a", b"\0 1")
        os.setxattr(source, "user.b", b"2")
        os.setxattr(target, "user.old", b"3")
    except OSError as error:
        pytest.skip(f"no attributes on this file system: {error}")
    assert run(program, "copy", source, target).returncode == 0
    assert os.getxattr(target / "file", "user.a") == b"\0 1"
    assert [name for name in os.listxattr(target) if name.startswith("user.")] == ["user.b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_copy_keeps_owners(program: list[str], tree: Path, tmp_path: Path) -> None:
    os.chown(tree / "folder", 1234, 5678)
    os.chown(tree / "folder/file", 12, 34)
    (tree / "folder/file").chmod(0o6751)
    os.chown(tree / "out", 56, 78, follow_symlinks=False)
    assert run(program, "copy", tree, tmp_path / "to").returncode == 0
    assert _said(tmp_path / "to") == _said(tree)


def test_a_copy_that_was_killed_is_marked_and_made_anew(
    program: list[str], tree: Path, tmp_path: Path
) -> None:
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *program]  # the kernel kills who writes more
    assert run(limited, "copy", tree, tmp_path / "to").returncode != 0
    mark = tmp_path / "to/.minisets-copy"
    assert mark.is_dir()
    (mark / "left").write_text("by the one that was killed")
    assert run(program, "copy", tree, tmp_path / "to").returncode == 0
    assert _said(tmp_path / "to") == _said(tree)


def test_a_mark_in_what_is_copied_is_not_copied(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "from/.minisets-copy").mkdir(parents=True)
    (tmp_path / "from/below/.minisets-copy").mkdir(parents=True)
    assert run(program, "copy", tmp_path / "from", tmp_path / "to").returncode == 0
    assert _names(tmp_path / "to") == ["below"]
    assert _names(tmp_path / "to/below") == [".minisets-copy"]


def test_copy_takes_several_pairs_one_after_the_other(program: list[str], tree: Path, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small/a").write_text("abc")
    result = run(program, "copy", tree, tmp_path / "x", tmp_path / "small", tmp_path / "y")
    assert result.stdout == "320000\n3\n"
    assert (tmp_path / "y/a").read_text() == "abc"


def test_copy_says_what_is_missing_and_touches_nothing(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to/kept").touch()
    missing = run(program, "copy", tmp_path / "no", tmp_path / "to")
    assert (missing.returncode, missing.stderr) == (1, f"pause: cannot open {tmp_path / 'no'}: error 2\n")
    assert _names(tmp_path / "to") == ["kept"]
    assert run(program, "copy", tmp_path).returncode == 2
    assert run(program, "copy", tmp_path, tmp_path, tmp_path).returncode == 2


# --- as process 1 of namespaces ---


@pytest.fixture
def process_1(program: list[str], tmp_path: Path) -> Iterator["Process1"]:
    if os.geteuid() != 0:
        pytest.skip("only root may open namespaces everywhere")
    with contextlib.closing(Process1(program, tmp_path)) as process_1:
        yield process_1


class Process1:
    """The program as the first process of namespaces, with files of its own over those that it writes."""

    def __init__(self, program: list[str], folder: Path) -> None:
        self.resolv_conf, self.hosts = folder / "resolv.conf", folder / "hosts"
        self.hosts.write_text("127.0.0.1\tlocalhost\n")
        self._program = program
        self._unshare: subprocess.Popen[str] | None = None

    def start(self, *, mount: str, environment: dict[str, str]) -> subprocess.Popen[str]:
        files = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/hosts'
        script = f'{files} && {mount} && shift 2 && exec env -i "$@"'
        settings = [f"{name}={value}" for name, value in environment.items()]
        inside = ["sh", "-c", script, "sh", str(self.resolv_conf), str(self.hosts), *settings, *self._program]
        self._unshare = subprocess.Popen([*NAMESPACES, *inside], stderr=subprocess.PIPE, text=True)
        return self._unshare

    def pid(self) -> int:
        """Return its pid out here, once it waits: it is the only child of unshare."""
        assert self._unshare is not None
        unshare = self._unshare.pid
        (pid,) = until(lambda: _children(unshare), "process 1")
        until(lambda: _is_ready(pid), "process 1 to wait for signals")
        return pid

    def close(self) -> None:
        if self._unshare is not None:
            self._unshare.kill()
            self._unshare.communicate(timeout=10)


def test_process_1_replaces_resolv_conf_by_the_text_of_its_environment(process_1: Process1) -> None:
    process_1.resolv_conf.write_text("nameserver 192.0.2.1\n" * 100)
    process_1.start(mount=":", environment={"PATH": "/", "MINISETS_RESOLV_CONF": RESOLV_CONF})
    process_1.pid()
    assert process_1.resolv_conf.read_text() == RESOLV_CONF
    assert process_1.hosts.read_text() == "127.0.0.1\tlocalhost\n", "nothing was said of it"


def test_process_1_replaces_hosts_by_the_text_of_its_environment(process_1: Process1) -> None:
    process_1.resolv_conf.write_text("nameserver 192.0.2.1\n")
    process_1.hosts.write_text("192.0.2.2 other\n" * 100)
    process_1.start(mount=":", environment={"MINISETS_HOST": "no", "MINISETS_HOSTS": HOSTS, "Z": "z"})
    process_1.pid()
    assert process_1.hosts.read_text() == HOSTS
    assert process_1.resolv_conf.read_text() == "nameserver 192.0.2.1\n"


def test_process_1_ends_with_a_reason_when_it_cannot_write_resolv_conf(process_1: Process1) -> None:
    process_1.resolv_conf.write_text("nameserver 192.0.2.1\n")
    unshare = process_1.start(
        mount="mount -o remount,bind,ro /etc/resolv.conf", environment={"MINISETS_RESOLV_CONF": RESOLV_CONF}
    )
    _, said = unshare.communicate(timeout=10)
    assert (unshare.returncode, said) == (1, "pause: cannot write /etc/resolv.conf: error 30\n")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_process_1_leaves_with_0_when_told_to(process_1: Process1, end: signal.Signals) -> None:
    process_1.resolv_conf.write_text("nameserver 192.0.2.1\n")
    unshare = process_1.start(mount=":", environment={})
    os.kill(process_1.pid(), end)
    assert unshare.wait(timeout=5) == 0
    assert process_1.resolv_conf.read_text() == "nameserver 192.0.2.1\n"


def test_process_1_reaps_what_its_parents_left(process_1: Process1) -> None:
    process_1.resolv_conf.touch()
    process_1.start(mount=":", environment={})
    pid = process_1.pid()
    orphans = "for i in 1 2 3; do sleep 600 & done; (exit 3) &"
    subprocess.run(["nsenter", "--target", str(pid), "--pid", "sh", "-c", orphans], timeout=10, check=True)
    until(lambda: len(_children(pid)) == 3, "the orphans to be process 1's, and the dead one to be reaped")
    for orphan in _children(pid):
        os.kill(orphan, signal.SIGKILL)
    until(lambda: not _children(pid), "process 1 to reap the orphans")


def _children(process: int) -> list[int]:
    """The children of a process, those that are dead and not reaped too."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


# --- as a sandbox ---


class Bench:
    """Sandboxes and what joins them on the suite's engine; the test cluster's label marks all of it."""

    def __init__(self, client: docker.DockerClient, cluster: str) -> None:
        self.client = client
        self.name = cluster
        self._labels = {leftovers.CLUSTER_LABEL: cluster}

    def open(self) -> None:
        self.client.networks.create(self.name, labels=self._labels)
        self.client.volumes.create(self.name, labels=self._labels)
        self.client.api.import_image_from_data(
            _archive(), repository=self.name, tag="1", changes=['ENTRYPOINT ["/pause"]']
        )

    def sandbox(self, **options: Any) -> Container:
        return self._start(f"{self.name}:1", None, name=self.name, network=self.name, **options)

    def join(self, sandbox: Container, **options: Any) -> Container:
        namespace = f"container:{sandbox.id}"
        return self._start(BUSY, ["idle"], name=f"{self.name}-app", network_mode=namespace, **options)

    def close(self) -> None:
        mine = [t for t in leftovers.of_test_clusters(self.client) if t.cluster == self.name]
        leftovers.remove(self.client, mine)
        with contextlib.suppress(ImageNotFound):
            self.client.images.remove(f"{self.name}:1", force=True)

    def _start(self, image: str, command: list[str] | None, **options: Any) -> Container:
        return self.client.containers.run(image, command, detach=True, labels=self._labels, **options)


@pytest.fixture
def bench(docker_engine: docker.DockerClient, cluster_name: str) -> Iterator[Bench]:
    with contextlib.closing(Bench(docker_engine, cluster_name)) as bench:
        bench.open()
        yield bench


@pytest.mark.docker
@pytest.mark.parametrize("read_only", [False, True])
def test_joined_containers_see_the_resolv_conf_of_the_environment(bench: Bench, *, read_only: bool) -> None:
    sandbox = bench.sandbox(
        environment={"MINISETS_RESOLV_CONF": RESOLV_CONF, "MINISETS_HOSTS": HOSTS}, cap_drop=["ALL"]
    )
    app = bench.join(sandbox, read_only=read_only)
    until(lambda: _output(app, "cat", "/etc/resolv.conf") == RESOLV_CONF, "the resolv.conf")
    until(lambda: _output(app, "cat", "/etc/hosts") == HOSTS, "the hosts")


@pytest.mark.docker
def test_without_the_variable_resolv_conf_stays_as_the_engine_wrote_it(bench: Bench) -> None:
    app = bench.join(bench.sandbox())
    assert "nameserver 127.0.0.11" in _output(app, "cat", "/etc/resolv.conf")


@pytest.mark.docker
@pytest.mark.parametrize(
    ("spoil", "error"),
    [({"user": "65532:65532"}, 13), ({"read_only": True}, 30)],
    ids=["user", "read-only root"],
)
def test_a_resolv_conf_that_cannot_be_written_ends_the_sandbox_with_a_reason(
    bench: Bench, spoil: dict[str, Any], error: int
) -> None:
    sandbox = bench.sandbox(environment={"MINISETS_RESOLV_CONF": RESOLV_CONF}, **spoil)
    assert sandbox.wait(timeout=10)["StatusCode"] == 1
    assert sandbox.logs() == f"pause: cannot write /etc/resolv.conf: error {error}\n".encode()


@pytest.mark.docker
def test_the_sandbox_leaves_at_once_on_sigterm(bench: Bench) -> None:
    sandbox = bench.sandbox()
    sandbox.reload()
    until(lambda: _is_ready(sandbox.attrs["State"]["Pid"]), "the sandbox to wait for signals")
    started = time.monotonic()
    sandbox.kill("SIGTERM")
    assert sandbox.wait(timeout=10)["StatusCode"] == 0
    # The engine's own part takes 0.1 s on an idle machine; a grace period that was waited out takes 10 s.
    assert time.monotonic() - started < 8


@pytest.mark.docker
def test_orphans_are_reaped(bench: Bench) -> None:
    sandbox = bench.sandbox()
    app = bench.join(sandbox, pid_mode=f"container:{sandbox.id}")
    app.exec_run(["sh", "-c", "for i in 1 2 3 4 5; do (sleep 0.1 & ) ; done; (sh -c 'exit 3' &)"])
    until(lambda: "sleep 0.1" not in _output(app, "ps"), "the orphans to end")

    def states() -> str:
        return _output(app, "sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null")

    assert states().startswith("1 (pause)")
    until(lambda: ") Z " not in states(), "the orphans to be reaped")


@pytest.mark.docker
def test_swap_by_exec_is_seen_through_a_read_only_mount(bench: Bench) -> None:
    sandbox = bench.sandbox(volumes={bench.name: {"bind": "/v/config", "mode": "rw"}})
    app = bench.join(sandbox, volumes={bench.name: {"bind": "/config", "mode": "ro"}})
    for target in ("..2026_a", "..2026_b"):
        assert sandbox.exec_run(["/pause", "swap", "/v/config", target]).exit_code == 0
        assert _output(app, "readlink", "/config/..data").strip() == target
    failed = sandbox.exec_run(["/pause", "swap", "/v/nowhere", "x"])
    assert (failed.exit_code, failed.output) == (1, b"pause: cannot make /v/nowhere/..data_tmp: error 2\n")


def _archive() -> bytes:
    program = pause.binary(platform.machine())
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            entry = tarfile.TarInfo("pause")
            entry.size, entry.mode = len(program), 0o755
            archive.addfile(entry, io.BytesIO(program))
        return buffer.getvalue()


def _is_ready(process: int) -> bool:
    """Whether it sleeps and ignores SIGCHLD: it waits for its end (the wait hides the blocked signals)."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    is_reaping = bool(int(status["SigIgn"], 16) >> (signal.SIGCHLD - 1) & 1)
    return is_reaping and status["State"].startswith("S")


def _output(container: Container, *command: str) -> str:
    output = container.exec_run(list(command)).output
    assert isinstance(output, bytes)
    return output.decode()
