"""Running a command in a container through the API: one WebSocket, five channels.

Decides how channels map to files and how the exit code comes back. Leaves raw terminals and
signals to `cli/`. Protocol: v5.channel.k8s.io (the first byte of each message names the channel).
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from minisets import errors
from minisets.client.requests import path_of, refusal, trusting
from minisets.objects.kinds import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.client.access import Access

_PROTOCOL = Subprotocol("v5.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 32 * 1024
_BEGUN_WITHIN = timedelta(seconds=90)
"""The server lets a command wait, for as long as a snapshot has its pod stand still."""
_GOODBYE = timedelta(seconds=2)
"""How long the server may take to answer a farewell: after Ctrl-C nobody wants to wait."""


@dataclass(frozen=True)
class Command:
    """What to run, and where. container empty: the pod's default one."""

    namespace: str
    pod: str
    argv: tuple[str, ...]
    container: str = ""
    tty: bool = False


class Session:
    """A command that runs; `wait` copies its output until it ends and returns its exit code."""

    def __init__(self, connection: ClientConnection, end: Callable[[], None]) -> None:
        self._connection = connection
        self._end = end

    def feed(self, read: Callable[[int], bytes]) -> threading.Thread:
        """Copy input until its end, on a thread of its own (daemon: a terminal's read can't be ended)."""
        thread = threading.Thread(target=self._copy, args=(read,), name="minisets-stdin", daemon=True)
        thread.start()
        return thread

    def _copy(self, read: Callable[[int], bytes]) -> None:
        try:
            while data := read(_CHUNK):
                self._connection.send(bytes([_STDIN]) + data)
            self._connection.send(bytes([_CLOSE, _STDIN]))
        except ConnectionClosed:
            return

    def resize(self, columns: int, rows: int) -> None:
        """Tell the command's terminal its size."""
        size = json.dumps({"Width": columns, "Height": rows}).encode()
        with contextlib.suppress(ConnectionClosed):  # the command has ended meanwhile
            self._connection.send(bytes([_RESIZE]) + size)

    def wait(self, stdout: BinaryIO, stderr: BinaryIO) -> int:
        """Copy output until the end. Raises MinisetsError if the command could not run."""
        status: dict[str, Any] = {}
        try:
            for message in self._connection:
                data = message if isinstance(message, bytes) else message.encode()
                if data[:1] == bytes([_ERROR]) and len(data) > 1:
                    status = json.loads(data[1:])
                elif len(data) > 1 and data[0] in (_STDOUT, _STDERR):
                    sink = stdout if data[0] == _STDOUT else stderr
                    sink.write(data[1:])
                    sink.flush()
        except ConnectionClosed as error:
            raise errors.MinisetsError("the server ended the session before the command did") from error
        finally:
            self._end()
        return _exit_code(status)


def run(access: Access, command: Command, *, stdin: bool) -> Session:
    """Start a command. Raises the API's refusal, or MinisetsError."""
    query = {
        "container": command.container,
        "stdin": "true" if stdin else "",
        "stdout": "true",
        "stderr": "" if command.tty else "true",
        "tty": "true" if command.tty else "",
    }
    pairs = [(key, value) for key, value in query.items() if value]
    pairs += [("command", word) for word in command.argv]
    path = path_of(Ref("Pod", command.namespace, command.pod))
    url = f"wss{access.url.removeprefix('https')}{path}/exec?{urlencode(pairs)}"
    headers = {"Authorization": f"Bearer {access.token}"}
    stack = contextlib.ExitStack()
    try:
        connection = stack.enter_context(
            connect(
                url,
                ssl=trusting(access),
                subprotocols=[_PROTOCOL],
                additional_headers=headers,
                max_size=None,
                compression=None,
                proxy=None,
                open_timeout=_BEGUN_WITHIN.total_seconds(),
                close_timeout=_GOODBYE.total_seconds(),
            )
        )
    except InvalidStatus as error:
        raise _refused(error) from error
    except (OSError, InvalidHandshake) as error:
        raise errors.MinisetsError(f"no session with the server at {access.url}: {error}") from error
    return Session(connection, stack.close)


def _refused(error: InvalidStatus) -> errors.MinisetsError:
    try:
        return refusal(json.loads(error.response.body or b""))
    except ValueError:
        return errors.MinisetsError(f"the server refused the session: HTTP {error.response.status_code}")


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
