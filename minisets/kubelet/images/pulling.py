"""Whether a container's image is here, and fetching it in a lane of its own (A-118).

    wanted -> pulling -> ready | failed -> backoff -> wanted ...        never, invalid: no pull can help

What was pulled for a container's start is remembered in memory only: a new kubelet asks again.
Differs: where Always finds no registry that answers, a local image will do, with a Warning (DESIGN 13).
"""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from minisets.errors import EngineError
from minisets.kubelet import backoff
from minisets.kubelet.images.logins import logins_for, pull_secrets
from minisets.kubelet.observe import ImageState
from minisets.objects.metadata import key_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.kubelet.containers import Wanted
    from minisets.kubelet.lanes import Lane
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder

PROGRESS_EVERY = timedelta(seconds=1)
_SHOWN_AS_ERROR = timedelta(seconds=2)  # ErrImagePull, before it turns into ImagePullBackOff
_ASK_AGAIN = timedelta(seconds=30)
_NAME = re.compile(
    r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[\w][\w.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?"
)

Key = tuple[str, str]  # pod uid, container


@dataclass(frozen=True)
class _Pull:
    """One container's pull: for which restart, how it stands, how often it failed."""

    restart: int
    state: ImageState
    failures: int = 0
    failed_at: datetime | None = None


class Images:
    """Images for containers; `wake` is told the pod's key whenever one of its images got further."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        clock: Clock,
        recorder: Recorder,
        reader: Reader,
        logins: Path,
        wake: Callable[[str], None],
    ) -> None:
        """logins: the node's own, in a file of Docker's form that may come and change at any time."""
        self._engine = engine
        self._reader = reader
        self._logins = logins
        self._lane = lane
        self._clock = clock
        self._recorder = recorder
        self._wake = wake
        self._lock = threading.Lock()
        self._pulls: dict[Key, _Pull] = {}

    def state(self, pod: Object, one: Wanted, restart: int) -> ImageState:
        """How far the image for that start of the container is."""
        image = str(one.spec.get("image") or "")
        if not _NAME.fullmatch(image):
            return ImageState(
                "invalid", f'Failed to apply default image tag "{image}": invalid reference format'
            )
        policy = one.spec.get("imagePullPolicy")
        pull = self._pull_of(pod, one)
        if pull is not None and pull.failed_at is not None and policy != "Always" and self._has_local(image):
            self._forget(
                pod, one
            )  # Kubernetes: EnsureImageExists looks before each try: it was loaded or built
            return ImageState("ready")
        if pull is not None and (pull.state.state != "ready" or pull.restart == restart):
            return self._as_of_now(pull, image)
        if policy != "Always" and self._engine.inspect_image(image) is not None:
            return ImageState("ready")
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            return ImageState("never", message, self._clock.now() + _ASK_AGAIN)
        return ImageState("wanted")

    def request(self, pod: Object, one: Wanted, restart: int) -> None:
        """Fetch it in the lane, unless that is under way."""
        key = (uid_of(pod), one.name)
        image = str(one.spec["image"])
        with self._lock:
            old = self._pulls.get(key)
            if old is not None and old.state.state == "pulling":
                return
            failures = old.failures if old else 0
            pulling = ImageState("pulling", f'Pulling image "{image}"')
            self._pulls[key] = _Pull(restart, pulling, failures)
        self._tell(pod, one, "Normal", "Pulling", f'Pulling image "{image}"')
        self._lane.submit(lambda: self._fetch(pod, one, key, image))

    def was_pulled_for(self, pod: Object, one: Wanted, restart: int) -> bool:
        """Whether that start of the container had to fetch its image."""
        pull = self._pull_of(pod, one)
        return pull is not None and pull.restart == restart

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        with self._lock:
            for key in [key for key in self._pulls if key[0] == uid]:
                del self._pulls[key]

    def _forget(self, pod: Object, one: Wanted) -> None:
        with self._lock:
            self._pulls.pop((uid_of(pod), one.name), None)

    def _pull_of(self, pod: Object, one: Wanted) -> _Pull | None:
        with self._lock:
            return self._pulls.get((uid_of(pod), one.name))

    def _as_of_now(self, pull: _Pull, image: str) -> ImageState:
        """A failure is shown as such for a moment, then as back-off, then the image is wanted again."""
        if pull.failed_at is None:
            return pull.state
        shown = pull.failed_at + _SHOWN_AS_ERROR
        if self._clock.now() < shown:
            return replace(pull.state, again=shown)
        said = f'Back-off pulling image "{image}": ErrImagePull: {pull.state.message}'
        return ImageState("backoff", said, _retry_at(pull.failed_at, pull))

    def _fetch(self, pod: Object, one: Wanted, key: Key, image: str) -> None:
        """The job: pull, telling how far it is; whatever happens, the outcome is on record and told."""
        began, told = self._clock.elapsed(), self._clock.elapsed()
        try:
            for line in self._pull(pod, image):
                if self._clock.elapsed() - told >= PROGRESS_EVERY:
                    told = self._clock.elapsed()
                    self._note(key, ImageState("pulling", f'Pulling image "{image}": {line}'))
                    self._wake(key_of(pod))
        except Exception as error:  # noqa: BLE001 - a pull that nobody ends would stand as `pulling` for ever
            self._failed(pod, one, key, image, error)
        else:
            took = (self._clock.elapsed() - began).total_seconds()
            self._note(key, ImageState("ready"))
            self._tell(pod, one, "Normal", "Pulled", f'Successfully pulled image "{image}" in {took:.3g}s')
        self._wake(key_of(pod))

    def _pull(self, pod: Object, image: str) -> Iterator[str]:
        """With each login that the pod's secrets have for the image, until one is let in."""
        secrets, missing = pull_secrets(pod, self._reader)
        if missing:
            said = (
                f"Unable to retrieve some image pull secrets ({', '.join(missing)}); "
                "attempting to pull the image may not succeed."
            )
            self._recorder.record(pod, "Warning", "FailedToRetrieveImagePullSecret", said)
        *first, last = logins_for(image, secrets, self._of_node()) or (None,)
        for login in first:
            with suppress(EngineError):
                yield from self._engine.pull_image(image, login)
                return
        yield from self._engine.pull_image(image, last)

    def _of_node(self) -> bytes:
        try:
            return self._logins.read_bytes()
        except OSError:
            return b""

    def _failed(self, pod: Object, one: Wanted, key: Key, image: str, error: Exception) -> None:
        complaint = f'Failed to pull image "{image}": {error}'
        if one.spec.get("imagePullPolicy") == "Always" and self._has_local(image):
            self._note(key, ImageState("ready"))
            self._tell(pod, one, "Warning", "PullFallback", f"{complaint}; going on with the local image")
            return
        with self._lock:
            old = self._pulls.get(key)
            if old is not None:
                failed = ImageState("failed", str(error))
                self._pulls[key] = replace(
                    old, state=failed, failures=old.failures + 1, failed_at=self._clock.now()
                )
        self._tell(pod, one, "Warning", "Failed", complaint)
        self._tell(pod, one, "Warning", "Failed", "Error: ErrImagePull")

    def _has_local(self, image: str) -> bool:
        try:
            return self._engine.inspect_image(image) is not None
        except EngineError:
            return False

    def _note(self, key: Key, state: ImageState) -> None:
        with self._lock:
            if key in self._pulls:
                failures = 0 if state.state == "ready" else self._pulls[key].failures
                self._pulls[key] = _Pull(self._pulls[key].restart, state, failures)

    def _tell(self, pod: Object, one: Wanted, kind: str, reason: str, message: str) -> None:
        severity: Literal["Normal", "Warning"] = "Warning" if kind == "Warning" else "Normal"
        self._recorder.record(pod, severity, reason, message, field_path=one.field_path)


def _retry_at(failed_at: datetime, pull: _Pull) -> datetime:
    return failed_at + backoff.delay(pull.failures)
