"""`cp`: files and directories from and to containers, by the `tar` that they have; kubectl's rules.

    files --pack, a thread--> pipe --feed--> tar -x    tar -c --wait--> pipe --unpack, a thread--> files

Nothing is held in memory: each pipe holds up who writes it. Leaves paths to `copy_paths.py`, archives to
`copy_archives.py`, and sessions to `client/streams.py`.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minisets.cli import copy_paths
from minisets.cli.copy_archives import Unpacker, pack
from minisets.cli.following import is_back
from minisets.cli.pod_containers import default_container, named_container
from minisets.cli.session import Session, note, with_session
from minisets.client import streams
from minisets.errors import ApiError, MinisetsError
from minisets.objects.kinds import Ref

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from _typeshed import ReadableBuffer

    from minisets.cli.copy_paths import Place

_FAREWELL = timedelta(seconds=2)
_NOISE = b"tar: removing leading"
_LONGEST = 16 * 1024


@click.command()
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DEST")
@click.option("-c", "--container", default="", help="Container (default: the pod's default one).")
@click.option("--no-preserve", is_flag=True, help="In the container, neither owner nor permissions of here.")
@click.option("--retries", default=0, help="From a container: how often to go on after a cut; -1: always.")
@with_session
def cp(
    session: Session, source: str, destination: str, container: str, retries: int, *, no_preserve: bool
) -> None:
    """Copy files and directories from and to containers: one of both is [NAMESPACE/]POD:PATH."""
    here, there = (copy_paths.place(text, session.namespace) for text in (source, destination))
    copy_paths.refuse_both_ends(here, there)
    copier = _Copier(session, here if here.pod else there, container)
    if here.pod:
        copier.fetch(Path(there.path), retries)
    else:
        copier.send(Path(here.path), preserve=not no_preserve)


class _Copier:
    """One copy, from or to one place in a container."""

    def __init__(self, session: Session, remote: Place, container: str) -> None:
        self._session = session
        self._remote = remote
        self._access = session.access()
        self._client = session.client(self._access)
        pod = self._client.read(Ref("Pod", remote.namespace, remote.pod))
        name, said = default_container(pod)
        if container:
            name, said = named_container(pod, container), ""
        if said:
            note(said)
        self._container = name

    # --- to the container ---

    def send(self, source: Path, *, preserve: bool) -> None:
        """Copy a file or directory of ours: into a directory that is there, else to this name."""
        if not os.path.lexists(source):
            raise MinisetsError(f"{source} doesn't exist in local filesystem")
        path = self._remote.path
        if self._is_directory(path):
            path = copy_paths.put_into(path, str(source))
        command, name = copy_paths.unpacking(path, preserve=preserve)
        running, said = self._run(command, stdin=True), _Said()
        reading, writing = os.pipe()
        packing = _Beside("minisets-pack", lambda: _pack(source, name, writing))
        feeding = running.feed(lambda size: os.read(reading, size))
        try:
            code = running.wait(said, said)
        finally:
            feeding.join(_FAREWELL.total_seconds())
            os.close(reading)  # who packs for nobody ends
            error = packing.error()
        self._end(code, said, error)

    def _is_directory(self, path: str) -> bool:
        nowhere = io.BytesIO()
        return self._run(("test", "-d", path)).wait(nowhere, nowhere) == 0

    # --- from the container ---

    def fetch(self, destination: Path, retries: int) -> None:
        """Copy a file or directory of the container's to this name; a file into a directory that is there."""
        unpacker, said = Unpacker(destination, copy_paths.in_archive(self._remote.path), note), _Said()
        reading, writing = os.pipe()
        unpacking = _Beside("minisets-unpack", lambda: _unpack(unpacker, reading))
        code: int | None = None
        try:
            code = self._receive(_Counted(writing), said, retries)
        finally:
            os.close(writing)  # who unpacks has everything
            error = unpacking.error()
            if (code != 0 or error) and unpacker.written:
                note(f"the copy in {destination} is not whole: {unpacker.written} of its files are there")
        self._end(code, said, error)

    def _receive(self, sink: _Counted, said: BinaryIO, retries: int) -> int:
        """The command's exit code; a session that is cut is gone on with, that many times."""
        tried = 0
        while True:
            command = copy_paths.packing(self._remote.path, sink.size)
            try:
                return self._run(command).wait(sink, said)
            except BrokenPipeError:
                return 0  # who unpacks has given up, and says why
            except ApiError:
                raise
            except MinisetsError:
                if tried == retries or not is_back(self._client, self._session.clock):
                    raise
            tried += 1
            note(f"Resuming copy at {sink.size} bytes, retry {tried}/{retries}")

    # --- both ---

    def _run(self, command: tuple[str, ...], *, stdin: bool = False) -> streams.Session:
        where = streams.Command(self._remote.namespace, self._remote.pod, command, self._container)
        return streams.run(self._access, where, stdin=stdin)

    def _end(self, code: int, said: _Said, error: Exception | None) -> None:
        """Say what went wrong, if something did: our exit code is the command's."""
        if copy_paths.is_no_tar(code):
            note(
                f"Error: no tar runs in container {self._container} of pod {self._remote.pod} (exit code "
                f"{code}): minisets cp needs one there, as kubectl cp does; "
                f"`minisets{self._session.flags} exec {self._remote.pod} -- cat FILE` may do for a file"
            )
            raise SystemExit(code)
        if text := said.text():
            note(text)
        if error is not None and code == 0:
            raise error
        if code:
            note(f"Error: tar in the container terminated with exit code {code}")
            raise SystemExit(code)


def _pack(source: Path, name: str, writing: int) -> None:
    # Why suppressed: who has read enough, or cannot read it, says so by its exit code.
    with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as sink:
        pack(source, name, sink, note)


def _unpack(unpacker: Unpacker, reading: int) -> None:
    with os.fdopen(reading, "rb", buffering=0) as source:
        unpacker.unpack(source)


class _Beside:
    """Something that is done on a thread, and how it failed."""

    def __init__(self, name: str, do: Callable[[], None]) -> None:
        self._do = do
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._do()
        except Exception as error:  # noqa: BLE001 - who waits for it raises it
            self._error = error

    def error(self) -> Exception | None:
        """Once it has ended."""
        self._thread.join()
        return self._error


class _Counted(io.BytesIO):
    """What is written goes into a pipe, and is counted."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self._pipe = pipe
        self.size = 0

    def write(self, data: ReadableBuffer) -> int:
        """All of it, waiting for room."""
        left = memoryview(data).cast("B")
        while left:
            written = os.write(self._pipe, left)
            self.size += written
            left = left[written:]
        return self.size


class _Said(io.BytesIO):
    """What tar says, as far as anybody would read it, and without what it always says."""

    def write(self, data: ReadableBuffer) -> int:
        """What is said once there is enough is dropped."""
        return super().write(data) if self.tell() < _LONGEST else 0

    def text(self) -> str:
        """Its lines."""
        lines = (line for line in self.getvalue().splitlines() if not line.lower().startswith(_NOISE))
        return b"\n".join(lines).decode(errors="replace")
