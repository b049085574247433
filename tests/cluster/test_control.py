"""The server's life from outside, where none runs or it runs in this process."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.clock import SystemClock
from minisets.cluster import control, endpoint
from minisets.cluster.places import Places, places
from minisets.errors import MinisetsError
from minisets.settings import Settings
from minisets.store.lock import FileLock
from tests.waiting import until
from tests.whole import serving

START = (
    "import sys, time; from pathlib import Path\n"
    "from minisets.cluster import control; from minisets.cluster.places import places\n"
    "from minisets.clock import SystemClock; from minisets.settings import Settings\n"
    "import os; where = places('minisets', Path.home(), os.environ)\n"
    "settings = Settings(state=where.state, engine='memory')\n"
    "print(control.ensure(where, settings, SystemClock(), lambda d: time.sleep(d.total_seconds())).url)\n"
)
"""Prints where the server is, once it answers: a process of its own, as it does not wait for its child."""


def pause(duration: timedelta) -> None:
    time.sleep(duration.total_seconds())


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})


def test_no_server_is_said_with_what_to_type(where: Places, tmp_path: Path) -> None:
    with pytest.raises(control.NotRunning, match="start it with `minisets up -f FILE`"):
        control.running(where)
    with pytest.raises(control.NotRunning, match="`minisets --cluster b up -f FILE`"):
        control.running(places("b", tmp_path, {"MINISETS_HOME": str(tmp_path)}))


def test_a_server_that_runs_is_found_and_used(where: Places, tmp_path: Path) -> None:
    with serving(tmp_path) as whole:
        assert control.running(where) == whole.access
        settings = Settings(state=where.state, engine="memory")
        assert control.ensure(where, settings, SystemClock(), pause) == whole.access
    with pytest.raises(control.NotRunning):
        control.running(where)


def test_a_server_that_cannot_start_says_why_in_one_line(where: Places) -> None:
    settings = Settings(cluster="minisets", state=where.state, engine="memory", port=70000)
    with pytest.raises(MinisetsError) as caught:
        control.ensure(where, settings, SystemClock(), pause)
    assert str(caught.value).startswith("the server did not start: ")
    assert "\n" not in str(caught.value)


def test_a_state_that_cannot_be_kept_is_said_in_one_line(where: Places) -> None:
    where.state.parent.mkdir(exist_ok=True)
    where.state.write_text("a file where the folder should be")
    with pytest.raises(MinisetsError, match="make that directory writable"):
        control.ensure(where, Settings(state=where.state, engine="memory"), SystemClock(), pause)


def test_stopping_what_does_not_run_does_nothing(where: Places) -> None:
    assert control.stop(where, SystemClock(), pause) is False


def test_stopping_ends_the_process_and_waits_for_it(where: Places) -> None:
    where.state.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); import signal; signal.pause()"], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        started = endpoint._start_of(server.pid)
        where.process.write_text(json.dumps({"pid": server.pid, "started": started}))
        assert control.stop(where, SystemClock(), pause) is True
        assert server.wait() == -signal.SIGTERM


def test_a_server_is_started_in_a_process_of_its_own_and_stopped(where: Places) -> None:
    settings = Settings(cluster="minisets", state=where.state, engine="memory")
    environment = {**os.environ, "MINISETS_HOME": str(where.state.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", START],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    try:
        assert ran.returncode == 0, ran.stderr
        found = control.running(where)
        assert found.url == ran.stdout.strip()
        assert control.ensure(where, settings, SystemClock(), pause) == found
    finally:
        control.stop(where, SystemClock(), pause)
    assert endpoint.serving(where) is None


def test_a_second_start_waits_for_the_server_that_has_the_lock(where: Places) -> None:
    """Two `up` at once: the second one's server is refused before the first one's answers."""
    where.state.mkdir()
    lock = FileLock(where.lock)
    environment = {**os.environ, "MINISETS_HOME": str(where.state.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", START], env=environment, stdout=subprocess.PIPE, text=True
    ) as second:
        until(lambda: where.log.exists() and "the state is in use" in where.log.read_text(), "the refusal")
        with serving(where.state.parent) as whole:
            said, _ = second.communicate(timeout=20)
            assert said.strip() == whole.access.url
    lock.release()


def test_stopping_waits_for_the_process_not_for_its_goodbye(where: Places) -> None:
    """Else `down --volumes` would remove things beside a kubelet that still works."""
    where.state.mkdir()
    script = (
        "import os, signal, sys, time\n"
        "def end(*_): os.unlink(sys.argv[1]); time.sleep(0.5); print('done', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print(flush=True); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(where.process)], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        said = {"pid": server.pid, "started": endpoint._start_of(server.pid)}
        where.process.write_text(json.dumps(said))
        assert control.stop(where, SystemClock(), pause) is True
        assert server.stdout.read() == b"done\n"
