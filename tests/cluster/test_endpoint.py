"""The port that is kept, who serves, and the kubeconfig."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from minisets.client.access import Access
from minisets.cluster import endpoint
from minisets.cluster.places import Places, places
from minisets.errors import MinisetsError

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


@pytest.mark.parametrize("text", ["", "many", "0", "\xff"])
def test_a_damaged_note_of_the_port_is_written_anew(where: Places, text: str) -> None:
    where.port.write_text(text, encoding="latin-1")
    assert endpoint.kept_port(where, "127.0.0.1") > 0


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


def test_only_its_owner_reads_the_kubeconfig(where: Places) -> None:
    endpoint.announce(where, ACCESS)
    assert stat.S_IMODE(where.kubeconfig.stat().st_mode) == 0o600


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


def test_what_a_person_should_know_of_the_server_is_told_with_it(where: Places) -> None:
    assert endpoint.notices(where) == ()
    endpoint.announce(
        where, Access("https://127.0.0.1:1", "ca", "token"), ["pods have no names: for a reason"]
    )
    assert endpoint.notices(where) == ("pods have no names: for a reason",)
    where.process.write_text("rubbish")
    assert endpoint.notices(where) == ()


def test_the_lock_tells_which_living_process_opened_the_state(where: Places) -> None:
    where.state.mkdir(parents=True, exist_ok=True)
    assert endpoint.has_the_lock(where) is None
    where.lock.write_text(f"{os.getpid()}\n")
    assert endpoint.has_the_lock(where) == os.getpid()
    where.lock.write_text(f"{2**22 + 1}\n")
    assert endpoint.has_the_lock(where) is None
