"""How long ago, in the words of `kubectl get`. Pure.

Kubernetes: apimachinery pkg/util/duration `HumanDuration`, printers.go `translateTimestampSince`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import moment

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def since(stamp: str | None, now: datetime) -> str:
    """The age of an RFC 3339 stamp; `<unknown>` where there is none."""
    if not stamp:
        return "<unknown>"
    try:
        return duration(now - moment(stamp))
    except ValueError:
        return "<unknown>"


def duration(length: timedelta) -> str:
    """`90s`, `5m7s`, `3h5m`, `2d3h`, `1y20d`: the fewer digits, the longer it is."""
    seconds = int(length.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0)}s"
    if seconds < 10 * _MINUTE:
        return _two(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _two(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _two(seconds, _DAY, "d", _HOUR, "h")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    return _two(seconds, _YEAR, "y", _DAY, "d") if seconds < 8 * _YEAR else f"{seconds // _YEAR}y"


def _two(seconds: int, unit: int, letter: str, small: int, small_letter: str) -> str:
    rest = seconds % unit // small
    return f"{seconds // unit}{letter}{rest}{small_letter}" if rest else f"{seconds // unit}{letter}"
