"""Durations as they are typed."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|us|µs|ns|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def duration(context: click.Context, option: click.Parameter, text: str) -> timedelta:
    """Go's `1m30s`; seconds where there is no unit."""
    del context, option
    if re.fullmatch(r"\d+\.?\d*|\.\d+", text):
        text += "s"
    if not re.fullmatch(f"({_DURATION.pattern})+", text):
        raise click.BadParameter(f'"{text}" is no duration: write it as 30s or 1m30s')
    return timedelta(seconds=sum(float(count) * _UNITS[unit] for count, unit in _DURATION.findall(text)))
