"""The server's life from outside, where it is a process of this machine, or none runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from minisets.client.access import Access
from minisets.clock import FakeClock, SystemClock
from minisets.cluster import control, credentials, endpoint
from minisets.cluster.content import own_content
from minisets.cluster.control import Control, NotRunning
from minisets.cluster.engine import mark
from minisets.cluster.places import Places, places
from minisets.errors import EngineUnavailable, MinisetsError
from tests.cluster.standin import StandIn
from tests.cluster.wire import PKI, WayIn
from tests.waiting import until
from tests.whole import serving

DAEMON = (sys.executable, "-m", "minisets", "daemon", "--engine", "memory")
OTHER = "the server is of another minisets than this command: `minisets up` replaces it, pods run on"
SLEEPS = "import signal; print('ready', flush=True); signal.pause()"
IGNORES = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
)
SLOW = (
    "import os, signal, sys, time\n"
    "def end(*_): os.unlink(sys.argv[1]); time.sleep(0.3); print('done', flush=True); sys.exit()\n"
    "signal.signal(signal.SIGTERM, end); print('ready', flush=True); signal.pause()"
)


def pause(duration: timedelta) -> None:
    time.sleep(duration.total_seconds())


class Person:
    """Who types commands: a Control, and what it told them."""

    def __init__(self, where: Places, environ: dict[str, str] | None = None) -> None:
        self.told: list[str] = []
        self.control = Control(where, SystemClock(), pause, self.told.append, environ or {})


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine answers: who asks one all the same fails."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")


@pytest.fixture
def person(where: Places, nobody: None) -> Person:
    del nobody
    return Person(where)


@contextmanager
def process(where: Places, script: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is written down as the one that serves."""
    where.state.mkdir(exist_ok=True)
    words = [sys.executable, "-c", script, str(where.process)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        said = {"pid": running.pid, "started": endpoint._start_of(running.pid)}
        where.process.write_text(json.dumps(said))
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def server_of(content: str, where: Places) -> Iterator[Access]:
    """One that tells this content; our kubeconfig leads there."""
    handed = credentials.outside({}, (), datetime.now(UTC))
    way_in = WayIn(0, {f"{PKI}/{name}": data for name, data in handed.changed.items()}, content)
    try:
        access = Access(f"https://127.0.0.1:{way_in.port}", handed.ca, handed.token)
        endpoint.write_kubeconfig(where, access)
        yield access
    finally:
        way_in.close()


# --- nothing runs ---


def test_no_server_is_said_with_what_to_type(where: Places, tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="start it with `minisets up -f FILE`"):
        control.running(where)
    with pytest.raises(NotRunning, match="`minisets --cluster b up -f FILE`"):
        control.running(places("b", tmp_path, {"MINISETS_HOME": str(tmp_path)}))


def test_who_never_started_anything_is_not_bothered_with_the_engines_trouble(person: Person) -> None:
    with pytest.raises(NotRunning, match="start it with"):
        person.control.reach()
    assert person.control.answering() is None
    assert person.told == []


def test_up_without_an_engine_is_told_of_the_engines_trouble(person: Person) -> None:
    with pytest.raises(EngineUnavailable, match="no Docker Engine answers"):
        person.control.ensure()


def test_who_has_a_kubeconfig_is_told_of_the_engines_trouble(person: Person, where: Places) -> None:
    with server_of(own_content(), where):
        pass
    with pytest.raises(EngineUnavailable):
        person.control.reach()


@pytest.mark.parametrize("ask", [Control.end, Control.presence, Control.details])
def test_without_an_engine_nobody_says_that_there_is_nothing(
    person: Person, ask: Callable[[Control], object]
) -> None:
    with pytest.raises(EngineUnavailable):
        ask(person.control)


def test_a_cluster_in_memory_that_ended_left_nothing_to_ask_an_engine_for(
    person: Person, where: Places
) -> None:
    where.state.mkdir()
    mark(where, "memory")
    assert person.control.presence() == "down"
    assert person.control.end() is False
    assert person.control.details() == [("state", f"in memory; {where.state}")]
    with pytest.raises(NotRunning, match="start it with"):
        person.control.reach()


def test_a_host_process_state_is_not_served_by_a_container(person: Person, where: Places) -> None:
    """It would begin with another, empty state, and end all pods."""
    where.state.mkdir()
    mark(where, "docker")
    where.database.write_text("")
    for ask in (person.control.reach, person.control.ensure):
        with pytest.raises(
            NotRunning, match=r"has the state of a host process.*`minisets daemon`.*--cluster"
        ):
            ask()


@pytest.mark.parametrize("text", ["", "a: [", "clusters: []"], ids=["empty", "no-yaml", "not-ours"])
def test_a_damaged_kubeconfig_is_said_in_one_line(person: Person, where: Places, text: str) -> None:
    where.state.mkdir()
    where.kubeconfig.write_text(text)
    for ask in (person.control.reach, person.control.ensure, person.control.answering):
        with pytest.raises(MinisetsError, match="is not a kubeconfig of minisets: remove it"):
            ask()


def test_a_damaged_authority_in_a_kubeconfig_is_said_in_one_line(person: Person, where: Places) -> None:
    endpoint.write_kubeconfig(where, Access("https://127.0.0.1:9", "damaged", "token"))
    with pytest.raises(MinisetsError):
        person.control.reach()


# --- a server runs ---


@pytest.mark.usefixtures("nobody")
def test_a_server_that_runs_is_found_and_used_and_no_engine_asked(where: Places, tmp_path: Path) -> None:
    person = Person(where)
    with serving(tmp_path) as whole:
        assert control.running(where) == whole.access
        assert person.control.reach() == whole.access
        assert person.control.ensure() == whole.access
        assert person.control.answering() == whole.access
        assert person.control.presence() == "up"
    assert person.told == []
    with pytest.raises(NotRunning):
        control.running(where)


def test_a_server_of_this_minisets_is_used_without_a_word(person: Person, where: Places) -> None:
    with server_of(own_content(), where) as access:
        assert person.control.reach() == access
        assert person.control.ensure() == access
    assert person.told == []


def test_a_server_of_another_minisets_is_used_with_a_word(person: Person, where: Places) -> None:
    with server_of("anothers", where) as access:
        assert person.control.reach() == access
    assert person.told == [OTHER]


def test_who_chose_an_image_is_not_told_that_it_is_another(where: Places) -> None:
    person = Person(where, {"MINISETS_IMAGE": "mine:1"})
    with server_of("anothers", where) as access:
        assert person.control.reach() == access
    assert person.told == []


def test_up_asks_the_engine_where_another_minisets_serves(person: Person, where: Places) -> None:
    with server_of("anothers", where), pytest.raises(EngineUnavailable):
        person.control.ensure()


@pytest.mark.usefixtures("nobody")
def test_up_asks_the_engine_where_an_image_was_chosen(where: Places) -> None:
    with server_of(own_content(), where), pytest.raises(EngineUnavailable):
        Person(where, {"MINISETS_IMAGE": "mine:1"}).control.ensure()


def test_another_program_at_the_address_is_not_taken_for_the_server(person: Person, where: Places) -> None:
    """It has a certificate of its own; a token would be given to it."""
    with server_of(own_content(), where) as access:
        endpoint.write_kubeconfig(
            where, replace(access, authority=credentials.outside({}, (), datetime.now(UTC)).ca)
        )
        assert person.control.answering() is None
        with pytest.raises(NotRunning):
            control.running(where)


def test_up_does_not_promise_to_replace_a_host_process(person: Person, where: Places) -> None:
    with server_of("anothers", where) as access, process(where, SLEEPS):
        assert person.control.ensure() == access
    assert OTHER not in person.told


# --- a process of this machine ---


@pytest.fixture
def daemon(where: Places, nobody: None) -> Iterator[subprocess.Popen[bytes]]:
    """`minisets daemon --engine memory`, serving."""
    del nobody
    where.state.mkdir()
    environment = {**os.environ, "MINISETS_HOME": str(where.state.parent)}
    with (
        (where.state.parent / "server.log").open("wb") as log,
        subprocess.Popen(DAEMON, env=environment, stdout=log, stderr=log) as running,
    ):
        until(lambda: endpoint.serving(where), "a server", timedelta(seconds=60))
        yield running
        running.kill()


def test_a_host_process_is_reached_looked_at_and_ended(
    daemon: subprocess.Popen[bytes], where: Places
) -> None:
    person = Person(where)
    access = person.control.reach()
    assert person.control.ensure() == access == control.running(where)
    assert person.control.presence() == "up"
    assert person.control.details() == [
        ("process", f"{daemon.pid}, of this machine"),
        ("state", str(where.state)),
    ]
    with pytest.raises(MinisetsError, match="its log is where it was started"):
        next(person.control.log(follow=False, tail=None))
    assert person.control.end() is True
    assert daemon.wait(10) == 0
    assert person.control.presence() == "down"
    assert person.control.end() is False
    assert person.told == []


def test_a_certificate_is_issued_by_the_authority_of_a_host_process_wherever_its_state_lies(
    person: Person, where: Places, tmp_path: Path
) -> None:
    for state in (where.state, tmp_path / "elsewhere"):
        made = credentials.ensure(state / "pki", (), datetime.now(UTC))
        endpoint.announce(where, Access("https://127.0.0.1:1", made.ca, made.token), state=state)
        issued = person.control.issue("jane", ())
        client, authority = (
            x509.load_pem_x509_certificate(one.encode()) for one in (issued.certificate, made.ca)
        )
        client.verify_directly_issued_by(authority)
    endpoint.withdraw(where)


def test_a_killed_host_process_is_not_taken_for_one_that_runs(
    daemon: subprocess.Popen[bytes], where: Places
) -> None:
    daemon.kill()
    daemon.wait(10)
    person = Person(where)
    assert where.process.exists()
    assert person.control.presence() == "down"
    assert person.control.answering() is None
    with pytest.raises(NotRunning, match="start it with"):
        person.control.reach()


def test_a_host_process_that_is_starting_is_waited_for(where: Places, nobody: None) -> None:
    del nobody
    clock = FakeClock()
    with process(where, SLEEPS), server_of(own_content(), where) as access:
        kubeconfig = where.kubeconfig.read_text()
        where.kubeconfig.unlink()

        def sleep(duration: timedelta) -> None:
            clock.advance(duration)
            if clock.elapsed() > timedelta(seconds=3):
                where.kubeconfig.write_text(kubeconfig)

        waiting = Control(where, clock, sleep, pytest.fail)
        assert waiting.reach() == access
    assert timedelta(seconds=3) < clock.elapsed() < timedelta(seconds=4)


@pytest.mark.parametrize("ask", [Control.reach, Control.ensure])
def test_a_host_process_that_never_answers_is_named(
    where: Places, nobody: None, ask: Callable[[Control], object]
) -> None:
    del nobody
    clock = FakeClock()
    with process(where, SLEEPS) as running:
        expected = (
            rf"process {running.pid}\) does not answer: see what it printed, or end it \(`kill {running.pid}`"
        )
        with pytest.raises(NotRunning, match=expected):
            ask(Control(where, clock, clock.advance, pytest.fail))
    assert clock.elapsed() < timedelta(seconds=11)


def test_a_host_process_that_dies_while_it_is_waited_for_is_not_waited_for_longer(
    where: Places, nobody: None
) -> None:
    del nobody
    clock = FakeClock()
    with process(where, SLEEPS) as running:

        def sleep(duration: timedelta) -> None:
            clock.advance(duration)
            running.kill()
            running.wait(10)

        with pytest.raises(NotRunning):
            Control(where, clock, sleep, pytest.fail).reach()
    assert clock.elapsed() < timedelta(seconds=1)


def test_ending_sends_sigterm_and_waits(where: Places) -> None:
    with process(where, SLEEPS) as running:
        assert Person(where).control.end() is True
        assert running.wait(10) == -signal.SIGTERM


def test_ending_waits_for_the_process_not_for_its_goodbye(where: Places) -> None:
    """Else `down --volumes` would remove things beside a kubelet that still works."""
    with process(where, SLOW) as running:
        assert Person(where).control.end() is True
        assert running.stdout is not None
        assert running.stdout.read() == "done\n"
        assert not where.process.exists()


def test_a_process_that_does_not_end_is_named_and_not_killed(where: Places) -> None:
    clock = FakeClock()
    with process(where, IGNORES) as running:
        with pytest.raises(
            MinisetsError, match=rf"process {running.pid}\) does not end: .*`kill {running.pid}`"
        ):
            Control(where, clock, clock.advance, pytest.fail).end()
        assert running.poll() is None
    assert control.HOST_STOPS_WITHIN < clock.elapsed() < control.HOST_STOPS_WITHIN + timedelta(seconds=1)


# --- a host process beside control containers ---


def test_after_a_host_process_died_its_network_does_not_mean_that_it_should_run(
    where: Places, standin: StandIn
) -> None:
    where.state.mkdir()
    where.database.write_text("")
    standin.add_network("minisets", "10.213.0.0/16", {"dev.minisets.cluster": "minisets"})
    assert Person(where).control.presence() == "down"


def test_a_cluster_in_memory_becomes_one_on_docker_by_up_only(where: Places, standin: StandIn) -> None:
    where.state.mkdir()
    mark(where, "memory")
    person = Person(where)
    with pytest.raises(NotRunning):
        person.control.reach()
    assert standin.calls == []
    access = person.control.ensure()
    assert person.control.reach() == access
    assert where.engine.read_text() == "docker\n"
    assert standin.box("minisets").port == access.address[1]
