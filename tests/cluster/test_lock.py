"""One at a time: who may begin to serve a cluster, and who serves it as a process of the host."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster.lock import STARTED_WITHIN, Claim, Taken, _File, refuse_host_process, starting
from minisets.errors import MinisetsError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a file does it elsewhere, shown below")

CLAIMS = "from minisets.cluster.lock import Claim; held = Claim(*sys.argv[1:])"
STARTS = (
    "from minisets.cluster.lock import starting; from minisets.clock import SystemClock\n"
    "sleep = lambda d: time.sleep(d.total_seconds())\n"
    "held = starting(*sys.argv[1:], SystemClock(), sleep, print); held.__enter__()"
)


@pytest.fixture
def engine() -> str:
    """An engine's id that no other test has."""
    return f"test-{os.getpid()}-{os.urandom(6).hex()}"


@contextmanager
def another_process(script: str, engine: str, cluster: str = "db") -> Iterator[subprocess.Popen[str]]:
    """One that does what the script says, and then waits to be told to end."""
    words = [sys.executable, "-c", f"import sys, time\n{script}\nprint('held', flush=True); input()"]
    with subprocess.Popen(
        [*words, engine, cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def sleeping(clock: FakeClock, then: Callable[[], None] = lambda: None) -> Callable[[timedelta], None]:
    """A sleep that takes no time; `then` happens at its end."""

    def sleep(duration: timedelta) -> None:
        clock.advance(duration)
        then()

    return sleep


def never(duration: timedelta) -> None:
    pytest.fail(f"slept {duration} where nobody is to be waited for")


# --- a host process serves ---


def test_one_server_has_a_cluster_on_an_engine(engine: str) -> None:
    """Two would end each other's pods: each takes the other's for orphans."""
    with another_process(CLAIMS, engine) as process:
        Claim(engine, "other").release()
        Claim(f"{engine}-other", "db").release()
        with pytest.raises(Taken) as caught:
            Claim(engine, "db")
    assert str(caught.value) == (
        f'process {process.pid} serves cluster "db" on this engine, with a state of its own: '
        f"end it (`kill {process.pid}`), or use another name: --cluster NAME"
    )


def test_within_one_process_there_is_one_claim_too(engine: str) -> None:
    first = Claim(engine, "db")
    with pytest.raises(Taken, match=f"process {os.getpid()} serves"):
        Claim(engine, "db")
    first.release()
    Claim(engine, "db").release()


def test_a_claim_may_be_released_twice_and_is_not_the_next_ones(engine: str) -> None:
    first = Claim(engine, "db")
    first.release()
    second = Claim(engine, "db")
    first.release()
    with pytest.raises(Taken):
        Claim(engine, "db")
    second.release()


def test_a_claim_is_given_up_with_its_holder_however_that_dies(engine: str) -> None:
    with another_process(CLAIMS, engine) as process:
        with pytest.raises(Taken):
            refuse_host_process(engine, "db")
        process.kill()
        process.wait(10)
        refuse_host_process(engine, "db")


def test_where_no_process_serves_nothing_is_refused_however_often_it_is_asked(engine: str) -> None:
    for _ in range(300):
        refuse_host_process(engine, "db")


def test_a_host_process_is_refused_and_named_however_often_it_is_asked(engine: str) -> None:
    with another_process(CLAIMS, engine) as process:
        for _ in range(300):
            with pytest.raises(Taken, match="serves cluster"):
                refuse_host_process(engine, "db")
        with pytest.raises(Taken, match=f"process {process.pid} serves cluster"):
            refuse_host_process(engine, "db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a namespace of processes")
def test_a_holder_that_cannot_be_seen_from_here_is_not_told_as_process_0(engine: str) -> None:
    """From inside a container with the host's network, for instance."""
    script = (
        "import sys; from minisets.cluster.lock import Claim\n"
        "try: Claim(*sys.argv[1:])\n"
        "except Exception as taken: print(taken)"
    )
    held = Claim(engine, "db")
    asked = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", script, engine, "db"]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
    held.release()
    assert "serves cluster" in said
    assert "kill 0" not in said


# --- who may begin ---


def test_who_comes_first_waits_for_nobody_and_says_nothing(engine: str) -> None:
    told: list[str] = []
    with starting(engine, "db", FakeClock(), never, told.append):
        assert told == []


def test_beginning_and_serving_are_two_things(engine: str) -> None:
    with starting(engine, "db", FakeClock(), never, print):
        refuse_host_process(engine, "db")
        Claim(engine, "db").release()


@pytest.mark.parametrize(("whose", "cluster"), [("", "other"), ("-other", "db")])
def test_other_clusters_and_engines_are_not_waited_for(engine: str, whose: str, cluster: str) -> None:
    with (
        another_process(STARTS, engine),
        starting(engine + whose, cluster, FakeClock(), never, print),
    ):
        pass


def test_who_comes_second_waits_for_the_first_to_end(engine: str) -> None:
    clock = FakeClock()
    with another_process(STARTS, engine) as process:

        def end_after_a_second() -> None:
            if clock.elapsed() > timedelta(seconds=1) and process.poll() is None:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
                process.wait(10)

        told: list[str] = []
        with starting(engine, "db", clock, sleeping(clock, end_after_a_second), told.append):
            assert told == [f'waiting for process {process.pid}, which is starting cluster "db"']
            assert process.returncode == 0
    assert timedelta(seconds=1) < clock.elapsed() < timedelta(seconds=2)


def test_who_is_killed_while_beginning_is_in_nobodys_way(engine: str) -> None:
    clock = FakeClock()
    with another_process(STARTS, engine) as process:
        process.kill()
        process.wait(10)
        with starting(engine, "db", clock, never, print):
            pass


def test_only_one_of_many_begins_at_a_time(engine: str, tmp_path: Path) -> None:
    """Each makes a file that none may have made, and removes it."""
    script = (
        f"import sys, time, os\n{STARTS}\n"
        "inside = os.environ['INSIDE']; os.close(os.open(inside, os.O_CREAT | os.O_EXCL)); time.sleep(0.02)\n"
        "os.unlink(inside); held.__exit__(None, None, None)"
    )
    environment = {**os.environ, "INSIDE": str(tmp_path / "inside")}
    words = [sys.executable, "-c", script, engine, "db"]
    racing = [subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    said = [process.communicate(timeout=30)[1] for process in racing]
    assert [process.returncode for process in racing] == [0] * 5, "".join(said)


def test_it_is_given_up_when_what_was_begun_fails(engine: str) -> None:
    def fail() -> None:
        with starting(engine, "db", FakeClock(), never, print):
            raise MinisetsError("the image cannot be made")

    for _ in range(2):
        with pytest.raises(MinisetsError, match="the image cannot be made"):
            fail()


def test_nobody_waits_for_ever_and_the_other_is_named(engine: str) -> None:
    clock = FakeClock()
    with (
        another_process(STARTS, engine) as process,
        pytest.raises(MinisetsError) as caught,
        starting(engine, "db", clock, sleeping(clock), print),
    ):
        pytest.fail("both began")
    assert str(caught.value) == (
        f'process {process.pid} has been starting cluster "db" for 10 min: end it, then try again'
    )
    assert STARTED_WITHIN < clock.elapsed() < STARTED_WITHIN + timedelta(seconds=1)


def test_a_program_that_the_holder_starts_does_not_hold_it_too(engine: str) -> None:
    """pip may outlive the command that began it. This one ends with its input, which the test has."""
    script = f"{STARTS}\nimport subprocess; subprocess.Popen(['cat'], close_fds=False)"
    with another_process(script, engine) as process:
        process.kill()
        process.wait(10)
        with starting(engine, "db", FakeClock(), never, print):
            pass


# --- elsewhere than on Linux ---


def test_a_file_does_it_for_one_person_where_there_are_no_such_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first, second = _File("ab/starting"), _File("ab/starting")
    assert first.take()
    assert not second.take()
    assert second.holder() == str(os.getpid())
    serving = _File("ab")
    assert serving.take(), "to begin and to serve are two things there, too"
    serving.release()
    first.release()
    assert second.take()
    second.release()


def test_such_a_file_is_given_up_by_who_is_killed(tmp_path: Path) -> None:
    script = "from minisets.cluster.lock import _File; held = _File('cd'); assert held.take()"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", f"{script}; print(flush=True); input()"]
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        asked = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            check=False,
            timeout=30,
            stderr=subprocess.DEVNULL,
        )
        assert asked.returncode == 1
        holder.kill()
        holder.wait(10)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=30)
