"""What waits between a client and what it is attached to: input, sizes, and the last word."""

import asyncio
from datetime import timedelta

import pytest

from minisets.api.backlog import Backlog
from minisets.api.channels import WAITING_INPUT, Size, Sizes, size_in, status_text
from minisets.api.streams import exit_status

AT_ONCE = timedelta(milliseconds=1)


@pytest.mark.parametrize("message", [
    b"", b"nonsense", b"[]", b"{}", b'{"Width":1}', b'{"Width":"x","Height":1}', b'{"Width":-1,"Height":1}',
    b'{"Width":65536,"Height":1}', b'{"Width":null,"Height":1}', b"\xff",
])  # fmt: skip
def test_nonsense_is_no_size(message: bytes) -> None:
    assert size_in(message) is None


def test_a_size_is_told_in_columns_and_rows() -> None:
    assert size_in(b'{"Width":100,"Height":40}\n') == Size(100, 40)


def test_of_many_sizes_that_wait_the_last_ones_count() -> None:
    async def told() -> list[Size]:
        sizes = Sizes()
        for columns in range(10):
            sizes.tell(b'{"Width":%d,"Height":40}' % columns)
        return [await sizes.next() for _ in range(4) if not sizes.is_empty]

    assert [size.columns for size in asyncio.run(told())] == [6, 7, 8, 9]


def test_input_has_a_bound_and_room_again_once_it_is_taken() -> None:
    async def run() -> None:
        backlog = Backlog(WAITING_INPUT)
        backlog.add(bytes(WAITING_INPUT - 1))
        assert await backlog.has_room(AT_ONCE)
        backlog.add(b"12")
        assert not await backlog.has_room(AT_ONCE)
        assert len(await backlog.take()) == WAITING_INPUT + 1
        assert await backlog.has_room(AT_ONCE)

    asyncio.run(run())


def test_input_that_waits_is_taken_before_its_end() -> None:
    async def run() -> list[bytes]:
        backlog = Backlog(WAITING_INPUT)
        backlog.add(b"one")
        backlog.end()
        backlog.add(b"too late")
        return [await backlog.take(), await backlog.take(), await backlog.take()]

    assert asyncio.run(run()) == [b"one", b"", b""]


def test_who_takes_waits_for_what_comes() -> None:
    async def run() -> bytes:
        backlog = Backlog(WAITING_INPUT)
        taking = asyncio.create_task(backlog.take())
        await asyncio.sleep(0)
        backlog.add(b"one")
        return await taking

    assert asyncio.run(run()) == b"one"


def test_the_last_word_is_a_status_or_before_version_4_words_of_a_failure() -> None:
    assert status_text(exit_status(0), is_json=True) == b'{"metadata":{},"status":"Success"}'
    assert status_text(exit_status(0), is_json=False) == b""
    assert status_text(exit_status(3), is_json=False).endswith(b"exit status 3")
