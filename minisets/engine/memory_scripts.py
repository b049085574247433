"""How programs and calls of the engine in memory behave when a test says nothing, and when it does."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minisets.engine.interface import Output


@dataclass(frozen=True)
class ExecResult:
    """What a command does.

    hangs: nothing, until its container ends; leaves_open: its output stays open when it has ended.
    begins: whether the engine can be seen to have begun it.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    hangs: bool = False
    leaves_open: bool = False
    begins: bool = True


ExecHandler = Callable[[tuple[str, ...], bytes], ExecResult]
InputHandler = Callable[[bytes], bytes]


def echo(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    """Print the command, and what came in: what happens to a command that nobody scripted."""
    return ExecResult(stdout=" ".join(command).encode() + b"\n" + stdin)


@dataclass(frozen=True)
class Behaviour:
    """What a container's program does: by default, run until SIGTERM and leave with 0.

    cores, memory_bytes: what it uses of the machine while it runs. hangs: a helper (`pause copy`, `pause
    end`) is never done by itself. answers: what it prints when it reads; input_exit: how it leaves at the
    end of its input; reads: whether its commands take their input.
    """

    exits_with: int | None = None
    hangs: bool = False
    sigterm_exit: int = 0
    ignores_sigterm: bool = False
    fails_to_start: str = ""
    output: tuple[Output, ...] = ()
    run: ExecHandler = echo
    answers: InputHandler | None = None
    input_exit: int | None = None
    reads: bool = True
    cores: float = 0.001
    memory_bytes: int = 1024 * 1024


class Scripts:
    """Behaviours by container name or image (with `*`), the latest word winning; and faults to come."""

    def __init__(self) -> None:
        self._behaviours: dict[str, Behaviour] = {}
        self._faults: defaultdict[str, deque[Exception]] = defaultdict(deque)

    def behave(self, which: str, changes: dict[str, Any]) -> None:
        """Change how containers of that name or image behave."""
        self._behaviours[which] = replace(self._behaviours.pop(which, Behaviour()), **changes)

    def behaviour_of(self, name: str, image: str) -> Behaviour:
        """How the container behaves."""
        for which, behaviour in reversed(self._behaviours.items()):
            if fnmatchcase(name, which) or fnmatchcase(image, which):
                return behaviour
        return Behaviour()

    def fail_next(self, method: str, error: Exception, times: int) -> None:
        """Let the next calls of a method fail."""
        self._faults[method].extend([error] * times)

    def raise_fault_of(self, method: str) -> None:
        """Raise what `fail_next` left for this method."""
        if waiting := self._faults.get(method):
            raise waiting.popleft()
