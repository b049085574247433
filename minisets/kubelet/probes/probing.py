"""What probes amount to: when one is due, when results flip (A-111..A-114). Pure.

    startup: unknown -> passed | failed;  liveness: passed until failed;  readiness: failed until passed
    while startup is unknown the other two wait

Kubernetes: pkg/kubelet/prober/worker.go. Leaves running probes to `dialing.py`, when to `prober.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from minisets.kubelet.observe import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Kind = Literal["startup", "readiness", "liveness"]
KINDS: tuple[Kind, ...] = ("startup", "readiness", "liveness")


@dataclass(frozen=True)
class Target:
    """One probe of one running container; `ports`: by name; field_path: of the container in the spec."""

    container_id: str
    field_path: str
    kind: Kind
    probe: Mapping[str, Any]
    address: str
    ports: Mapping[str, int]
    started_at: datetime

    @property
    def period(self) -> timedelta:
        """Between two probes."""
        return timedelta(seconds=int(self.probe.get("periodSeconds") or 10))

    @property
    def timeout(self) -> timedelta:
        """For one probe."""
        return timedelta(seconds=int(self.probe.get("timeoutSeconds") or 1))

    def first_due(self, now: datetime) -> timedelta:
        """How long from now until the first probe: the delay counts from the container's start."""
        delay = timedelta(seconds=int(self.probe.get("initialDelaySeconds") or 0))
        return max(timedelta(0), self.started_at + delay - now)


@dataclass
class Tally:
    """The results of one probe so far. `passed` None: not decided yet."""

    successes_needed: int
    failures_needed: int
    passed: bool | None = None
    _run: int = 0
    _last: bool | None = None

    @classmethod
    def of(cls, target: Target) -> Tally:
        """For a target that was never probed."""
        probe = target.probe
        return cls(int(probe.get("successThreshold") or 1), int(probe.get("failureThreshold") or 3))

    def count(self, *, passed: bool) -> bool:
        """Add a result; whether the verdict flipped."""
        self._run = self._run + 1 if passed is self._last else 1
        self._last = passed
        needed = self.successes_needed if passed else self.failures_needed
        if self._run < needed or self.passed is passed:
            return False
        self.passed = passed
        return True


@dataclass
class Record:
    """All probes of one container."""

    tallies: dict[Kind, Tally] = field(default_factory=dict)

    def facts(self) -> Facts:
        """As the planner and the status read them."""
        startup, readiness, liveness = (self.tallies.get(kind) for kind in KINDS)
        failed = any(one is not None and one.passed is False for one in (startup, liveness))
        return Facts(
            started=None if startup is None else startup.passed,
            ready=None if readiness is None else readiness.passed,
            live=not failed if startup or liveness else None,
        )

    def is_due(self, kind: Kind) -> bool:
        """Whether a probe of that kind makes sense now: after a verdict of death, none does."""
        startup = self.tallies.get("startup")
        is_starting = startup is not None and startup.passed is not True
        if self.facts().live is False:
            return kind == "readiness" and not is_starting
        return is_starting == (kind == "startup")
