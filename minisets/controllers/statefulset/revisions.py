"""The history of a statefulset's pod template: payload, hash, name, reuse, trimming.

Pure. Kubernetes: pkg/controller/history/controller_history.go, stateful_set_control.go
`getStatefulSetRevisions`, `truncateHistory`.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.actions import (
    Action,
    CreateRevision,
    DeleteRevision,
    RaiseRevision,
)
from minisets.controllers.statefulset.identity import revision_of
from minisets.objects.canonical import canonical
from minisets.objects.defaulting import with_defaults
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    meta,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from minisets.objects.owners import owner_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.objects.kinds import Object

HASH = "controller.kubernetes.io/hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX = 223
_FNV_OFFSET, _FNV_PRIME = 2166136261, 16777619


@dataclass(frozen=True)
class Revisions:
    """Which revisions count now, and what must be done to the history first."""

    current: Object
    update: Object
    collisions: int
    actions: tuple[Action, ...]


def payload(statefulset: Object) -> dict[str, Any]:
    """What a revision stores: a strategic merge patch that puts this template back (A-36, A-37)."""
    template = deepcopy(spec_of(statefulset).get("template") or {})
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: Object) -> dict[str, Any]:
    """The pod template that a revision holds."""
    template = deepcopy(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return dict(template)


def go_json(value: Any) -> bytes:
    """Compact, key-sorted and escaped as Go's encoding/json does it."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()


def hash_of(data: dict[str, Any], collisions: int) -> str:
    """FNV-1 over the payload and the collision count, in letters that spell no words (A-52)."""
    total = _FNV_OFFSET
    for byte in go_json(data) + str(collisions).encode():
        total = (total * _FNV_PRIME % 2**32) ^ byte
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(total))


def new_revision(statefulset: Object, data: dict[str, Any], number: int, collisions: int) -> Object:
    """The revision object of a payload (A-36, A-38)."""
    digest = hash_of(data, collisions)
    labels = ((spec_of(statefulset).get("template") or {}).get("metadata") or {}).get("labels") or {}
    metadata: dict[str, Any] = {
        "name": f"{name_of(statefulset)[:_LONGEST_PREFIX]}-{digest}",
        "namespace": namespace_of(statefulset),
        "labels": {**labels, HASH: digest},
        "ownerReferences": [owner_reference(statefulset)],
    }
    if annotations := annotations_of(statefulset):
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }


def revisions(statefulset: Object, history: Sequence[Object], names: Mapping[str, Object]) -> Revisions:
    """Current and update revision. `history`: ours; `names`: every revision of the namespace.

    Reuses an equal payload (A-39), steps past a taken name (A-41). Differs: a statefulset that is being
    deleted takes up no new template; upstream makes its revision, which a foreground deletion takes again.
    """
    data = payload(statefulset)
    ordered = sorted(history, key=_age)
    collisions = int(status_of(statefulset).get("collisionCount") or 0)
    update, collisions, actions = _update_revision(statefulset, data, ordered, names, collisions)
    if actions and is_being_deleted(statefulset):
        update, actions = _last_known(statefulset, ordered, update), ()
    wanted = status_of(statefulset).get("currentRevision")
    current = next((revision for revision in ordered if name_of(revision) == wanted), update)
    return Revisions(current, update, collisions, actions)


def _last_known(statefulset: Object, ordered: Sequence[Object], made: Object) -> Object:
    """The newest that is stored, or by its name alone the one that the status still tells of."""
    if ordered:
        return ordered[-1]
    name = status_of(statefulset).get("updateRevision") or name_of(made)
    return {**made, "metadata": {**made["metadata"], "name": name}}


def _update_revision(
    statefulset: Object,
    data: dict[str, Any],
    ordered: Sequence[Object],
    names: Mapping[str, Object],
    collisions: int,
) -> tuple[Object, int, tuple[Action, ...]]:
    number = ordered[-1]["revision"] + 1 if ordered else 1
    equal = [revision for revision in ordered if go_json(revision["data"]) == go_json(data)]
    if equal and equal[-1] is ordered[-1]:
        return equal[-1], collisions, ()
    if equal:
        raised = {**equal[-1], "revision": number}
        cause = "the template is this older revision's again"
        return raised, collisions, (RaiseRevision(equal[-1], number, cause),)
    if ordered and _is_the_same_with_defaults(statefulset, data, ordered[-1]):
        return ordered[-1], collisions, ()
    made = new_revision(statefulset, data, number, collisions)
    while (taken := names.get(name_of(made))) is not None:
        if go_json(taken.get("data")) == go_json(data):
            return taken, collisions, ()
        collisions += 1
        made = new_revision(statefulset, data, number, collisions)
    cause = "the template changed" if ordered else "the first template"
    return made, collisions, (CreateRevision(made, cause),)


def _is_the_same_with_defaults(statefulset: Object, data: dict[str, Any], newest: Object) -> bool:
    """Whether only the stored form differs, e.g. of a revision from an older release (A-40).

    Kubernetes: `setMatchesLatestExistingRevision`.
    """
    try:
        template = template_of(newest)
        restored = {**statefulset, "spec": {**spec_of(statefulset), "template": template}}
        restored = with_defaults("StatefulSet", canonical("StatefulSet", restored))
    except (AttributeError, KeyError, TypeError, ValueError):  # no revision of a statefulset's template
        return False
    return payload(restored) == data


def _age(revision: Object) -> tuple[int, str, str]:
    """Kubernetes: `byRevision`: by number, then the older one, then by name."""
    return revision["revision"], str(meta(revision).get("creationTimestamp") or ""), name_of(revision)


def trims(
    statefulset: Object, history: Sequence[Object], live: Revisions, pods: Sequence[Object]
) -> tuple[DeleteRevision, ...]:
    """The oldest revisions that nothing uses, beyond the history limit (A-43)."""
    limit = spec_of(statefulset).get("revisionHistoryLimit")
    limit = 10 if limit is None else int(limit)
    if limit < 0:
        return ()
    used = {name_of(live.current), name_of(live.update), *(revision_of(pod) for pod in pods)}
    unused = [revision for revision in history if name_of(revision) not in used]
    unused.sort(key=_age)
    cause = f"nothing uses it and the history holds {limit}"
    return tuple(DeleteRevision(revision, cause) for revision in unused[: max(0, len(unused) - limit)])
