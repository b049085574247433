"""What `growth.py` may decide: values, each with its cause. Leaves carrying them out to `growing.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.objects.metadata import name_of
from minisets.settings import node_name

if TYPE_CHECKING:
    from datetime import timedelta

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Make:
    """A node that is always there is not."""

    ordinal: int

    def __str__(self) -> str:
        return f"make {node_name(self.ordinal)}: it is always there"


@dataclass(frozen=True)
class Grow:
    """One more node, for these pods. size: how many there are then."""

    ordinal: int
    pods: tuple[Object, ...]
    size: int

    def __str__(self) -> str:
        names = ", ".join(map(name_of, self.pods))
        return f"make {node_name(self.ordinal)}: for {names}"


@dataclass(frozen=True)
class Tell:
    """Why no node is made for the pod."""

    pod: Object
    why: str

    def __str__(self) -> str:
        return f"tell {name_of(self.pod)}: {self.why}"


@dataclass(frozen=True)
class Mark:
    """No pod may come any more: it is about to go."""

    node: Object

    def __str__(self) -> str:
        return f"mark {name_of(self.node)}: it is empty"


@dataclass(frozen=True)
class Unmark:
    """It stays after all. is_taken: pods came in the meantime."""

    node: Object
    is_taken: bool

    def __str__(self) -> str:
        return f"unmark {name_of(self.node)}: it is {'taken' if self.is_taken else 'to stay'}"


@dataclass(frozen=True)
class Remove:
    """It is empty, and nothing comes any more."""

    node: Object

    def __str__(self) -> str:
        return f"remove {name_of(self.node)}: it is empty"


Action = Make | Grow | Tell | Mark | Unmark | Remove


@dataclass(frozen=True)
class Plan:
    """What to do now, and after which time to look again, if nothing happens before."""

    actions: tuple[Action, ...] = ()
    again: timedelta | None = None

    def __str__(self) -> str:
        return "\n".join(map(str, self.actions))
