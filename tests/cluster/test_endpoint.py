"""The port that is kept, who serves, and the kubeconfig."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from minisets.client.access import Access
from minisets.cluster import endpoint
from minisets.cluster.places import Places, places
from minisets.errors import MinisetsError
from tests.waiting import until

ACCESS = Access("https://127.0.0.1:6443", "-----BEGIN CERTIFICATE-----\n", "secret")


@pytest.fixture
def where(tmp_path: Path) -> Places:
    found = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    found.state.mkdir()
    return found


def test_the_port_of_last_time_is_kept(where: Places) -> None:
    port = endpoint.kept_port(where, "127.0.0.1")
    assert endpoint.kept_port(where, "127.0.0.1") == port
    assert where.port.read_text() == f"{port}\n"


def test_a_port_that_somebody_took_is_replaced_and_the_new_one_kept(where: Places) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        where.port.write_text(f"{taken}\n")
        port = endpoint.kept_port(where, "127.0.0.1")
        assert port != taken
    assert endpoint.kept_port(where, "127.0.0.1") == port


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "0",
        "\xff",
        "70000",
        "-1",
    ],
)
def test_a_damaged_note_of_the_port_is_written_anew(where: Places, text: str) -> None:
    where.port.write_text(text, encoding="latin-1")
    assert endpoint.kept_port(where, "127.0.0.1") > 0


def test_a_port_is_wanted_and_had() -> None:
    port = endpoint.free_port("127.0.0.1")
    assert 0 < port < 65536
    assert endpoint.free_port("127.0.0.1", port) == port


@pytest.mark.parametrize("where_else", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - who listens everywhere
def test_where_somebody_listens_another_port_is_given(where_else: str) -> None:
    with socket.create_server((where_else, 0)) as other:
        taken = other.getsockname()[1]
        port = endpoint.free_port("127.0.0.1", taken)
        assert port not in (0, taken)


def test_a_port_that_a_connection_is_still_ending_on_is_free() -> None:
    """A server that was just replaced leaves such connections behind for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            ended, _ = server.accept()
            ended.close()
            assert client.recv(1) == b""
    assert endpoint.free_port("127.0.0.1", port) == port


def test_an_address_that_is_not_this_machines_is_said_in_one_line(where: Places) -> None:
    with pytest.raises(MinisetsError, match=r"192\.0\.2\.1"):
        endpoint.kept_port(where, "192.0.2.1")


def test_who_serves_is_announced_and_withdrawn(where: Places) -> None:
    assert endpoint.serving(where) is None
    endpoint.announce(where, ACCESS)
    found = endpoint.serving(where)
    assert found is not None
    assert found.pid == os.getpid()
    assert endpoint.access(where) == ACCESS
    endpoint.withdraw(where)
    assert endpoint.serving(where) is None
    assert endpoint.access(where) == ACCESS, "the kubeconfig stays good for the next server"


def test_where_the_process_that_serves_has_its_state_is_told(
    where: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert endpoint.state_of(where) == where.state
    endpoint.announce(where, ACCESS)
    assert endpoint.state_of(where) == where.state
    monkeypatch.chdir(tmp_path)
    endpoint.announce(where, ACCESS, state=Path("elsewhere"))
    assert endpoint.state_of(where) == tmp_path / "elsewhere"
    for said in ("", "[]", '{"pid": 1}'):
        where.process.write_text(said)
        assert endpoint.state_of(where) == where.state


def test_only_its_owner_reads_the_kubeconfig(where: Places) -> None:
    endpoint.announce(where, ACCESS)
    assert stat.S_IMODE(where.kubeconfig.stat().st_mode) == 0o600


def test_the_kubeconfig_is_written_into_a_folder_that_only_its_owner_enters(tmp_path: Path) -> None:
    away = places("minisets", tmp_path, {})
    endpoint.write_kubeconfig(away, ACCESS)
    assert endpoint.access(away) == ACCESS
    assert stat.S_IMODE(away.kubeconfig.stat().st_mode) == 0o600
    assert stat.S_IMODE(away.kubeconfig.parent.stat().st_mode) == 0o700
    assert list(away.kubeconfig.parent.iterdir()) == [away.kubeconfig]


def test_a_kubeconfig_is_replaced_and_not_written_through(where: Places, tmp_path: Path) -> None:
    """A link that somebody put there: what it points at is not ours."""
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    where.kubeconfig.symlink_to(theirs)
    endpoint.write_kubeconfig(where, ACCESS)
    assert theirs.read_text() == "theirs"
    assert endpoint.access(where) == ACCESS


def test_what_kubectl_reads_in_it_is_the_cluster_by_its_name(where: Places) -> None:
    endpoint.write_kubeconfig(where, ACCESS)
    found = yaml.safe_load(where.kubeconfig.read_text())
    assert found["current-context"] == "minisets"
    assert found["clusters"][0]["cluster"]["server"] == ACCESS.url
    assert found["users"][0]["user"] == {"token": "secret"}


def test_a_process_that_ended_does_not_serve(where: Places) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    started = endpoint._start_of(ended.pid)
    where.process.write_text(json.dumps({"pid": ended.pid, "started": started}))
    ended.wait()
    assert endpoint.serving(where) is None


def test_a_zombie_does_not_serve(where: Places) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert ended.stdout is not None
    ended.stdout.read()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    where.process.write_text(json.dumps({"pid": ended.pid, "started": 1}))
    assert endpoint.serving(where) is None
    ended.stdout.close()
    ended.wait()


def test_another_process_of_the_same_id_does_not_serve(where: Places) -> None:
    endpoint.announce(where, ACCESS)
    said = json.loads(where.process.read_text())
    where.process.write_text(json.dumps({**said, "started": said["started"] - 1}))
    assert endpoint.serving(where) is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"pid": "x", "started": 1}', '{"pid": 0, "started": -1}']
)
def test_a_damaged_note_of_the_process_serves_nobody(where: Places, text: str) -> None:
    where.process.write_text(text)
    assert endpoint.serving(where) is None


def test_no_kubeconfig_is_no_access(where: Places) -> None:
    assert endpoint.access(where) is None


@pytest.mark.parametrize("text", ["", "a: [", "clusters: []", "{}", "\xff\xfe"])
def test_a_kubeconfig_that_is_not_ours_says_what_to_do(where: Places, text: str) -> None:
    where.kubeconfig.write_text(text, encoding="latin-1")
    with pytest.raises(MinisetsError, match="is not a kubeconfig of minisets: remove it"):
        endpoint.access(where)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(Access("https://example.test", ACCESS.authority, "t"), id="no-port"),
        pytest.param(Access("https://127.0.0.1:many", ACCESS.authority, "t"), id="no-number"),
        pytest.param(Access("127.0.0.1", ACCESS.authority, "t"), id="no-url"),
    ],
)
def test_an_address_in_a_kubeconfig_that_is_none_of_ours_says_what_to_do(
    where: Places, server: Access
) -> None:
    endpoint.write_kubeconfig(where, server)
    with pytest.raises(MinisetsError, match="is not a kubeconfig of minisets: remove it"):
        endpoint.access(where)


def test_a_kubeconfig_that_cannot_be_read_says_why(where: Places) -> None:
    where.kubeconfig.mkdir()
    with pytest.raises(MinisetsError, match=r"kubeconfig\.yaml cannot be read"):
        endpoint.access(where)


# --- what a person should know ---


def test_what_a_person_should_know_of_the_server_is_told_with_it(where: Places) -> None:
    assert endpoint.notices(where) == ()
    endpoint.announce(where, ACCESS, ["pods have no names: for a reason"])
    assert endpoint.notices(where) == ("pods have no names: for a reason",)
    endpoint.withdraw(where)
    assert endpoint.notices(where) == ()


def test_what_a_dead_process_said_is_not_told(where: Places) -> None:
    """A control container took its place; the file is left from a killed host process."""
    endpoint.announce(where, ACCESS, ["pods have no names: for a reason"])
    said = json.loads(where.process.read_text())
    where.process.write_text(json.dumps({**said, "started": said["started"] - 1}))
    assert endpoint.notices(where) == ()


@pytest.mark.parametrize("notices", [{}, {"notices": None}, {"notices": 3}])
def test_a_note_without_notices_has_none(where: Places, notices: dict[str, object]) -> None:
    endpoint.announce(where, ACCESS)
    said = json.loads(where.process.read_text())
    del said["notices"]
    where.process.write_text(json.dumps(said | notices))
    assert endpoint.notices(where) == ()


def test_a_process_with_a_strange_name_does_not_serve_either(where: Places, tmp_path: Path) -> None:
    """It got the id of a server that was killed."""
    strange = os.fsencode(tmp_path) + b"/\xff\xfe"
    shutil.copy(b"/bin/cat", strange)
    with subprocess.Popen([strange], stdin=subprocess.PIPE) as process:
        until(lambda: Path(f"/proc/{process.pid}/comm").read_bytes() == b"\xff\xfe\n", "its name")
        where.process.write_text(json.dumps({"pid": process.pid, "started": 1}))
        assert endpoint.serving(where) is None
