"""Many watchers in a process of their own, so that they are not measured with the server.

    python -m tests.api.watchers PORT AUTHORITY TOKEN PATH COUNT EVENTS

Says `watching` once all watch, `heard 25` (50, 75, ...) once all have heard of that write, then a JSON line:
how many events each saw, in order or not, and how late.
"""

import asyncio
import json
import re
import ssl
import statistics
import sys
import time

STEP = 25
_STAMPS = re.compile(rb'"seq":"(\d+)","sent":"(\d+)"')


class Progress:
    """Tells how far the last of so many watchers is."""

    def __init__(self, watchers: int) -> None:
        self._watchers = watchers
        self._seen: dict[int, int] = {}

    def saw(self, number: int) -> None:
        if number % STEP:
            return
        self._seen[number] = self._seen.get(number, 0) + 1
        if self._seen[number] == self._watchers:
            say(f"heard {number}")


async def watch(
    port: int, context: ssl.SSLContext, request: bytes, events: int, begun: asyncio.Semaphore, far: Progress
) -> tuple[int, list[float]]:
    """The number of events missed or out of order, and the delays in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(request)
    await reader.readuntil(b"\r\n\r\n")
    begun.release()
    wrong, due, delays = 0, 1, list[float]()
    while due <= events:
        line = await reader.readuntil(b"\n")
        if found := _STAMPS.search(line):
            number, sent = int(found[1]), int(found[2])
            delays.append((time.time_ns() - sent) / 1e9)
            wrong += number != due
            due = number + 1
            far.saw(number)
    writer.transport.abort()
    return wrong, delays


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(port: str, authority: str, token: str, path: str, count: str, events: str) -> None:
    context = ssl.create_default_context(cafile=authority)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    begun, far = asyncio.Semaphore(0), Progress(int(count))
    watches = [
        asyncio.create_task(watch(int(port), context, head.encode(), int(events), begun, far))
        for _ in range(int(count))
    ]
    for _ in watches:
        await begun.acquire()
    say("watching")
    async with asyncio.timeout(300):
        seen = await asyncio.gather(*watches)
    delays = sorted(delay for _, some in seen for delay in some)
    figures = {
        "watchers": len(seen),
        "events": [len(some) for _, some in seen],
        "wrong": sum(wrong for wrong, _ in seen),
        "median": delays[len(delays) // 2],
        "p99": delays[len(delays) * 99 // 100],
        "max": delays[-1],
        "slowest": max(statistics.median(some) for _, some in seen),
    }
    say(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
