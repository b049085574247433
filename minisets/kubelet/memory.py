"""What a kubelet remembers between two looks at a pod, and a new one can do without.

When a container's end began and when it was asked to stop (it is asked again), how its hooks went (they are
run again), why one could not be made (it is tried again), how often a sandbox failed, what a container said
at its end (it is read, or was reported), whether its memory ran out (that was reported).
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.kubelet.observe import Facts, HookRun

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.kubelet.observe import Hook


# Why: what is removed after a failure is an event, and an event is a reason to look again at once.
_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=1)


class Memory:
    """Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stops: dict[str, datetime] = {}
        self._endings: dict[str, datetime] = {}
        self._hooks: dict[str, dict[Hook, HookRun]] = {}
        self._messages: dict[str, str] = {}
        self._ran_out: dict[str, bool] = {}
        self._written: dict[str, dict[str, str]] = {}
        self._pod_endings: dict[str, datetime] = {}
        self._waiting: dict[str, dict[str, tuple[str, str]]] = {}
        self._sandbox_failures: dict[str, tuple[int, datetime]] = {}
        self._of_containers: tuple[dict[str, Any], ...] = (
            self._stops,
            self._endings,
            self._hooks,
            self._messages,
            self._ran_out,
            self._written,
        )

    def facts(self, container_id: str) -> Facts:
        """What is remembered of a container; a hook that sleeps is over when its time is."""
        with self._lock:
            hooks = self._hooks.get(container_id, {})
            return Facts(
                ending_since=self._endings.get(container_id),
                stop_sent=self._stops.get(container_id),
                ran_out=self._ran_out.get(container_id, False),
                post_start=self._as_it_is_now(hooks.get("postStart")),
                pre_stop=self._as_it_is_now(hooks.get("preStop")),
            )

    def _as_it_is_now(self, run: HookRun | None) -> HookRun | None:
        is_over = run is not None and run.over_at is not None and run.over_at <= self._clock.now()
        return HookRun(passed=True) if is_over else run

    def end_begins(self, container_id: str) -> bool:
        """Its grace counts from now, the first time; whether this is it."""
        with self._lock:
            is_first = container_id not in self._endings
            self._endings.setdefault(container_id, self._clock.now())
            return is_first

    def stop_was_sent(self, container_id: str) -> None:
        """It was asked now; the first time counts."""
        with self._lock:
            self._stops.setdefault(container_id, self._clock.now())
            self._endings.setdefault(container_id, self._clock.now())

    def ran_out(self, container_id: str) -> None:
        """The engine said that its memory did, maybe after it told its end."""
        with self._lock:
            self._ran_out[container_id] = True

    def hook_begins(self, container_id: str, hook: Hook, sleep: timedelta | None = None) -> None:
        """It goes on; for so long, if it does nothing else."""
        over_at = None if sleep is None else self._clock.now() + sleep
        with self._lock:
            self._hooks.setdefault(container_id, {})[hook] = HookRun(over_at=over_at)

    def is_hook_wanted(self, container_id: str, hook: Hook) -> bool:
        """Whether it was begun, of a container that is still there."""
        with self._lock:
            return hook in self._hooks.get(container_id, {})

    def hook_ended(self, container_id: str, hook: Hook, *, passed: bool) -> None:
        """How it went; of a container that was forgotten meanwhile, nobody wants to know."""
        with self._lock:
            if container_id in self._hooks:
                self._hooks[container_id][hook] = HookRun(passed)

    def pod_ends(self, uid: str) -> datetime:
        """Since when it is known that the pod has come to its end: since now, the first time."""
        with self._lock:
            return self._pod_endings.setdefault(uid, self._clock.now())

    def message_of(self, container_id: str) -> str | None:
        """What it said at its end, or None if nobody has looked."""
        with self._lock:
            return self._messages.get(container_id)

    def keep_message(self, container_id: str, message: str) -> None:
        """That is what it said."""
        with self._lock:
            self._messages[container_id] = message

    def wrote(self, sandbox_id: str, volume: str, what: str) -> None:
        """What a volume shows since now, seen through that sandbox."""
        with self._lock:
            self._written.setdefault(sandbox_id, {})[volume] = what

    def written(self, sandbox_id: str, volume: str) -> str | None:
        """What it showed last, or None if nobody has looked."""
        with self._lock:
            return self._written.get(sandbox_id, {}).get(volume)

    def forget(self, container_id: str) -> None:
        """The container is gone."""
        with self._lock:
            for remembered in self._of_containers:
                remembered.pop(container_id, None)

    def forget_all_but(self, container_ids: Collection[str]) -> None:
        """Those that somebody else removed are forgotten too."""
        with self._lock:
            for remembered in self._of_containers:
                for gone in remembered.keys() - container_ids:
                    del remembered[gone]

    def wait(self, uid: str, container: str, reason: str, message: str) -> None:
        """Why the pod's container cannot be made."""
        with self._lock:
            self._waiting.setdefault(uid, {})[container] = (reason, message)

    def wait_no_more(self, uid: str, container: str) -> None:
        """It can be made after all."""
        with self._lock:
            self._waiting.get(uid, {}).pop(container, None)

    def waiting(self, uid: str) -> Mapping[str, tuple[str, str]]:
        """Container -> (reason, message)."""
        with self._lock:
            return dict(self._waiting.get(uid, {}))

    def sandbox_failed(self, uid: str) -> None:
        """The engine could not make or start the pod's sandbox, once more."""
        with self._lock:
            failures = self._sandbox_failures.get(uid, (0, None))[0] + 1
            # Why the inner min: 2 ** failures of a pod that has failed for an hour would not fit a timedelta.
            delay = min(_FIRST_RETRY * 2 ** min(failures - 1, 6), _LONGEST_RETRY)
            self._sandbox_failures[uid] = (failures, self._clock.now() + delay)

    def sandbox_started(self, uid: str) -> None:
        """It could, after all."""
        with self._lock:
            self._sandbox_failures.pop(uid, None)

    def sandbox_again_at(self, uid: str) -> datetime | None:
        """When it is to be tried again, if it failed."""
        with self._lock:
            return self._sandbox_failures.get(uid, (0, None))[1]

    def forget_pod(self, uid: str) -> None:
        """The pod is gone."""
        with self._lock:
            self._sandbox_failures.pop(uid, None)
            self._waiting.pop(uid, None)
            self._pod_endings.pop(uid, None)
