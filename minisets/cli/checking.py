"""What there is to say of one manifest before anybody applies it: each remark with its place.

Decides which remarks there are and in which order. Their words come from a registry that holds nothing
else, from the fidelity table and from `objects/exposure.py`. What a manifest refers to (its namespace, its
service account) is taken to be there. Leaves printing and exit codes to `check.py`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from minisets.controllers.priorities import ensure_priority_classes
from minisets.errors import ApiError, NotFound
from minisets.objects import fidelity, strictness
from minisets.objects.conversion import to_stored
from minisets.objects.elsewhere import elsewhere
from minisets.objects.exposure import exposures
from minisets.objects.kinds import kind_of, served
from minisets.objects.metadata import meta, name_of, spec_of
from minisets.registry.options import WriteOptions
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.clock import Clock
    from minisets.errors import ManifestError
    from minisets.objects.kinds import Kind, Object
    from minisets.objects.manifests import Manifest

Class = Literal["error", "not served", "gives a pod the machine", "not honoured", "approximated", "honoured"]

_PLACE = re.compile(r"(.+?):(\d+)(?::\d+)?: (.+)", re.DOTALL)
_ORDINAL = re.compile(r"\[\d+\]")
_TRIAL = WriteOptions(dry_run=True, field_validation="Strict")


@dataclass(frozen=True)
class Remark:
    """One thing to say. field: empty where it is about the whole document; tests: those that show it."""

    file: str
    line: int
    object: str
    field: str
    what: Class
    reason: str = ""
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`web.yaml:23: StatefulSet/web spec.template.spec.affinity: not honoured: one node only, ...`."""
        named = " ".join(filter(None, (self.object, self.field)))
        return ": ".join(filter(None, (f"{self.file}:{self.line}", named, self.what, self.reason)))

    def as_json(self) -> dict[str, Any]:
        """The form of `-o json`."""
        body = {"file": self.file, "line": self.line, "object": self.object, "field": self.field}
        body |= {"class": self.what, "reason": self.reason}
        return body | ({"tests": list(self.tests)} if self.what == "honoured" else {})


def unreadable(file: str, error: ManifestError) -> Remark:
    """What stopped the reading of a file; the error's own words begin with the place."""
    found = _PLACE.fullmatch(str(error))
    if found and found[1] == file:
        return Remark(file, int(found[2]), "", "", "error", found[3])
    return Remark(file, 1, "", "", "error", str(error).removeprefix(f"{file}: "))


def remarks(manifest: Manifest, namespace: str, clock: Clock) -> list[Remark]:
    """All of a manifest's, by line."""
    found = [
        Remark(manifest.source, manifest.line_of(path), _title(manifest.obj), path, what, reason, tests)
        for path, what, reason, tests in _said(manifest.obj, namespace, clock)
    ]
    return sorted(found, key=lambda remark: remark.line)


def _title(obj: Object) -> str:
    return f"{obj['kind']}/{name_of(obj)}".rstrip("/")


_Said = tuple[str, Class, str, tuple[str, ...]]


def _said(obj: Object, namespace: str, clock: Clock) -> Iterator[_Said]:
    version, title = str(obj["apiVersion"]), str(obj["kind"])
    kind = served(version, title)
    if kind is None:
        problem = elsewhere(version, title)
        yield problem.field, "error" if problem.is_error else "not served", problem.message, ()
        return
    kind, obj = _as_stored(kind, obj)
    for path, reason in _errors(kind, obj, namespace, clock):
        yield path, "error", reason, ()
    for exposure in exposures(kind.title, obj):
        yield exposure.path, "gives a pod the machine", exposure.opens, ()
    for found in fidelity.findings(kind.title, obj):
        yield found.path, found.how, found.why, found.tests


def _as_stored(kind: Kind, obj: Object) -> tuple[Kind, Object]:
    """What is judged is what would be stored; another version that cannot be decoded stays as it is."""
    if not kind.is_converted or strictness.check(kind.schema, obj)[1]:
        return kind, obj
    return kind_of(kind.title), to_stored(kind, obj)


def _errors(kind: Kind, obj: Object, namespace: str, clock: Clock) -> Iterator[tuple[str, str]]:
    """Paths and what is wrong there. What cannot be decoded is not judged any further."""
    if not name_of(obj):
        yield "metadata.name", "resource name may not be empty: write one below metadata"
        return
    _, problems = strictness.check(kind.schema, obj)
    for problem in problems:
        hint = _meant(kind.schema, problem.path) if problem.kind == "unknown" else ""
        yield problem.path, problem.message + (f'; did you mean "{hint}"?' if hint else "")
    refusal = None if problems else _refusal(kind, obj, namespace, clock)
    if refusal is not None:
        yield from ((cause.field, cause.message) for cause in refusal.causes)
        if not refusal.causes:
            yield "metadata.namespace" if isinstance(refusal, NotFound) else "", str(refusal)


def _meant(schema: str, path: str) -> str:
    """The field beside an unknown one that is spelled nearly as it is, or nothing."""
    place, _, name = _ORDINAL.sub("[]", path).rpartition(".")
    near = get_close_matches(name, fidelity.type_at(f"{schema}:{place}").fields, n=1)
    return near[0] if near else ""


def _refusal(kind: Kind, obj: Object, namespace: str, clock: Clock) -> ApiError | None:
    """What a server would refuse it with; its namespace, service account and priority class are there."""
    registry = Registry(MemoryStore(), clock, Settings())
    place = str(meta(obj).get("namespace") or namespace) if kind.namespaced else ""
    account = spec_of(obj).get("serviceAccountName") if kind.title == "Pod" else ""
    for title, inside, name in (("Namespace", "", place), ("ServiceAccount", place, account)):
        with suppress(ApiError):  # without a name there is none; a name that cannot be is its own error below
            registry.create(title, inside, {"metadata": {"name": name}})
    ensure_priority_classes(registry)
    if kind.title == "Pod":
        with suppress(ApiError):
            registry.create("PriorityClass", "", _class_of(spec_of(obj)))
    try:
        registry.create(kind.title, place, obj, _TRIAL)
    except ApiError as error:
        return error
    return None


def _class_of(spec: Object) -> Object:
    """A priority class of which the pod may be."""
    policy = {"preemptionPolicy": spec["preemptionPolicy"]} if spec.get("preemptionPolicy") else {}
    named = {"metadata": {"name": spec.get("priorityClassName")}}
    return {**named, "value": spec.get("priority") or 0, **policy}
