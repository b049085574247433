"""The store in a SQLite file: the log is a table, the current objects are loaded from it at the start.

Decides durability (WAL, synchronous=FULL), what an unusable file means, when a new epoch begins and
how much history is kept. Everything else is `logged.py`'s. A file is never deleted or emptied here.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from minisets import errors
from minisets.objects.kinds import Ref
from minisets.objects.metadata import version_of
from minisets.store.interface import Change, ChangeType
from minisets.store.lock import FileLock
from minisets.store.logged import LoggedStore
from minisets.store.memory import BUFFER, HISTORY
from minisets.store.state import State
from minisets.store.watch import too_old

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from minisets.clock import Clock
    from minisets.objects.kinds import Object

SCHEMA = 1
"""The number of schema.sql. A file with a higher one was written by a newer minisets."""

_EPOCHS_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
_TRIM_EVERY = 1_000
_BUSY_FOR = timedelta(seconds=5)


class SqliteStore(LoggedStore):
    """A store in the file `path`, created if it is missing. One process at a time.

    Raises errors.MinisetsError, with what to do, if the file is in use, corrupt or newer than this program.
    """

    def __init__(self, path: Path, *, clock: Clock, history: int = HISTORY, buffer: int = BUFFER) -> None:
        lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            log = SqliteLog(path, lock, clock, history)
            try:
                state, version = log.load()
            except BaseException:
                log.close()
                raise
        except BaseException:
            lock.release()
            raise
        super().__init__(log, state, version, buffer)
        self._sqlite = log
        self._clock = clock

    def begin_epoch(self) -> None:
        """Versions jump and older watches expire: to be called after a state was recovered or restored."""
        with self._writing:
            first = max(self._version + 1, first_version(self._clock.now()))
            self._sqlite.begin_epoch(first)
            with self._reading:
                self._version = first
                self._broadcaster.expire(first)


class SqliteLog:
    """The table of revisions. One connection writes, another one reads history beside it."""

    def __init__(self, path: Path, lock: FileLock, clock: Clock, limit: int) -> None:
        self._path = path
        self._lock = lock
        self._limit = limit
        self._untrimmed = 0
        with self._explained():
            path.touch(mode=0o600)  # it will hold Secrets
            self._writer = _connect(path)
            try:
                self._prepare(first_version(clock.now()))
            except BaseException:
                self._writer.close()
                raise

    def load(self) -> tuple[State, int]:
        """The current objects, and the newest version."""
        with self._explained():
            rows = self._writer.execute("SELECT object FROM current JOIN revision USING (version)")
            state = State(json.loads(text) for (text,) in rows)
            (newest,) = self._writer.execute("SELECT ifnull(max(version), 0) FROM revision").fetchone()
            return state, max(newest, self._about("floor"))

    def append(self, changes: Sequence[Change]) -> None:
        """Keep these: on the disk when this returns."""
        with self._explained(), _committed(self._writer):
            for change in changes:
                _insert(self._writer, change)
            self._untrimmed += len(changes)
            if self._untrimmed >= min(_TRIM_EVERY, self._limit):
                self._trim(changes[-1].version - self._limit)
                self._untrimmed = 0

    def after(self, since: int, until: int, kind: str, namespace: str) -> Sequence[Change]:
        """The changes with since < version <= until."""
        # Why a connection of its own: a long replay must not hold up the writer; WAL lets both go on.
        with self._explained(), closing(_connect(self._path)) as reader:
            reader.execute("BEGIN")
            floor = _about(reader, "floor")
            if since < floor:
                raise too_old(since, floor)
            rows = reader.execute(_HISTORY, (since, until, kind, namespace, namespace))
            return [_change(row) for row in rows]

    def compact(self, before: int) -> None:
        """Forget changes up to and including version `before`."""
        with self._explained(), _committed(self._writer):
            self._trim(before)

    def begin_epoch(self, first: int) -> None:
        """Continue at version `first`; nothing before it can be watched."""
        with self._explained(), _committed(self._writer):
            self._trim(first)

    def close(self) -> None:
        """Close the file, release the lock."""
        self._writer.close()
        self._lock.release()

    def _prepare(self, first: int) -> None:
        tables = {name for (name,) in self._writer.execute("SELECT name FROM sqlite_schema")}
        if not tables:
            with _committed(self._writer):
                _create(self._writer, first)
        elif "about" not in tables:
            raise sqlite3.DatabaseError("a database of something else")
        found = self._about("schema")
        if found > SCHEMA:
            raise errors.MinisetsError(
                f"the state in {self._path} was written by a newer minisets (schema {found}, this one reads "
                f"up to {SCHEMA}): install the newer version again, or move the file away to start anew"
            )
        (verdict,) = self._writer.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    def _about(self, name: str) -> int:
        return _about(self._writer, name)

    def _trim(self, before: int) -> None:
        """Raise the floor; keep what is current, and what a kept change has as its previous state."""
        if before <= self._about("floor"):
            return
        self._writer.execute("UPDATE about SET value = ? WHERE name = 'floor'", (before,))
        self._writer.execute(_FORGET, (before, before))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors in one line that names the file and what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise errors.ServiceUnavailable(
                f"the state in {self._path} cannot be read or written ({error}): "
                "see that the disk has room and that the file and its folder are writable"
            ) from error
        except (sqlite3.DatabaseError, json.JSONDecodeError, KeyError) as error:
            raise errors.MinisetsError(
                f"the state in {self._path} is damaged ({error}). It was left as it is: restore a copy "
                "of it, or move it away to start with an empty state (volumes stay on the engine)"
            ) from error


def first_version(now: datetime) -> int:
    """The version that an epoch begins with: milliseconds since 2020, so that none is used twice."""
    return (now - _EPOCHS_BEGAN) // timedelta(milliseconds=1)


_HISTORY = """
    SELECT revision.version, revision.type, revision.kind, revision.namespace, revision.name,
           revision.object, before.object
    FROM revision LEFT JOIN revision AS before ON before.version = revision.previous
    WHERE revision.version > ? AND revision.version <= ? AND revision.kind = ?
      AND (? = '' OR revision.namespace = ?)
    ORDER BY revision.version
"""
_FORGET = """
    DELETE FROM revision
    WHERE version <= ?
      AND version NOT IN (SELECT version FROM current)
      AND version NOT IN (SELECT previous FROM revision WHERE version > ?)
"""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=_BUSY_FOR.total_seconds()
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _committed(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # what went wrong first is what is told
            connection.execute("ROLLBACK")
        raise


def _create(connection: sqlite3.Connection, first: int) -> None:
    schema = files("minisets.store").joinpath("schema.sql").read_text(encoding="utf-8")
    bare = "\n".join(line.partition("--")[0] for line in schema.splitlines())
    for statement in bare.split(";"):  # executescript would commit half-way
        connection.execute(statement)
    about = [("schema", SCHEMA), ("floor", first)]
    connection.executemany("INSERT INTO about VALUES (?, ?)", about)


def _about(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise sqlite3.DatabaseError(f"no {name} in table about")
    return int(row[0])


def _insert(connection: sqlite3.Connection, change: Change) -> None:
    ref, previous = change.ref, version_of(change.previous) if change.previous else 0
    text = json.dumps(change.object, ensure_ascii=False, separators=(",", ":"))
    key = (ref.kind, ref.namespace, ref.name)
    connection.execute(
        "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)",
        (change.version, previous, change.type.value, *key, text),
    )
    if change.type is ChangeType.DELETED:
        connection.execute("DELETE FROM current WHERE (kind, namespace, name) = (?, ?, ?)", key)
    else:
        connection.execute("INSERT OR REPLACE INTO current VALUES (?, ?, ?, ?)", (*key, change.version))


def _change(row: tuple[int, str, str, str, str, str, str | None]) -> Change:
    version, change_type, kind, namespace, name, text, before = row
    obj: Object = json.loads(text)
    previous: Object | None = json.loads(before) if before is not None else None
    return Change(ChangeType(change_type), Ref(kind, namespace, name), obj, previous, version)
