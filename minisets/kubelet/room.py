"""What the controllers of volumes, copies and claims that are put back are handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Store


@dataclass(frozen=True)
class Room:
    """One cluster's store and engine, and how to write and tell."""

    store: Store
    registry: Registry
    engine: Engine
    recorder: Recorder
    clock: Clock
    settings: Settings
