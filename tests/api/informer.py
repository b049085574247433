"""An informer, as client-go has it: list, watch from there, go on after a cut, list again after 410.

With `streaming` the list comes as a watch's initial events. What it knows must be what a list shows.
Kubernetes: client-go tools/cache/reflector.go.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.serving import Client, Json


PAUSE = 0.1
"""Seconds; client-go waits longer."""


class Gone(Exception):
    """The version is no longer held: begin anew."""


class Informer:
    """Follows a collection in a thread until told to stop; `cut` breaks its connection at any moment."""

    def __init__(self, client: Client, path: str, *, streaming: bool) -> None:
        self._client = client
        self._path = path
        self._streaming = streaming
        self._version = ""
        self._sock: socket.socket | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="informer")
        self.known: dict[str, Json] = {}
        self.told: list[str] = []
        """`list`, `watch` and the types of events, in order: what it went through."""
        self.failure: Exception | None = None

    def start(self) -> Informer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self.cut()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def cut(self) -> None:
        """Break the connection under it, as a network does."""
        if (sock := self._sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    if not self._version:
                        self._begin()
                    self._watch(f"resourceVersion={self._version}&allowWatchBookmarks=true", self._heed)
                except Gone:
                    self._version = ""
                except (OSError, http.client.HTTPException):
                    self._stopped.wait(PAUSE)  # cut: go on from the last version, but not at once
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.failure = error

    def _begin(self) -> None:
        self.told.append("list")
        if not self._streaming:
            listed = json.loads(self._ask("").read())
            self.known = {item["metadata"]["name"]: item for item in listed["items"]}
            self._version = listed["metadata"]["resourceVersion"]
            return
        fresh: dict[str, Json] = {}

        def gather(event: Json) -> bool:
            metadata = event["object"]["metadata"]
            if event["type"] != "BOOKMARK":
                fresh[metadata["name"]] = event["object"]
                return False
            assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
            self.known, self._version = fresh, metadata["resourceVersion"]
            return True

        self._watch(
            "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan", gather
        )

    def _watch(self, query: str, heed: Callable[[Json], bool]) -> None:
        self.told.append("watch")
        response = self._ask(f"?watch=true&timeoutSeconds=30&{query}")
        while line := response.readline():
            event = json.loads(line)
            if event["type"] == "ERROR":
                assert event["object"]["code"] == 410, event
                raise Gone
            if heed(event):
                return
        raise ConnectionResetError("the watch has ended")

    def _heed(self, event: Json) -> bool:
        obj, type_ = event["object"], event["type"]
        name, version = obj["metadata"].get("name", ""), obj["metadata"]["resourceVersion"]
        assert int(version) >= int(self._version), "an event of the past"
        self.told.append(type_)
        match type_:
            case "ADDED":
                assert name not in self.known, f"{name} was added twice"
                self.known[name] = obj
            case "MODIFIED":
                assert name in self.known, f"{name} was changed before it was there"
                self.known[name] = obj
            case "DELETED":
                del self.known[name]
        self._version = version
        return False

    def _ask(self, query: str) -> http.client.HTTPResponse:
        if self._sock is not None:
            self._sock.close()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._client.port, context=self._client.context, timeout=20
        )
        connection.connect()
        self._sock = connection.sock
        if self._stopped.is_set():
            raise OSError("stopped")
        connection.request("GET", self._path + query, headers=self._client.headers(None, token=""))
        response = connection.getresponse()
        if response.status == 410:
            raise Gone
        assert response.status == 200, response.read()
        return response

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
