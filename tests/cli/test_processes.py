"""What only a process of its own can show: signals, pipes, the server's end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.cluster import endpoint
from minisets.cluster.places import Places, places
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole


@pytest.fixture
def server(home: Path) -> Iterator[Places]:
    """A server over the engine in memory, in a process of its own."""
    where = places("minisets", home, os.environ)
    where.state.mkdir()
    argv = [sys.executable, "-m", "minisets", "daemon", "--engine", "memory"]
    with (home / "server.log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            until(lambda: endpoint.serving(where), "a server", timedelta(seconds=60))
            yield where
        finally:  # Why: leaving the block waits for the process, for ever where nobody ends it
            process.terminate()
            process.wait(20)


def test_down_ends_the_server_and_keeps_the_state(run: Run, server: Places) -> None:
    ran = run("down")
    said = f'cluster "minisets" is down; its state is kept in {server.state}\n'
    assert (ran.code, ran.out) == (0, said), ran.err
    assert endpoint.serving(server) is None
    assert server.state.exists()


def test_down_with_volumes_removes_the_state(run: Run, server: Places) -> None:
    ran = run("down", "--volumes", "--yes")
    assert (ran.code, ran.out) == (0, 'cluster "minisets" is gone, its data with it\n'), ran.err
    assert not server.state.exists()
    assert not server.kubeconfig.exists()


def test_a_reader_that_goes_away_is_no_failure_to_speak_of(whole: Whole) -> None:
    """`minisets get pods | head -0`."""
    del whole
    reading, writing = os.pipe()
    os.close(reading)
    argv = [sys.executable, "-m", "minisets", "get", "ns"]
    ran = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_ctrl_c_while_up_waits_exits_130(whole: Whole, tmp_path: Path) -> None:
    """The pod never gets ready: its image cannot be pulled."""
    whole.engine.miss_image("nowhere:1")
    whole.engine.refuse_pull("nowhere:1", "no such image")
    file = tmp_path / "pod.yaml"
    spec = "spec: {containers: [{name: a, image: 'nowhere:1'}]}\n"
    file.write_text(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}")
    argv = [sys.executable, "-m", "minisets", "up", "-f", str(file)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "pod/a created\n"
        assert running.stdout.readline().startswith("  a  ")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "end them with `minisets down`" in said
    assert "Traceback" not in said
