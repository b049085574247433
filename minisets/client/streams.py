"""A command run in a container, or what runs there anyway, through the API: one WebSocket, five channels.

Decides how channels map to files and how the exit code comes back. Leaves the connection to `sockets.py`,
raw terminals and signals to `cli/`. Protocol: v5.channel.k8s.io (the first byte of each message names the
channel).
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from minisets import errors
from minisets.client.sockets import Destination, Line, Lost, opened
from minisets.objects.kinds import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.client.access import Access

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 32 * 1024


@dataclass(frozen=True)
class Command:
    """What to run, and where. container empty: the pod's default one."""

    namespace: str
    pod: str
    argv: tuple[str, ...]
    container: str = ""
    tty: bool = False


@dataclass(frozen=True)
class Attachment:
    """Which container's own program to be at. tty: whether it has a terminal."""

    namespace: str
    pod: str
    container: str
    tty: bool = False


class Session:
    """A command that runs; `wait` copies its output until it ends and returns its exit code."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def feed(self, read: Callable[[int], bytes]) -> threading.Thread:
        """Copy input until its end, on a thread of its own (daemon: a terminal's read can't be ended)."""
        thread = threading.Thread(target=self._copy, args=(read,), name="minisets-stdin", daemon=True)
        thread.start()
        return thread

    def _copy(self, read: Callable[[int], bytes]) -> None:
        with contextlib.suppress(Lost):
            while data := _read(read):
                self._line.send(bytes([_STDIN]) + data)
            self._line.send(bytes([_CLOSE, _STDIN]))

    def resize(self, columns: int, rows: int) -> None:
        """Tell the command's terminal its size. Does not wait: a signal's handler may."""
        size = json.dumps({"Width": columns, "Height": rows}).encode()
        self._line.post(bytes([_RESIZE]) + size)

    def wait(self, stdout: BinaryIO, stderr: BinaryIO) -> int:
        """Copy output until the end. Raises MinisetsError if the command could not run."""
        status: dict[str, Any] = {}
        try:
            while (data := self._line.receive()) is not None:
                if data[:1] == bytes([_ERROR]) and len(data) > 1:
                    status = json.loads(data[1:])
                elif len(data) > 1 and data[0] in (_STDOUT, _STDERR):
                    _put(stdout if data[0] == _STDOUT else stderr, data[1:])
        except Lost as error:
            if not status:
                raise errors.MinisetsError(f"the session ended before the command did: {error}") from error
        finally:
            self.close()
        return _exit_code(status)

    def close(self) -> None:
        """End the session, from any thread: the server ends the command then."""
        self._line.close()


def run(access: Access, command: Command, *, stdin: bool) -> Session:
    """Start a command. Raises the API's refusal, or MinisetsError."""
    query = _streams(command.container, stdin=stdin, tty=command.tty)
    query += [("command", word) for word in command.argv]
    return _session(access, command, "exec", query)


def attach(access: Access, attachment: Attachment, *, stdin: bool) -> Session:
    """Be at what runs in a container. `wait` returns 0 when it has ended, whatever it ended with."""
    query = _streams(attachment.container, stdin=stdin, tty=attachment.tty)
    return _session(access, attachment, "attach", query)


def _streams(container: str, *, stdin: bool, tty: bool) -> list[tuple[str, str]]:
    wanted = {"stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}
    pairs = [("container", container)] if container else []
    return pairs + [(name, "true") for name, is_wanted in wanted.items() if is_wanted]


def _session(
    access: Access, where: Command | Attachment, subresource: str, query: list[tuple[str, str]]
) -> Session:
    to = Destination(Ref("Pod", where.namespace, where.pod), subresource, query, _PROTOCOL)
    return Session(Line(lambda: opened(access, to)))


def _read(read: Callable[[int], bytes]) -> bytes:
    """Some input; what cannot be read (closed by whoever started us) has ended."""
    try:
        return read(_CHUNK)
    except OSError:
        return b""


def _put(sink: BinaryIO, data: bytes) -> None:
    try:
        sink.write(data)
        sink.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise errors.MinisetsError(f"the output cannot be written: {error.strerror}") from error


def _exit_code(status: dict[str, Any]) -> int:
    """0, the command's own code, or an error where it never ran."""
    if not status:
        raise errors.MinisetsError("the server ended the session before the command did")
    if status.get("status") != "Failure":
        return 0
    causes = (status.get("details") or {}).get("causes") or ()
    code = next((cause["message"] for cause in causes if cause.get("reason") == "ExitCode"), None)
    if status.get("reason") == "NonZeroExitCode" and code is not None:
        return int(code)
    raise errors.MinisetsError(str(status.get("message") or "the command could not be run"))
