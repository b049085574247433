"""From what a writer sent to an object that rules can be applied to: known, typed, canonical, defaulted.

Decides what unknown fields lead to. Leaves which fields there are, and how values are written, to
`objects/`. Kubernetes: apiserver pkg/endpoints/handlers/{create,update}.go, decoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest
from minisets.objects import causes, fidelity, strictness
from minisets.objects.canonical import canonical
from minisets.objects.conversion import to_stored
from minisets.objects.kinds import kind_of
from minisets.objects.metadata import name_of
from minisets.registry.strategies import strategy_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Kind, Object
    from minisets.registry.options import FieldValidation


def read(kind: Kind, body: Any, validation: FieldValidation) -> tuple[Object, tuple[str, ...]]:
    """A private, pruned, canonical copy with kind, apiVersion and metadata; and warnings.

    `kind` is that of the version in which the body is written; what comes back is as it is stored.
    Raises BadRequest for another kind's body, for a field of the wrong type in any case, and for an
    unknown one if the writer asked for Strict.
    """
    _check_type(kind, body)
    pruned, problems = strictness.check(kind.schema, body)
    if any(problem.kind == "mistyped" for problem in problems) or (problems and validation == "Strict"):
        raise strictness.refusal(kind, problems)
    obj = canonical(kind.title, to_stored(kind, pruned))
    obj["apiVersion"], obj["kind"] = kind_of(kind.title).api_version, kind.title
    metadata = obj.setdefault("metadata", {})
    metadata.pop("selfLink", None)  # nobody may write it, and it is not kept
    if _forgets_managers(pruned):
        metadata["managedFields"] = [{}]
    return obj, tuple(problem.message for problem in problems) if validation == "Warn" else ()


def _forgets_managers(body: Object) -> bool:
    """An empty list means to forget who manages what; canonical form would take it for none."""
    return (body.get("metadata") or {}).get("managedFields") == []


def refuse_causes(kind: Kind, obj: Object, found: Iterable[Cause]) -> None:
    """Raises Invalid if there are any."""
    if listed := tuple(found):
        raise causes.refusal(kind.title, name_of(obj), listed)


def warnings(kind: Kind, obj: Object, old: Object | None = None) -> tuple[str, ...]:
    """What is hardly meant, and what is not as on a real cluster; of an update only what is new in it.

    Why: to be asked before defaults are written; nobody wants to be warned of what he did not say.
    """
    known = _warnings(kind, old) if old is not None else ()
    return tuple(warning for warning in _warnings(kind, obj) if warning not in known)


def _warnings(kind: Kind, obj: Object) -> tuple[str, ...]:
    return (*strategy_of(kind.title).warnings(obj), *fidelity.warnings(kind.title, obj))


def _check_type(kind: Kind, body: Any) -> None:
    """A body may leave its type out, as the Python client's does; it may not be another one's."""
    if not isinstance(body, dict):
        return  # strictness has the words for it
    version, title = body.get("apiVersion"), body.get("kind")
    if version and version != kind.api_version:
        raise BadRequest(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({kind.api_version})"
        )
    if title and title != kind.title:
        raise BadRequest(
            f'{title} in version "{kind.version}" cannot be handled as a {kind.title}: '
            f"the kind in the data ({title}) does not match the expected kind ({kind.title})"
        )
