"""What must happen so that a cluster's control container serves: a pure decision on what is there.

    container   running | restarting  --> USE; REPLACE by `up` of another minisets; CREATE if off its network
                created | exited ...  --> CREATE anew (its port may be taken, its network gone); state stays
                none, network there   --> CREATE: somebody removed it; `down` removes the network too
                none, no network      --> NOTHING runs; `up` alone creates

Leaves doing it to `control.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from minisets.store.sqlite import SCHEMA

if TYPE_CHECKING:
    from minisets.cluster.container import Inspected

_ALIVE = ("running", "restarting")


@dataclass(frozen=True)
class Step:
    """What to do, and why, as a person may be told; refuse: `cause` is the whole message."""

    what: Literal["use", "create", "replace", "nothing", "refuse"]
    cause: str = ""


def next_step(cluster: str, found: Inspected | None, *, has_network: bool, wanted: str | None) -> Step:
    """wanted: the content that must serve (`up`); None: whatever serves, or served last, is fine."""
    if found is None:
        if not has_network and wanted is None:
            return Step("nothing")
        return Step("create", "its container was gone" if has_network else "")
    if found.state == "paused":
        return Step(
            "refuse", f"the control container is paused: `docker unpause {cluster}`, then type the same again"
        )
    if wanted not in (None, found.content) and found.schema > SCHEMA:
        return Step(
            "refuse",
            f'cluster "{cluster}" is served by a newer minisets, whose state this one cannot read: upgrade '
            "minisets here, or use another name: --cluster NAME",
        )
    if found.state in _ALIVE:
        if not has_network:
            return Step("create", "its network was gone")
        if not found.is_connected:
            return Step("create", "it was cut off its network")
        if wanted is None or found.content == wanted:
            return Step("use")
        return Step("replace", "it was of another minisets")
    return Step("create", _how_it_ended(found))


def _how_it_ended(found: Inspected) -> str:
    if found.state == "created":
        return (
            f"its container could not be started ({found.error})"
            if found.error
            else "its start was broken off"
        )
    if found.error:
        return f"its container had ended ({found.error})"
    return f"its container had ended with code {found.exit_code}"
