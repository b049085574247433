"""Asking the person before something is lost. Leaves to each command what it asks, and `--yes`."""

from __future__ import annotations

import click

from minisets.errors import MinisetsError


def ask(question: str, undone: str) -> None:
    """MinisetsError unless the answer is y; undone: what was not done then, as in `removed`."""
    try:
        agreed = click.confirm(question, default=False)
    except click.Abort:
        agreed = False
    if not agreed:
        raise MinisetsError(f"nothing was {undone}: answer y, or use --yes")
