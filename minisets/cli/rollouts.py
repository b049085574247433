"""How far a rollout is, and the history behind it. Pure.

Decides when a statefulset is rolled out, and which revision `undo` means. Leaves what is printed around it to
`rollout.py`. Kubernetes: kubectl pkg/polymorphichelpers rollout_status.go, history.go, rollback.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.identity import replicas_of
from minisets.controllers.statefulset.revisions import go_json, payload, template_of
from minisets.errors import MinisetsError
from minisets.objects.metadata import annotations_of, generation_of, meta, spec_of, status_of
from minisets.objects.owners import is_controlled_by
from minisets.objects.selectors.labels import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from minisets.objects.kinds import Object

CHANGE_CAUSE = "kubernetes.io/change-cause"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_GAP = 2


@dataclass(frozen=True)
class Progress:
    """One line about a rollout, and whether it is the last one."""

    line: str
    is_done: bool


def progress(statefulset: Object) -> Progress:
    """How far the rollout is (A-34); MinisetsError where the strategy rolls nothing out.

    Kubernetes: `StatefulSetStatusViewer`.
    """
    strategy, status = spec_of(statefulset).get("updateStrategy") or {}, status_of(statefulset)
    if strategy.get("type") != "RollingUpdate":
        raise MinisetsError("rollout status is only available for RollingUpdate strategy type")
    if line := _what_is_awaited(statefulset):
        return Progress(line, is_done=False)
    updated, block = _count(status, "updatedReplicas"), strategy.get("rollingUpdate")
    if block is not None:
        wanted = replicas_of(statefulset) - int(block.get("partition") or 0)
        if updated < wanted:
            line = (
                f"Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been "
                "updated..."
            )
            return Progress(line, is_done=False)
        return Progress(
            f"partitioned roll out complete: {updated} new pods have been updated...", is_done=True
        )
    update, current = status.get("updateRevision", ""), status.get("currentRevision", "")
    if update != current:
        line = f"waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        return Progress(line, is_done=False)
    count = _count(status, "currentReplicas")
    return Progress(
        f"statefulset rolling update complete {count} pods at revision {current}...", is_done=True
    )


def is_rolled_out(statefulset: Object) -> bool:
    """Whether every replica is ready and of the revision that it should have, and no pod is too many."""
    if _count(status_of(statefulset), "replicas") > replicas_of(statefulset):
        return False
    if (spec_of(statefulset).get("updateStrategy") or {}).get("type") == "OnDelete":
        return not _what_is_awaited(statefulset)
    return progress(statefulset).is_done


def _what_is_awaited(statefulset: Object) -> str:
    """What comes before any revision counts: the controller's look at the spec, and ready pods."""
    status = status_of(statefulset)
    observed = _count(status, "observedGeneration")
    if not observed or observed < generation_of(statefulset):
        return "Waiting for statefulset spec update to be observed..."
    missing = replicas_of(statefulset) - _count(status, "readyReplicas")
    return f"Waiting for {missing} pods to be ready..." if missing > 0 else ""


def _count(status: dict[str, Any], field: str) -> int:
    return int(status.get(field) or 0)


def history_of(statefulset: Object, revisions: Iterable[Object]) -> list[Object]:
    """The statefulset's revisions, oldest first (A-35)."""
    selector = LabelSelector.of(spec_of(statefulset).get("selector"))
    ours = [
        revision
        for revision in revisions
        if selector.matches(meta(revision).get("labels") or {}) and is_controlled_by(revision, statefulset)
    ]
    return sorted(ours, key=lambda revision: int(revision["revision"]))


def history_table(history: Sequence[Object]) -> str:
    """REVISION and CHANGE-CAUSE, as kubectl's tab writer sets them."""
    if not history:
        return "No rollout history found."
    rows = [("REVISION", "CHANGE-CAUSE")]
    rows += [
        (str(revision["revision"]), annotations_of(revision).get(CHANGE_CAUSE) or "<none>")
        for revision in history
    ]
    width = max(len(number) for number, _ in rows) + _GAP
    return "".join(f"{number:{width}}{cause}\n" for number, cause in rows)


def revision_shown(history: Sequence[Object], number: int) -> Object:
    """The revision that `history --revision` asks for."""
    return _numbered(history, number, "unable to find the specified revision")


def revision_to_return_to(history: Sequence[Object], number: int) -> Object:
    """What `undo` brings back: revision `number`, or with 0 the one before the newest."""
    if number == 0 and len(history) < 2:
        raise MinisetsError("no last revision to roll back to")
    if number == 0:
        return history[-2]
    return _numbered(history, number, f"unable to find specified revision {number} in history")


def _numbered(history: Sequence[Object], number: int, otherwise: str) -> Object:
    found = (revision for revision in history if revision["revision"] == number)
    if (revision := next(found, None)) is None:
        raise MinisetsError(otherwise)
    return revision


def with_template_of(statefulset: Object, revision: Object) -> Object:
    """The statefulset as that revision's template would make it."""
    return {**statefulset, "spec": {**spec_of(statefulset), "template": template_of(revision)}}


def is_at(statefulset: Object, revision: Object) -> bool:
    """Whether the template is that revision's already, byte for byte."""
    return go_json(payload(statefulset)) == go_json(revision["data"])


def restart_patch(statefulset: Object, stamp: str) -> dict[str, Any]:
    """What makes a new revision of the same template (A-34). Two within one second would be the same one.

    Kubernetes: objectrestarter.go, cmd/rollout/rollout_restart.go.
    """
    template = spec_of(statefulset).get("template") or {}
    if annotations_of(template).get(RESTARTED_AT) == stamp:
        raise MinisetsError(
            f"failed to create patch for {meta(statefulset)['name']}: if restart has already been triggered "
            "within the past second, please wait before attempting to trigger another"
        )
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
