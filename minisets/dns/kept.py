"""The last zone in a file: what a process 1 that was just started answers from.

Decides when the file is written, and that neither a missing nor a damaged one is a failure.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from minisets.dns.handover import LARGEST
from minisets.dns.zone import Zone

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


class KeptZone:
    """A zone at rest; without a file nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept: Zone | None = None

    def read(self) -> Zone | None:
        """The zone that was kept, or None."""
        if self._file is None:
            return None
        try:
            with self._file.open("rb") as file:
                self._kept = Zone.from_bytes(file.read(LARGEST + 1))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning(
                "the zone in %s is lost, a new one comes from the control plane: %s", self._file, error
            )
        return self._kept

    def keep(self, zone: Zone) -> None:
        """Replace the file in one step, for its owner only; a failure is logged.

        Why no fsync: after a crash of the machine a damaged file costs some seconds without names.
        """
        if self._file is None or zone == self._kept:
            return
        fresh = self._file.with_name(f".{self._file.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(zone.to_bytes())
            fresh.replace(self._file)
            self._kept = zone
        except OSError as error:
            _log.warning("the zone cannot be kept in %s: %s", self._file, error)
