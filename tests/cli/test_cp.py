"""`minisets cp` and `kubectl cp`, with a tar that is this machine's: what one does, the other does."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from minisets.cli.copy_archives import Unpacker, pack
from minisets.client.access import kubeconfig
from minisets.engine.memory_scripts import ExecResult
from minisets.errors import EngineUnavailable, MinisetsError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true
from tests.api.kubectl import NEEDS_KUBECTL, with_config
from tests.cli.conftest import Ran
from tests.waiting import until
from tests.whole import pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run
    from tests.whole import Whole


@pytest.fixture
def root(whole: Whole, tmp_path: Path) -> Path:
    """A folder that is a container's root: `tar` and `test` there are this machine's."""
    folder = tmp_path / "root"
    (folder / "data").mkdir(parents=True)

    def ran(command: tuple[str, ...], stdin: bytes) -> ExecResult:
        if command[:2] == ("test", "-d"):
            return ExecResult(exit_code=0 if (folder / command[2].lstrip("/")).is_dir() else 1)
        words = [folder / word.lstrip("/") if word.startswith("/") else word for word in command]
        if command[:3] == ("tar", "cf", "-"):
            words = ["tar", "cf", "-", "-C", folder, command[3].lstrip("/") or "."]
        done = subprocess.run(words, input=stdin, capture_output=True, cwd=folder, check=False)
        return ExecResult(done.stdout, done.stderr, done.returncode)

    whole.engine.behave("nginx:1", run=ran)
    whole.client.create("Pod", "default", pod("web-0"))
    until(lambda: is_true(whole.client.read(Ref("Pod", "default", "web-0")), "Ready"), "the pod")
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is typed."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(params=["minisets", pytest.param("kubectl", marks=NEEDS_KUBECTL)])
def cp(
    request: pytest.FixtureRequest, run: Run, whole: Whole, here: Path, tmp_path: Path
) -> Callable[..., Ran]:
    if request.param == "minisets":
        return lambda *argv: run("cp", *argv)
    (tmp_path / "kubectl").mkdir()
    kubectl = with_config(tmp_path / "kubectl", kubeconfig(whole.access, "minisets"))

    def by_kubectl(*argv: str) -> Ran:
        words = ["kubectl", "cp", *argv]
        done = subprocess.run(
            words, env=kubectl.environment, cwd=here, capture_output=True, text=True, timeout=60, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return by_kubectl


def tree(folder: Path) -> dict[str, str | None]:
    """Paths and contents; a directory has none, a link where it leads."""
    found: dict[str, str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = None if path.is_dir() else path.read_text()
    return found


def fill(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a").write_text("1")
    (folder / "deep/b").write_text("2")


FULL = {"a": "1", "deep": None, "deep/b": "2", "empty": None}


def below(name: str, inside: dict[str, str | None]) -> dict[str, str | None]:
    return {name: None, **{f"{name}/{path}": what for path, what in inside.items()}}


# --- to a container ---


@pytest.mark.parametrize(
    ("destination", "there"),
    [
        ("/data", {"data": None, "data/file": "text"}),
        ("/data/", {"data": None, "data/file": "text"}),
        ("/data/other", {"data": None, "data/other": "text"}),
        ("/new", {"data": None, "new": "text"}),
        ("data/../named", {"data": None, "named": "text"}),
    ],
)
def test_a_file_goes_into_a_directory_that_is_there_else_to_that_name(
    cp: Callable[..., Ran], root: Path, here: Path, destination: str, there: dict[str, str | None]
) -> None:
    (here / "file").write_text("text")
    ran = cp("file", f"web-0:{destination}")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert tree(root) == there


@pytest.mark.parametrize(
    ("source", "destination", "name"),
    [("some", "/data", "some"), ("some/", "/data", "some"), ("./some", "/data/other", "other")],
)
def test_a_directory_goes_likewise(
    cp: Callable[..., Ran], root: Path, here: Path, source: str, destination: str, name: str
) -> None:
    fill(here / "some")
    assert cp(source, f"default/web-0:{destination}").code == 0
    assert tree(root / "data") == below(name, FULL)


def test_what_is_here_goes_into_the_directory_there(cp: Callable[..., Ran], root: Path, here: Path) -> None:
    fill(here)
    (root / "data/a").write_text("old")
    (root / "data/kept").write_text("kept")
    assert cp(".", "web-0:/data").code == 0
    assert tree(root / "data") == {**FULL, "kept": "kept"}


def test_each_name_of_a_file_goes(cp: Callable[..., Ran], root: Path, here: Path) -> None:
    (here / "some").mkdir()
    (here / "some/a").write_text("text")
    (here / "some/b").hardlink_to(here / "some/a")
    ran = cp("some", "web-0:/data")
    assert (ran.code, ran.err) == (0, "")
    assert tree(root / "data/some") == {"a": "text", "b": "text"}


def test_links_and_modes_go_as_they_are(cp: Callable[..., Ran], root: Path, here: Path) -> None:
    (here / "some").mkdir()
    (here / "some/run").write_text("text")
    (here / "some/run").chmod(0o750)
    (here / "some/link").symlink_to("/etc/passwd")
    assert cp("some", "web-0:/data").code == 0
    assert tree(root / "data/some") == {"run": "text", "link": "-> /etc/passwd"}
    assert (root / "data/some/run").stat().st_mode & 0o777 == 0o750
    assert cp("some", "web-0:/plain", "--no-preserve").code == 0
    assert tree(root / "plain")["run"] == "text"


@pytest.mark.usefixtures("here", "root")
def test_what_is_not_here_is_said(cp: Callable[..., Ran]) -> None:
    ran = cp("nothing", "web-0:/data")
    assert ran.code == 1
    assert "nothing doesn't exist in local filesystem" in ran.err


@pytest.mark.usefixtures("root")
def test_a_directory_that_is_not_there_is_tars_complaint(cp: Callable[..., Ran], here: Path) -> None:
    (here / "file").write_text("text")
    ran = cp("file", "web-0:/no/such/file")
    assert ran.code == 2
    assert "no/such: Cannot open: No such file or directory" in ran.err


# --- from a container ---


@pytest.mark.parametrize("source", ["/data", "data", "/data/"])
@pytest.mark.parametrize("exists", ["new", "old"])
def test_a_directory_becomes_the_destination_whether_that_is_there_or_not(
    cp: Callable[..., Ran], root: Path, here: Path, source: str, exists: str
) -> None:
    fill(root / "data/some")
    (here / "old").mkdir()
    ran = cp(f"web-0:{source}", exists)
    assert ran.code == 0, ran.err
    assert tree(here / exists) == below("some", FULL)


def test_a_file_becomes_the_destination_and_its_directories_are_made(
    cp: Callable[..., Ran], root: Path, here: Path
) -> None:
    (root / "data/file").write_text("text")
    (here / "old").write_text("longer than the new one")
    for name in ("new", "old", "far/off/file"):
        assert cp("web-0:/data/file", name).code == 0
        assert (here / name).read_text() == "text"


def test_a_file_goes_into_a_directory_that_is_here(run: Run, root: Path, here: Path) -> None:
    """kubectl refuses that."""
    (root / "data/file").write_text("text")
    (root / "data/file").chmod(0o777)
    (here / "sub").mkdir()
    assert run("cp", "web-0:/data/file", ".").code == 0
    assert run("cp", "web-0:/data/file", "sub/").code == 0
    assert tree(here) == {"file": "text", "sub": None, "sub/file": "text"}
    assert (here / "file").stat().st_mode & 0o777 == 0o755


def test_links_that_stay_inside_are_kept_and_others_are_told(run: Run, root: Path, here: Path) -> None:
    """kubectl keeps none."""
    data = root / "data"
    fill(data)
    (data / "near").symlink_to("deep/b")
    (data / "deep/up").symlink_to("../a")
    (data / "out").symlink_to("/etc/passwd")
    (data / "deep/far").symlink_to("../../x")
    (data / "twice").hardlink_to(data / "a")
    ran = run("cp", "web-0:/data", "copy")
    assert ran.code == 0
    found = tree(here / "copy")
    assert found == {**FULL, "near": "-> deep/b", "deep/up": "-> ../a", "twice": "1"}
    assert sorted(ran.err.splitlines()) == [
        'warning: skipping symlink: "copy/deep/far" -> "../../x": it leads out of copy',
        'warning: skipping symlink: "copy/out" -> "/etc/passwd": it leads out of copy',
    ]


def test_a_link_of_ours_is_written_through_and_one_of_theirs_is_not_copied(
    run: Run, root: Path, here: Path
) -> None:
    """kubectl copies no link, and says nothing of it at its end."""
    (root / "data/file").write_text("text")
    (root / "data/link").symlink_to("file")
    (here / "real").write_text("old")
    (here / "ours").symlink_to("real")
    assert run("cp", "web-0:/data/file", "ours").code == 0
    assert tree(here) == {"ours": "-> real", "real": "text"}
    ran = run("cp", "web-0:/data/link", "theirs")
    said = 'Error: "data/link" is a symlink in the container, to "file": copy what it leads to\n'
    assert (ran.code, ran.err) == (1, said)
    assert not os.path.lexists(here / "theirs")


def test_a_device_that_is_written_to_stays_as_it_is(run: Run, root: Path) -> None:
    (root / "data/file").write_text("text")
    null = Path("/dev/null")
    before = null.stat()
    assert run("cp", "web-0:/data/file", str(null)).code == 0
    after = null.stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.usefixtures("here")
def test_a_copy_that_goes_on_within_another_file_is_not_taken_for_whole(
    run: Run, whole: Whole, root: Path
) -> None:
    """The first file grew meanwhile: what comes next is no header."""
    (root / "data/a").write_text("a" * 1_000_000)
    (root / "data/b").write_text("b")

    def ran(command: tuple[str, ...], stdin: bytes) -> ExecResult:
        del stdin
        words = ["tar", "cf", "-", "--sort=name", "data"]
        made = subprocess.run(words, cwd=root, capture_output=True, check=True).stdout
        if command[0] != "tar":
            return ExecResult(made[int(command[-1]) - 1 :])
        (root / "data/a").write_text("a" * 2_000_000)
        return ExecResult(made[:500_000])

    whole.engine.behave("nginx:1", run=ran)
    whole.engine.fail_next("inspect_exec", EngineUnavailable("the engine was away"))
    done = run("cp", "web-0:/data", "copy", "--retries", "1")
    assert (done.code, "Error: the archive that came is not whole" in done.err) == (1, True), done.err


@pytest.mark.usefixtures("root", "here")
def test_what_is_not_there_is_tars_complaint(run: Run) -> None:
    """kubectl ends before it knows."""
    ran = run("cp", "web-0:/nothing", "copy")
    assert ran.code == 2
    assert "nothing: Cannot stat: No such file or directory" in ran.err


def test_what_cannot_be_written_is_said_and_how_far_it_came(run: Run, root: Path, here: Path) -> None:
    """Which came first is the directory's secret."""
    (root / "data/a").write_text("text")
    (root / "data/z").write_text("x" * 10_000_000)
    (here / "copy/z").mkdir(parents=True)
    ran = run("cp", "web-0:/data", "copy")
    assert ran.code == 1
    *before, last = ran.err.splitlines()
    assert last == "Error: cannot write copy/z: Is a directory"
    came = (here / "copy/a").exists()
    assert before == (["the copy in copy is not whole: 1 of its files are there"] if came else [])


# --- whatever the way ---


@pytest.mark.usefixtures("here", "root")
def test_a_container_without_tar_is_told(run: Run, whole: Whole, here: Path) -> None:
    (here / "file").write_text("text" * 1_000_000)
    missing = ExecResult(stdout=b'exec: "tar": executable file not found in $PATH\n', exit_code=127)
    whole.engine.behave("nginx:1", run=lambda *_: missing)
    for argv in (("file", "web-0:/data"), ("web-0:/data", "copy")):
        ran = run("cp", *argv)
        assert (ran.code, ran.out) == (127, "")
        assert ran.err == (
            "Error: no tar runs in container nginx of pod web-0 (exit code 127): minisets cp needs one "
            "there, as kubectl cp does; `minisets exec web-0 -- cat FILE` may do for a file\n"
        )


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("a", "b"), 2, "one of src or dest must be a remote file specification"),
        (("web-0:a", "web-0:b"), 2, "one of src or dest must be a local file specification"),
        (("a",), 2, "Missing argument"),
        (("web-9:/a", "b"), 1, 'pods "web-9" not found'),
        (("web-0:/a", "b", "-c", "no"), 1, "container no is not valid for pod web-0"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, argv: tuple[str, ...], code: int, said: str) -> None:
    ran = run("cp", *argv)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_a_copy_that_is_cut_goes_on_where_it_was(run: Run, whole: Whole, root: Path, here: Path) -> None:
    """How the first command ended cannot be told; the next one prints what is left."""
    (root / "data/file").write_text("text" * 1_000_000)
    whole_archive = subprocess.run(
        ["tar", "cf", "-", "data/file"], cwd=root, capture_output=True, check=True
    ).stdout

    def ran(command: tuple[str, ...], stdin: bytes) -> ExecResult:
        del stdin
        if command[0] == "tar":
            return ExecResult(whole_archive[:1_000_000])
        return ExecResult(whole_archive[int(command[-1]) - 1 :])

    whole.engine.behave("nginx:1", run=ran)
    whole.engine.fail_next("inspect_exec", EngineUnavailable("the engine was away"))
    done = run("cp", "web-0:/data/file", "copy", "--retries", "1")
    assert (done.code, done.err) == (0, "Resuming copy at 1000000 bytes, retry 1/1\n")
    assert (here / "copy").read_text() == "text" * 1_000_000
    whole.engine.fail_next("inspect_exec", EngineUnavailable("the engine was away"))
    cut = run("cp", "web-0:/data/file", "copy")
    assert (cut.code, "the engine was away" in cut.err) == (1, True), cut.err


# --- archives ---


def archive(*members: tuple[str, dict[str, object]]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, facts in members:
            info = tarfile.TarInfo(name)
            for fact, value in facts.items():
                setattr(info, fact, value)
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    made.seek(0)
    return made


LINK: dict[str, object] = {"type": tarfile.SYMTYPE}
FILE: dict[str, object] = {"size": 1}


def unpacked(folder: Path, made: io.BytesIO) -> list[str]:
    told: list[str] = []
    Unpacker(folder / "copy", "data", told.append).unpack(made)
    return told


def test_nothing_is_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/theirs").symlink_to(tmp_path)
    told = unpacked(tmp_path, archive(("data/theirs/evil", FILE), ("data/theirs", FILE)))
    assert told == [f'warning: file "{tmp_path}/copy/theirs/evil" is outside target destination, skipping']
    assert not (tmp_path / "evil").exists()
    assert (tmp_path / "copy/theirs").read_text() == "x"


@pytest.mark.parametrize(
    "members",
    [
        [("data/a", {**LINK, "linkname": "/"}), ("data/a/evil", FILE)],
        [("data/a", {**LINK, "linkname": ".."}), ("data/a/evil", FILE)],
        [
            ("data/sub/up", {**LINK, "linkname": ".."}),
            ("data/a", {**LINK, "linkname": "sub/up/.."}),
            ("data/a/evil", FILE),
        ],
        [("data/a", {"type": tarfile.LNKTYPE, "linkname": "../outside"})],
        [("data/a", {"type": tarfile.FIFOTYPE}), ("data/b", {"type": tarfile.CHRTYPE})],
    ],
)
def test_an_archive_that_wants_out_gets_nowhere(
    tmp_path: Path, members: list[tuple[str, dict[str, object]]]
) -> None:
    (tmp_path / "outside").write_text("untouched")
    assert unpacked(tmp_path, archive(("data", {"type": tarfile.DIRTYPE}), *members))
    assert not list(tmp_path.glob("evil"))
    inside = [path for path in (tmp_path / "copy").rglob("*") if path.is_fifo() or path.is_symlink()]
    assert all(path.resolve().is_relative_to(tmp_path / "copy") for path in inside)
    assert (tmp_path / "outside").read_text() == "untouched"


@pytest.mark.parametrize("target", [".", "near", ".."])
def test_what_was_asked_for_moves_no_fence_by_being_a_link(tmp_path: Path, target: str) -> None:
    """The pod says what it is: a link to what lies beside the destination, and then a file below it."""
    (tmp_path / "near").mkdir()
    (tmp_path / "near/keys").write_text("mine")
    members = archive(("data", {**LINK, "linkname": target}), ("data/keys", FILE), ("data/near/keys", FILE))
    with pytest.raises(MinisetsError, match="is a symlink in the container"):
        unpacked(tmp_path, members)
    assert tree(tmp_path) == {"near": None, "near/keys": "mine"}


@pytest.mark.parametrize("first", ["file", "link"])
def test_what_was_asked_for_comes_again_and_moves_no_fence(tmp_path: Path, first: str) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "copy").symlink_to("near/own")
    hard_link: dict[str, object] = {"type": tarfile.LNKTYPE, "linkname": "data/../near"}
    facts = FILE if first == "file" else hard_link
    with pytest.raises(MinisetsError):
        unpacked(tmp_path, archive(("data", facts), ("data", {**LINK, "linkname": "."}), ("data/evil", FILE)))
    assert not list(tmp_path.rglob("evil"))


def test_a_second_name_of_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    members = archive(
        ("data/f", FILE),
        ("data/a/b/l", {**LINK, "linkname": "../../f"}),
        ("data/l2", {"type": tarfile.LNKTYPE, "linkname": "data/a/b/l"}),
        ("data/a/b/l3", {"type": tarfile.LNKTYPE, "linkname": "data/a/b/l"}),
    )
    (said,) = unpacked(tmp_path, members)
    assert '/copy/l2" -> "../../f": it leads out of' in said
    assert tree(tmp_path / "copy") == {
        "f": "x", "a": None, "a/b": None, "a/b/l": "-> ../../f", "a/b/l3": "-> ../../f",
    }  # fmt: skip


@pytest.mark.parametrize("headers", [{"mtime": "1e30"}, {"path": "data/a\0b"}])
def test_a_name_or_a_time_that_no_file_can_have_is_said(tmp_path: Path, headers: dict[str, str]) -> None:
    with pytest.raises(MinisetsError, match="corrupted"):
        unpacked(tmp_path, archive(("data/a", {**FILE, "pax_headers": headers})))


def test_what_fails_beside_is_never_taken_for_done(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "data/file").write_text("text")

    def unpack(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(Unpacker, "unpack", unpack)
    with pytest.raises(RecursionError):
        run("cp", "web-0:/data/file", "copy")


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    for name in ("data/../../evil", "database", "/etc/evil"):
        with pytest.raises(MinisetsError, match="is not what was asked for"):
            unpacked(tmp_path, archive((name, FILE)))
    assert not list(tmp_path.iterdir())


def test_an_archive_that_is_cut_is_not_whole(tmp_path: Path) -> None:
    made = archive(("data/a", FILE), ("data/b", {"size": 100_000}))
    for size in (0, 100, 1024, 1024 + 100, 1024 + 512 + 50_000):
        with pytest.raises(MinisetsError, match="is not whole"):
            unpacked(tmp_path, io.BytesIO(made.getvalue()[:size]))


def test_what_is_no_file_is_not_packed_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told: list[str] = []
    made = io.BytesIO()
    pack(tmp_path, "data", made, told.append)
    made.seek(0)
    with tarfile.open(fileobj=made) as tar:
        assert tar.getnames() == []
    assert told == [f"warning: skipping {tmp_path}/pipe: it is no file, directory or symlink"]
