"""What the engine in memory sends over time: output, logs, events. Any thread may write, read or close."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from minisets.engine.interface import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")


class Channel(Generic[Item]):
    """Items in order, until `end` (what is left is still read) or `close` (nothing more is)."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items = deque(items)
        self._ended = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """One more; lost if the channel has ended."""
        with self._changed:
            if not self._ended:
                self._items.append(item)
                self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the iteration now, from any thread."""
        with self._changed:
            self._items.clear()
        self.end()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    def wait_end(self) -> None:
        """Until nothing more will come."""
        with self._changed:
            while not self._ended:
                self._changed.wait()

    @property
    def waiting(self) -> int:
        """How many items are not taken yet."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        while True:
            with self._changed:
                while not self._items and not self._ended:
                    self._changed.wait()
                if not self._items:
                    return
                item = self._items.popleft()
            yield item


class MemoryExecStream(Channel[Output]):
    """A command's output; what is written to its input goes to `on_input`, its end to `on_end`.

    reads: else whoever writes waits until the stream ends.
    """

    def __init__(
        self, on_input: Callable[[bytes], None], on_end: Callable[[], None], *, reads: bool = True
    ) -> None:
        super().__init__()
        self._on_input = on_input
        self._on_end = on_end
        self._reads = reads

    def write(self, data: bytes) -> None:
        """To the command's stdin."""
        if not self._reads:
            self.wait_end()
        self._on_input(data)

    def close_stdin(self) -> None:
        """End of input."""
        self._on_end()


class MemoryAttachment(MemoryExecStream):
    """A container's output and input. As in Docker, who lets go of it ends its input, too."""

    def close(self) -> None:
        """End the iteration now, from any thread."""
        super().close()
        self.close_stdin()
