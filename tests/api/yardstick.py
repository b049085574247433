"""What this machine takes for the least that a server of many watchers must do: to send each the same lines.

Measured in the run whose figures are to be judged: so many times that is as strict on a slow machine.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.cluster.credentials import Credentials

_LIKE_A_CONFIGMAP = "x" * 350


async def telling(credentials: Credentials, watchers: Callable[[int], list[str]], writes: int) -> float:
    """Seconds until the last of the watchers has heard of the last of the writes, which come all at once.

    watchers: the command that begins them, for a server at that port.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credentials.certificate, credentials.key)
    begun: list[asyncio.StreamWriter] = []

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        begun.append(writer)

    async with await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(*watchers(port), stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"watching\n"
        sent = time.time_ns()
        for number in range(1, writes + 1):
            line = _line(number, sent)
            for writer in begun:
                writer.write(line)
            await asyncio.sleep(0)
        said, _ = await process.communicate()
        for writer in begun:
            writer.transport.abort()
    return float(json.loads(said.splitlines()[-1])["max"])


def _line(number: int, sent: int) -> bytes:
    data = f'"data":{{"seq":"{number}","sent":"{sent}"}}'
    return f'{{"type":"MODIFIED","object":{{{data},"metadata":"{_LIKE_A_CONFIGMAP}"}}}}\n'.encode()
