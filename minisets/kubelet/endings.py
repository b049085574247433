"""What a container says at its end: `terminationMessagePath`, and its log where the policy asks for that.

The file is there, empty and anybody's to write, before the container's first instruction: it lies in a volume
of the sandbox's own, and is bound to the path, so that a read-only root and any user will do. It is read once
the container has ended. Kubernetes: kuberuntime getTerminationMessage, status manager normalizeStatus.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.archives import archive, file
from minisets.engine.specs import LogOptions, Mount
from minisets.errors import EngineError, EngineTimeout, EngineUnavailable
from minisets.kubelet.containers import exit_code_of, reported, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.engine.interface import Engine
    from minisets.kubelet.containers import Wanted
    from minisets.kubelet.memory import Memory
    from minisets.kubelet.observe import ObservedPod, Seen
    from minisets.objects.kinds import Object

INSIDE_SANDBOX = "/endings"
VOLUME = "endings."
"""How the volume is labelled. No volume of a pod's spec can have a dot in its name."""

_DEFAULT_PATH = "/dev/termination-log"
_LONGEST = 4096
_LONGEST_OF_POD = 12 * 1024
_LONGEST_OF_LOG = 2048
_LINES_OF_LOG = 80
_ANYBODY = 0o666


def sandbox_mount(cluster: str, pod: Object) -> Mount:
    """The volume for all that the pod's containers say at their ends: made and removed with the sandbox."""
    return Mount("volume", INSIDE_SANDBOX, labels=labels.pod_volume_labels(cluster, pod, VOLUME))


def prepared(engine: Engine, sandbox: Seen | None, one: Wanted, restart: int) -> tuple[Mount, ...]:
    """Make the file, and say where the container sees it; nothing in a sandbox of an older minisets."""
    where = sandbox.mounts.get(INSIDE_SANDBOX) if sandbox else None
    if sandbox is None or not where:
        return ()
    name = f"{one.name}.{restart}"
    engine.put_archive(sandbox.id, INSIDE_SANDBOX, archive([file(name, _ANYBODY)]))
    return (Mount("bind", message_path(one), f"{where}/{name}"),)


def with_or_without(own: tuple[Mount, ...], create: Callable[[tuple[Mount, ...]], str]) -> str:
    """The container with its file; without, where the engine will not bind from its own folder of volumes.

    Why: an engine behind a proxy may refuse such a path, and a pod whose end says nothing is still a pod.
    """
    try:
        return create(own)
    except EngineError as error:
        if not any(mount.source in str(error) for mount in own):
            raise
        return create(())


def message_path(one: Wanted) -> str:
    """Where the container writes why it ends."""
    return str(one.spec.get("terminationMessagePath") or _DEFAULT_PATH)


def with_messages(engine: Engine, memory: Memory, pod: Object, observed: ObservedPod) -> ObservedPod:
    """The same, each container that is over with its message: remembered, reported before, or read now."""
    by_name = {one.name: one for one in wanted(pod)}
    reported = _reported(pod)

    def told(seen: Seen) -> Seen:
        if not seen.is_over or (one := by_name.get(seen.container)) is None:
            return seen
        found = memory.message_of(seen.id)
        if found is None:
            found = reported.get(f"docker://{seen.id}")
        if found is None:
            found = _message(engine, pod, one, seen)
        memory.keep_message(seen.id, found)
        return replace(seen, message=found)

    return replace(observed, containers=tuple(told(seen) for seen in observed.containers))


def _reported(pod: Object) -> dict[str, str]:
    """What the stored status says of containers that have ended: id -> message."""
    entries = [reported(pod, one) for one in wanted(pod)]
    states = [entry.get(field) or {} for entry in entries for field in ("state", "lastState")]
    ended = [state["terminated"] for state in states if "terminated" in state]
    return {one["containerID"]: one.get("message") or "" for one in ended if one.get("containerID")}


def _message(engine: Engine, pod: Object, one: Wanted, seen: Seen) -> str:
    """The engine's word for a failure, then the container's own; cut to the pod's share of the status."""
    own = b"" if seen.has_failed_to_start else _own_words(engine, one, seen)
    said = ": ".join(filter(None, (seen.error, own.decode(errors="replace"))))
    share = _LONGEST_OF_POD // max(1, len(tuple(wanted(pod))))
    return said.encode()[:share].decode(errors="ignore")


def _own_words(engine: Engine, one: Wanted, seen: Seen) -> bytes:
    try:
        found = engine.file_end(seen.id, message_path(one), _LONGEST)
        asks_log = one.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        return found or (_end_of_log(engine, seen) if asks_log and exit_code_of(seen) else b"")
    except (EngineUnavailable, EngineTimeout):
        raise
    except EngineError:  # e.g. removed behind our back since it was listed
        return b""


def _end_of_log(engine: Engine, seen: Seen) -> bytes:
    with closing(engine.logs(seen.id, LogOptions(tail=_LINES_OF_LOG))) as lines:
        return b"".join(data for _, data in lines)[-_LONGEST_OF_LOG:]
