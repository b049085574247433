"""The server's life, from outside: start it, wait until it answers, find it, stop it.

Decides nothing about workloads. Every wait has a deadline; what went wrong is said in one line
with the end of the server's own log.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.client.requests import ApiClient
from minisets.cluster import endpoint
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.client.access import Access
    from minisets.clock import Clock
    from minisets.cluster.places import Places
    from minisets.settings import Settings

START_WITHIN = timedelta(seconds=30)
STOP_WITHIN = timedelta(seconds=30)
_PAUSE = timedelta(milliseconds=25)


class NotRunning(MinisetsError):
    """No server runs for the cluster."""


def running(places: Places) -> Access:
    """How to reach the server that runs; NotRunning, saying what to type, if none does."""
    found = endpoint.access(places) if endpoint.serving(places) else None
    if found is None:
        option = "" if places.cluster == "minisets" else f" --cluster {places.cluster}"
        raise NotRunning(
            f'no server runs for cluster "{places.cluster}": start it with `minisets{option} up -f FILE`'
        )
    return found


def ensure(places: Places, settings: Settings, clock: Clock, sleep: Callable[[timedelta], None]) -> Access:
    """How to reach the server, which is started if it does not run."""
    try:
        return running(places)
    except NotRunning:
        return _start(places, settings, clock, sleep)


def _start(places: Places, settings: Settings, clock: Clock, sleep: Callable[[timedelta], None]) -> Access:
    process, began = _launched(places, settings)
    deadline = clock.elapsed() + START_WITHIN
    while clock.elapsed() < deadline:
        found = endpoint.access(places) if endpoint.serving(places) else None
        if found is not None and _answers(found):
            return found
        if process.poll() is not None:
            if endpoint.has_the_lock(places) not in (None, process.pid):
                # Why: two `up` at once; the other one's server won the lock, and will serve soon: use that.
                sleep(_PAUSE)
                continue
            raise MinisetsError(f"the server did not start: {_last_line(places, began)}")
        sleep(_PAUSE)
    process.terminate()
    raise MinisetsError(f"the server did not answer within {START_WITHIN.seconds} s: see {places.log}")


def _launched(places: Places, settings: Settings) -> tuple[subprocess.Popen[bytes], int]:
    """The server's process, which outlives this one, and where in the log its words begin."""
    try:
        places.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with places.log.open("ab") as log:
            began = log.tell()
            process = subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
                [sys.executable, "-m", "minisets", "daemon", *settings.to_argv()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
    except OSError as error:
        raise MinisetsError(
            f"the state in {places.state} cannot be kept ({error.strerror}): make that directory writable"
        ) from error
    return process, began


def _answers(access: Access) -> bool:
    client = ApiClient(access)
    try:
        return client.is_ready()
    finally:
        client.close()


def _last_line(places: Places, began: int) -> str:
    with places.log.open("rb") as log:
        log.seek(began)
        lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else f"it said nothing; see {places.log}"


def stop(places: Places, clock: Clock, sleep: Callable[[timedelta], None]) -> bool:
    """End the server with SIGTERM and wait until its process is gone; False if none ran. Pods run on."""
    found = endpoint.serving(places)
    if found is None:
        return False
    try:
        os.kill(found.pid, signal.SIGTERM)
    except ProcessLookupError:
        return True  # it ended by itself, just now
    except PermissionError as error:
        raise MinisetsError(
            f"the server (process {found.pid}) is another user's: run the command as that user"
        ) from error
    deadline = clock.elapsed() + STOP_WITHIN
    while endpoint.is_alive(found):
        if clock.elapsed() > deadline:
            raise MinisetsError(
                f"the server (process {found.pid}) does not end: see {places.log}, then `kill {found.pid}`"
            )
        sleep(_PAUSE)
    return True
