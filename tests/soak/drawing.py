"""Which operations there will be: drawn from one seed, whatever the cluster makes of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

WAITS = 0.65
"""How often the next operation waits until this one's work is done; else it comes amid it."""

PODS = {
    "delete pod": 5,
    "force delete pod": 4,
    "kill container": 3,
    "kill sandbox": 1,
    "delete claim": 2,
    "replace claim": 3,
}
SETS = {
    "scale": 6,
    "delete set, background": 2,
    "delete set, foreground": 2,
    "delete set, orphan": 2,
}
MACHINE = {"kill control plane": 3, "restart dockerd": 1, "kill dockerd": 1}
_REPLICAS = (0, 1, 2, 2, 3, 3)  # few pods make few surprises
KINDS = (*PODS, *SETS, "create set", *MACHINE)


@dataclass(frozen=True)
class Operation:
    """waits: for its work to be done before the next one."""

    kind: str
    waits: bool
    statefulset: str = ""
    ordinal: int = 0
    replicas: int = 0

    def __str__(self) -> str:
        subject = f"{self.statefulset}-{self.ordinal}" if self.kind in PODS else self.statefulset
        to = f" to {self.replicas}" if self.kind in ("scale", "create set") else ""
        return f"{self.kind} {subject}{to}".rstrip() + ("" if self.waits else ", not waited for")


def operations(random: Random, names: Iterable[str], count: int) -> Iterator[Operation]:
    """Most of the first ones make the sets; the last one is waited for."""
    replicas: dict[str, int | None] = dict.fromkeys(names)
    for number in range(count):
        waits = random.random() < WAITS or number == count - 1
        name = random.choice(list(replicas))
        before = replicas[name]
        kind = _kind(random, is_there=before is not None, is_early=number < 6)
        if kind in ("create set", "scale"):
            wanted = random.choice([each for each in _REPLICAS if each != before])
            replicas[name] = wanted
            yield Operation(kind, waits, name, replicas=wanted)
        elif kind in MACHINE:
            yield Operation(kind, waits)
        elif kind in SETS:
            replicas[name] = None
            yield Operation(kind, waits, name)
        else:
            yield Operation(kind, waits, name, random.randrange(before or 1))


def _kind(random: Random, *, is_there: bool, is_early: bool) -> str:
    if not is_there and (is_early or random.random() < 0.6):
        return "create set"
    weights = {**PODS, **MACHINE, **(SETS if is_there else {})}
    return random.choices(list(weights), list(weights.values()))[0]
