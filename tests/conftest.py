"""What the whole suite shares: its Docker Engine, names of its own, and the guards against leaks.

Guards: a test that leaves a thread fails; containers, networks and volumes of test clusters that are left at
the end fail the session and are removed; so does a whole run with fewer tests on a real engine than recorded.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from hypothesis import HealthCheck, settings

from tests import leftovers
from tests.engines import PrivateEngine, connected, engine_address

RECORDED_MINIMUM = Path(__file__).parent / "docker-tests-minimum"
THREADS_END_WITHIN, LONGEST_END = timedelta(seconds=2), timedelta(seconds=30)

ran_on_docker = pytest.StashKey[list[str]]()
present_before = pytest.StashKey[set[str]]()
complaints = pytest.StashKey[list[str]]()
figures = pytest.StashKey[list[str]]()

# Why no deadline: how long an example takes tells of the machine.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


# --- fixtures ---


@pytest.fixture(scope="session")
def docker_engine(request: pytest.FixtureRequest) -> Iterator[docker.DockerClient]:
    """The suite's engine. Without one its tests fail: a skipped suite proves nothing."""
    try:
        with connected(engine_address()) as client:
            leftovers.remove(client, leftovers.of_ended_sessions(client))
            request.config.stash[present_before] = {thing.id for thing in leftovers.of_test_clusters(client)}
            yield client
    except DockerException as error:
        pytest.fail(
            f"no Docker Engine answers at {engine_address()} ({error}); scripts/setup engine starts one"
        )


@pytest.fixture
def private_engine(docker_engine: docker.DockerClient) -> Iterator[PrivateEngine]:  # noqa: ARG001 - images come from it
    """A started dockerd of this test's own, to be killed and restarted at will."""
    with PrivateEngine() as engine:
        yield engine


@pytest.fixture
def cluster_name() -> str:
    """A cluster's name that no other test, session or person uses, and that the leak guard knows."""
    return leftovers.cluster_name(os.getpid(), secrets.token_hex(3))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a figure, which is printed with the session's account, whatever is captured."""
    told: list[str] = request.config.stash[figures]
    return told.append


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon or thread.name.startswith("minisets-"):
            assert _ends(thread), f"the test left the thread {thread.name!r} running"


def _ends(thread: threading.Thread) -> bool:
    """Whether it is on its way out: not if it is seen asleep for two seconds, or goes on for half a minute.

    Why not two seconds of any kind: on a busy machine a thread that ends waits for a processor, or the disk.
    """
    turn, asleep = timedelta(milliseconds=20), timedelta(0)
    deadline = time.monotonic() + LONGEST_END.total_seconds()
    while thread.is_alive() and asleep < THREADS_END_WITHIN and time.monotonic() < deadline:
        thread.join(turn.total_seconds())
        asleep += turn if _is_asleep(thread) else timedelta(0)
    return not thread.is_alive()


def _is_asleep(thread: threading.Thread) -> bool:
    """Neither running nor ready to, nor waiting for a disk; as Linux tells."""
    try:
        told = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    except OSError:  # it is gone
        return False
    return told.rpartition(") ")[2].startswith("S")


# --- the session's account ---


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-transcripts", action="store_true", help="write the sessions of tests/transcripts anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ran_on_docker] = []
    config.stash[complaints] = []
    config.stash[figures] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("docker"):
        item.config.stash[ran_on_docker].append(item.nodeid)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    found = session.config.stash[complaints]
    found += _leaks(session.config)
    ran, minimum = len(session.config.stash[ran_on_docker]), recorded_minimum()
    if os.environ.get("MINISETS_WHOLE_SUITE") == "1" and ran < minimum:
        found.append(f"{ran} tests ran on a real Docker Engine; {RECORDED_MINIMUM.name} records {minimum}")
    if found and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    ran = len(config.stash[ran_on_docker])
    terminalreporter.write_line(
        f"{ran} tests ran on a real Docker Engine (recorded minimum {recorded_minimum()})"
    )
    for figure in config.stash[figures]:
        terminalreporter.write_line(f"measured: {figure}")
    for complaint in config.stash[complaints]:
        terminalreporter.write_line(f"FAILED: {complaint}", red=True)


def recorded_minimum() -> int:
    return int(RECORDED_MINIMUM.read_text())


def _leaks(config: pytest.Config) -> list[str]:
    """Remove what this session's clusters left on the engine; a line for each."""
    before = config.stash.get(present_before, None)
    if before is None:  # no test asked for the engine
        return []
    with connected(engine_address()) as client:
        left = [thing for thing in leftovers.of_this_session(client, os.getpid()) if thing.id not in before]
        leftovers.remove(client, left)
    return [f"left over on the engine, removed now: {thing}" for thing in left]
