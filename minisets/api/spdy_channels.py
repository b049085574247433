"""Channels as streams of one SPDY connection, each named by its `streamtype`.

    agree on a version --> 101 --> every stream asked for is there, within 30 s --> as any channels

Leaves the connection to `spdy/` and taking it over to `upgrades.py`.
Kubernetes: kubelet pkg/cri/streaming/remotecommand/httpstream.go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.api import upgrades
from minisets.api.channels import Sizes, status_text
from minisets.api.spdy.connection import SpdyConnection

if TYPE_CHECKING:
    from aiohttp import web

    from minisets.api.channels import Size, Wanted
    from minisets.api.spdy.connection import SpdyStream
    from minisets.engine.interface import OutputName
    from minisets.objects.kinds import Object

_STREAMS_AT_MOST = 8
_THERE_WITHIN = timedelta(seconds=30)
_LONGEST_SIZE = 1024


@dataclass(frozen=True)
class _Version:
    """is_json: the end is told as a Status. has_resize: a terminal has a stream for its sizes."""

    is_json: bool = False
    has_resize: bool = False


VERSIONS = {
    "v4.channel.k8s.io": _Version(is_json=True, has_resize=True),
    "v3.channel.k8s.io": _Version(has_resize=True),
    "v2.channel.k8s.io": _Version(),
    "channel.k8s.io": _Version(),
}


class SpdyChannels:
    """One client's; Forbidden where no version can be agreed on."""

    def __init__(self, request: web.BaseRequest, wanted: Wanted) -> None:
        self._request = request
        self._version = VERSIONS[upgrades.agreed(request, tuple(VERSIONS))]
        asked = {"error": True, "stdin": wanted.stdin, "stdout": wanted.stdout, "stderr": wanted.stderr}
        asked["resize"] = wanted.tty and self._version.has_resize
        self._asked = {name for name, is_asked in asked.items() if is_asked}
        self._streams: dict[str, SpdyStream] = {}
        self._sizes = Sizes()
        self._taken: upgrades.Taken | None = None
        self._has_parted = False

    @property
    def answer(self) -> web.StreamResponse:
        """The upgraded connection."""
        assert self._taken is not None  # noqa: S101 - asked for once it is open
        return self._taken.response

    async def open(self) -> None:
        """Say 101, and wait for the streams. ConnectionError: they did not come."""
        self._taken, _ = await upgrades.spdy(self._request, tuple(VERSIONS))
        self._connection = SpdyConnection(self._taken, streams_at_most=_STREAMS_AT_MOST)
        self._running = asyncio.create_task(self._connection.run())
        try:
            async with asyncio.timeout(_THERE_WITHIN.total_seconds()):
                while self._asked - self._streams.keys():
                    await self._accept()
        except TimeoutError:
            missing = ", ".join(sorted(self._asked - self._streams.keys()))
            raise ConnectionResetError(f"the client opened no stream for {missing}") from None

    async def _accept(self) -> None:
        stream = await self._connection.accept()
        if stream is None:
            raise ConnectionResetError("the client left before it had opened its streams")
        name = stream.headers.get("streamtype", "")
        if name in self._asked and name not in self._streams:
            self._streams[name] = stream
        else:
            await stream.reset()

    async def listen(self) -> None:
        """Until the client is gone; it has all the streams that it may have."""
        with suppress(ConnectionError):
            while True:
                await self._accept()

    async def read(self) -> bytes:
        """Some of the input; nothing at its end."""
        stdin = self._streams.get("stdin")
        return b"" if stdin is None else await stdin.read()

    async def resized(self) -> Size | None:
        """The terminal's next size; None: there will be none. They come as lines, however they are cut."""
        resize = self._streams.get("resize")
        cut = b""
        while self._sizes.is_empty:
            data = b"" if resize is None else await resize.read()
            if not data:
                return None
            *whole, cut = (cut + data)[-_LONGEST_SIZE:].split(b"\n")
            for line in whole:
                self._sizes.tell(line)
        return await self._sizes.next()

    async def write(self, output: OutputName, data: bytes) -> None:
        """Waits while the client takes nothing."""
        if (stream := self._streams.get(output)) is not None:
            await stream.write(data)

    async def finish(self, status: Object) -> None:
        """Tell how it ended, and wait until the client has heard it: then it hangs up.

        Why wait: what is on its way to a client is lost when we close while it still sends.
        """
        error = self._streams["error"]
        with suppress(ConnectionError):
            for output in self._streams.keys() & {"stdout", "stderr"}:
                await self._streams[output].end()
            await error.write(status_text(status, is_json=self._version.is_json))
            await error.end()
        for stream in self._streams.values():
            stream.drop()
        await self.listen()
        self._has_parted = True

    async def close(self) -> None:
        """Let go of the connection, with a farewell for who has parted, and of others at once.

        Why: a TLS transport waits half a minute for its client, and one that is closed twice meanwhile, as
        aiohttp does at the server's end, can be aborted no more.
        """
        if self._taken is None:
            return
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        if self._has_parted:
            await self._connection.close()
            return
        upgrades.abort(self._request.transport)
        await self._taken.close()
