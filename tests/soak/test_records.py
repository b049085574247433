"""A journal is verified line by line, and never loses or changes what was acknowledged."""

from __future__ import annotations

import subprocess
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.soak.records import ENDS_AT_ONCE, FOLDER, WRITER, Contents, Journal
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

BORN = b"life-1 kept-0 100\n"


def record(number: int, **other: str) -> bytes:
    """A line as the writer writes it; other: what is not as usual in it."""
    usual = {"pod": "kept-0", "life": "life-1", "writer": "w", "uid": "uid-1", "time": "100"}
    pod, life, writer, uid, time = {**usual, **other}.values()
    said = f"{pod} {life} {writer} {number} {uid} {time}"
    return f"{said} {sha256(said.encode()).hexdigest()}\n".encode()


def journal_of(*lines: bytes) -> Journal:
    journal = Journal("kept-0", 100.0)
    assert journal.read(Contents(BORN, b"".join(lines))) == []
    return journal


def test_whole_lines_are_acknowledged_and_a_line_that_is_being_written_is_not() -> None:
    journal = journal_of(record(1), record(2)[:10])
    assert (journal.records, journal.acknowledged) == (1, len(record(1)))
    assert journal.read(Contents(BORN, record(1) + record(2))) == []
    assert (journal.records, dict(journal.by_pod)) == (2, {"uid-1": 2})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Contents(BORN, record(1)), "are there, and they differ"),
        (Contents(BORN, record(1) + record(2).replace(b"100", b"101")), "are there, and they differ"),
        (Contents(b"", b""), "are there, and they differ"),
        (Contents(b"", record(1) + record(2)), "the id of its life, life-1, is gone"),
        (Contents(b"life-2 kept-0 100\n", record(1) + record(2)), "its life was life-1, now it is life-2"),
        (Contents(BORN, record(1) + record(2) + record(4)), "record 4 of its writer follows 2"),
        (Contents(BORN, record(1) + record(2) + record(1, pod="mixed-0", writer="x")), "a record of mixed-0"),
        (Contents(BORN, record(1) + record(2) + record(1, life="life-0", writer="x")), "of another life"),
        (Contents(BORN, record(1) + record(2) + record(1, time="99", writer="x")), "of another life"),
        (Contents(BORN, record(1) + record(2) + record(3)[:-2] + b"x\n"), "checksum is wrong"),
    ],
)
def test_whatever_is_lost_changed_or_anothers_is_told(found: Contents, said: str) -> None:
    (wrong,) = journal_of(record(1), record(2)).read(found)
    assert said in wrong


@pytest.mark.parametrize("born", [b"life-0 kept-0 99\n", b"life-0 kept-1 100\n", b"\0\0\n"])
def test_a_claim_that_begins_with_older_data_or_anothers_is_told(born: bytes) -> None:
    (wrong,) = Journal("kept-0", 100.0).read(Contents(born))
    assert "is shown to kept-0" in wrong


def test_the_writer_writes_what_is_verified_and_a_second_one_goes_on(tmp_path: Path) -> None:
    script = ENDS_AT_ONCE + WRITER.replace(f"cd {FOLDER}", f"cd {tmp_path}")
    name = subprocess.run(["hostname"], capture_output=True, text=True, check=True).stdout.strip()
    journal = Journal(name, time.time())
    for uid in ("uid-1", "uid-2"):
        environment = {"POD_UID": uid, "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(["sh", "-c", script], env=environment) as writer:
            try:

                def has_written(uid: str = uid) -> bool:
                    files = [tmp_path / "born", tmp_path / "journal"]
                    if all(file.exists() for file in files):
                        assert journal.read(Contents(*(file.read_bytes() for file in files))) == []
                    return journal.by_pod[uid] > 1

                until(has_written, f"two records of {uid}")
            finally:
                writer.kill()
    assert {path.name for path in tmp_path.iterdir()} == {"born", "journal"}
