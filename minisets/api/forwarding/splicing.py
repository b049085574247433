"""A client's connection and one to a pod made one: what comes in here goes out there, each way for itself.

    client --up--> pod, until the client says its end, or is gone      client <--down-- pod, until its end

Each side's end is passed on alone: a half-closed connection is one on both sides. Leaves where both come
from to `pairs.py`, `channels.py` and `dialling.py`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from minisets.api.forwarding.dialling import Reached


class Client(Protocol):
    """The client's side of one connection."""

    @property
    def is_gone(self) -> bool:
        """Whether it has broken off, where `read` came to an end."""

    async def read(self) -> bytes:
        """What has come; empty at the end."""

    async def write(self, data: bytes) -> None:
        """Waits while the client takes nothing; ConnectionError once it is gone."""

    async def end(self) -> None:
        """Nothing more is written; reading goes on."""

    async def reset(self) -> None:
        """It was broken off on the other side."""

    def drop(self) -> None:
        """Throw away what it sends from now on."""


async def splice(client: Client, pod: Reached) -> None:
    """Until both have ended, or broken off. NotReachedError: nobody was there."""
    up = asyncio.create_task(_up(client, pod))
    try:
        await _down(client, pod)
        await up
    finally:
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)


async def _up(client: Client, pod: Reached) -> None:
    try:
        while data := await client.read():
            await pod.write(data)
    except ConnectionError:
        client.drop()  # nobody takes it; what the pod still says is told
        return
    if client.is_gone:
        pod.abort()
    else:
        await pod.end()


async def _down(client: Client, pod: Reached) -> None:
    while True:
        try:
            data = await pod.read()
        except ConnectionError:
            await client.reset()
            return
        if not data:
            await client.end()
            return
        try:
            await client.write(data)
        except ConnectionError:
            pod.abort()
            return
