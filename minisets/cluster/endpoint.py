"""Where a cluster's API is reached: the port that is kept, the process that serves, the kubeconfig.

Files of one person, 0600, replaced whole. Leaves keys to `credentials.py`.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minisets.client.access import Access, access_in, kubeconfig
from minisets.cluster.engine import mark
from minisets.cluster.private import write_private
from minisets.errors import MinisetsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.cluster.places import Places


_HIGHEST = 65535


@dataclass(frozen=True)
class Serving:
    """Which process serves the cluster: its id and start time (in clock ticks), as the kernel has it."""

    pid: int
    started: int


def kept_port(places: Places, host: str) -> int:
    """The port of last time if it is free, else a free one, which is kept from now on."""
    try:
        kept = int(places.port.read_text())
    except (OSError, ValueError):
        kept = 0
    port = free_port(host, kept)
    if port != kept:
        write_private(places.port, f"{port}\n")
    return port


def free_port(host: str, wanted: int = 0) -> int:
    """The wanted port if nobody listens there, else a free one. UsageError: not this machine's address."""
    if 0 < wanted <= _HIGHEST and _is_free(host, wanted):
        return wanted
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise UsageError(
                f"the server cannot listen on {host} ({error.strerror or error}): "
                "use an IPv4 address of this machine"
            ) from error
        return int(probe.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def announce(places: Places, access: Access, notices: Sequence[str] = (), state: Path | None = None) -> None:
    """Write the kubeconfig, which process serves (this one), and what a person should know of it.

    state: where its state lies, if not at its place.
    """
    write_kubeconfig(places, access)
    said = {
        "pid": os.getpid(),
        "started": _start_of(os.getpid()),
        "notices": list(notices),
        "state": str((state or places.state).absolute()),
    }
    write_private(places.process, json.dumps(said) + "\n")


def state_of(places: Places) -> Path:
    """Where the process that serves has its state."""
    try:
        return Path(str(json.loads(places.process.read_text())["state"]))
    except (OSError, ValueError, LookupError, TypeError):
        return places.state


def write_kubeconfig(places: Places, access: Access) -> None:
    """Our kubeconfig of the cluster, for its owner's eyes."""
    places.kubeconfig.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(places.kubeconfig, kubeconfig(access, places.cluster))


def change(file: Path, edit: Callable[[str], str | None]) -> None:
    """Change a kubeconfig that is a person's own, in one step; a link stays one. None: leave it as it is."""
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = edit(target.read_text() if target.exists() else "")
        if text is not None:
            write_private(target, text)
    except OSError as error:
        raise MinisetsError(f"{file} cannot be changed ({error.strerror}): make it writable") from error
    except UnicodeDecodeError as error:
        raise MinisetsError(f"{file} is no text and stays as it is: mend or move it") from error


@contextmanager
def written_down(places: Places) -> Iterator[Callable[[Access], None]]:
    """What writes down that the cluster is on Docker, and how it is reached, once a server is there.

    Entering sees that it can be written: MinisetsError says so before anything is started. Where nothing is
    started after all, nothing is left.
    """
    try:
        for folder in (places.state, places.kubeconfig.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MinisetsError(
            f"{error.filename or places.state} cannot be written ({error.strerror}): it is to hold the "
            "cluster's kubeconfig; make it writable, or name another folder by MINISETS_HOME"
        ) from error

    def write(access: Access) -> None:
        mark(places, "docker")
        write_kubeconfig(places, access)

    try:
        yield write
    finally:
        for folder in (places.state, places.kubeconfig.parent):
            with suppress(OSError):
                folder.rmdir()  # Why: goes only where it is empty


def withdraw(places: Places) -> None:
    """This process serves no longer; the kubeconfig stays, for the next one has the same keys."""
    places.process.unlink(missing_ok=True)


def serving(places: Places) -> Serving | None:
    """The process that serves the cluster, if it lives: a reused process id does not count."""
    try:
        said = json.loads(places.process.read_text())
        found = Serving(int(said["pid"]), int(said["started"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if is_alive(found) else None


def notices(places: Places) -> tuple[str, ...]:
    """What a person should know of the process that serves; nothing where none does."""
    if serving(places) is None:
        return ()
    try:
        return tuple(map(str, json.loads(places.process.read_text())["notices"]))
    except (OSError, ValueError, LookupError, TypeError):
        return ()


def is_alive(process: Serving) -> bool:
    """Whether that very process is there; it may be on its way out, and serve no more."""
    return _start_of(process.pid) == process.started >= 0


def _start_of(pid: int) -> int:
    """When the process started, in clock ticks since boot; -1 if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return -1
    state, *fields = text.rpartition(")")[2].split()
    return -1 if state == "Z" else int(fields[18])


def access(places: Places) -> Access | None:
    """What our kubeconfig says, or None if there is none."""
    try:
        text = places.kubeconfig.read_text(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MinisetsError(
            f"{places.kubeconfig} cannot be read ({error.strerror}): it belongs to whoever started the server"
        ) from error
    return access_in(text, str(places.kubeconfig))
