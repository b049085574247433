import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from minisets import errors
from minisets.clock import FakeClock
from minisets.objects.metadata import name_of
from minisets.store.interface import Store
from minisets.store.sqlite import SCHEMA, SqliteStore, first_version
from tests.contracts.store import (
    OpenStore,
    StoreContract,
    delete,
    ignore,
    pod,
    pod_ref,
    put,
    told,
)
from tests.waiting import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open_store(self, path: Path, clock: FakeClock) -> Iterator[OpenStore]:
        with ExitStack() as opened:
            yield lambda **limits: opened.enter_context(closing(SqliteStore(path, clock=clock, **limits)))

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Store:
        return open_store()


def reopened(path: Path, clock: FakeClock) -> closing[SqliteStore]:
    return closing(SqliteStore(path, clock=clock))


def test_objects_and_history_outlive_the_process(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        since = store.version()
        put(store, pod("web-0", text="grüße\n"))
        put(store, pod("web-1"))
        delete(store, pod_ref("web-1"))
        version, listing = store.version(), store.list("Pod")
    with reopened(path, clock) as store:
        assert store.version() == version
        assert store.list("Pod") == listing
        assert [name for _, name in told(store.watch("Pod", since, ignore).take())] == [
            "web-0",
            "web-1",
            "web-1",
        ]
        put(store, pod("web-2"), expected=0)
        assert store.version() == version + 1


def test_compaction_does_not_set_the_version_back(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        put(store, pod("web-0"))
        delete(store, pod_ref("web-0"))
        store.compact(store.version())
        version = store.version()
    with reopened(path, clock) as store:
        assert store.version() == version


def test_a_state_that_was_created_again_never_reuses_versions(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        put(store, pod("web-0"))
        old = store.version()
    for file in path.parent.iterdir():
        file.unlink()
    clock.advance(timedelta(seconds=1))
    with reopened(path, clock) as store:
        assert store.version() == first_version(clock.now()) > old
        with pytest.raises(errors.Expired):
            store.watch("Pod", old, ignore)


def test_a_new_epoch_jumps_ahead_and_expires_older_watches(path: Path, clock: FakeClock) -> None:
    woken: list[str] = []
    with reopened(path, clock) as store:
        put(store, pod("web-0"))
        old = store.version()
        subscription = store.watch("Pod", old, lambda: woken.append("woken"))
        store.begin_epoch()
        assert store.version() > old
        assert woken
        with pytest.raises(errors.Expired):
            subscription.take()
        with pytest.raises(errors.Expired):
            store.watch("Pod", old, ignore)
        assert [name_of(obj) for obj in store.list("Pod").items] == ["web-0"]
        epoch = store.version()
    with reopened(path, clock) as store:
        assert store.version() == epoch


def test_the_log_does_not_grow_without_end(path: Path, clock: FakeClock) -> None:
    with closing(SqliteStore(path, clock=clock, history=20)) as store:
        put(store, pod("quiet"))
        for number in range(100):
            put(store, pod("busy", number=number))
            put(store, pod(f"short-lived-{number}"))
            delete(store, pod_ref(f"short-lived-{number}"))
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM revision").fetchone()
    assert rows < 50
    with reopened(path, clock) as store:
        assert [name_of(obj) for obj in store.list("Pod").items] == ["busy", "quiet"]


def test_the_file_is_its_owners_alone(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        put(store, pod("web-0"))
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


# --- files that cannot be used ---


def test_a_second_server_is_refused_and_told_who_holds_the_state(path: Path, clock: FakeClock) -> None:
    with (
        reopened(path, clock),
        pytest.raises(errors.MinisetsError, match=f"in use: .*{path.name}.*held by process {os.getpid()}"),
    ):
        SqliteStore(path, clock=clock)
    SqliteStore(path, clock=clock).close()


def test_a_newer_schema_is_refused_and_left_alone(path: Path, clock: FakeClock) -> None:
    SqliteStore(path, clock=clock).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE about SET value = ? WHERE name = 'schema'", (SCHEMA + 1,))
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(errors.MinisetsError, match=r"newer minisets \(schema 2, this one reads up to 1\)"):
        SqliteStore(path, clock=clock)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong", [b"this is no database at all, only text\n" * 100, b"SQLite format 3\0" + b"x" * 4000]
)
def test_a_corrupt_file_is_one_clear_error_and_is_left_alone(
    path: Path, clock: FakeClock, wrong: bytes
) -> None:
    path.write_bytes(wrong)
    with pytest.raises(
        errors.MinisetsError, match=r"state\.db is damaged .*It was left as it is.*move it away"
    ):
        SqliteStore(path, clock=clock)
    assert path.read_bytes() == wrong


def test_a_damaged_page_is_found_when_the_state_is_opened(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        for number in range(200):
            put(store, pod(f"p{number}", filling="x" * 200))
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(errors.MinisetsError, match=r"state\.db is damaged"):
        SqliteStore(path, clock=clock)


def test_a_database_of_something_else_is_refused(path: Path, clock: FakeClock) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(errors.MinisetsError, match="a database of something else"):
        SqliteStore(path, clock=clock)


def test_a_missing_folder_is_named(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(errors.MinisetsError, match=r"missing.*No such file or directory.*folder exists"):
        SqliteStore(tmp_path / "missing" / "state.db", clock=clock)


def test_a_write_that_fails_changes_nothing(path: Path, clock: FakeClock) -> None:
    with reopened(path, clock) as store:
        put(store, pod("web-0"))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON revision WHEN NEW.name = 'web-1' "
                "BEGIN SELECT RAISE(ABORT, 'no room'); END"
            )
        before = store.list("Pod")
        with pytest.raises(errors.MinisetsError, match="no room"):
            put(store, pod("web-2"), pod("web-1"))
        assert store.list("Pod") == before
        put(store, pod("web-3"))
        assert [name_of(obj) for obj in store.list("Pod").items] == ["web-0", "web-3"]


# --- kill -9 ---

WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from minisets.clock import SystemClock
from minisets.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]), clock=SystemClock(), history=50)
for number in itertools.count():
    with store.transaction() as transaction:
        for half in ("left", "right"):
            metadata = {"name": half, "namespace": "default"}
            spec = {"number": number, "filling": "x" * 5_000}
            transaction.put({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec})
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_has_answered(path: Path, clock: FakeClock) -> None:
    version = 0
    for round_number in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        with writer, writer.stdout as answers:
            answered = [until(answers.readline, "the first answer") for _ in range(20 * (round_number + 1))]
            writer.send_signal(signal.SIGKILL)
            answered += answers.readlines()
        whole = [int(line) for line in answered if line.endswith("\n")]
        with reopened(path, clock) as store:
            left, right = store.get(pod_ref("left")), store.get(pod_ref("right"))
            assert left is not None
            assert right is not None
            assert left["spec"] == right["spec"], "half a transaction"
            assert left["spec"]["number"] >= whole[-1], "an answered write is gone"
            assert store.version() > version
            version = store.version()
