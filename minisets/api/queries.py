"""What a request's query parameters ask for, checked as Kubernetes checks them. Pure.

Kubernetes: apimachinery meta/v1 `conversion.go`, meta/internalversion/validation, meta/v1/validation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from minisets.errors import BadRequest, Cause, Invalid
from minisets.objects import causes
from minisets.objects.managed.entries import LONGEST_NAME
from minisets.objects.selectors import FieldSelector, LabelSelector
from minisets.registry.managing import UNKNOWN
from minisets.registry.options import DeleteOptions, FieldValidation, Propagation, WriteOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from minisets.objects.kinds import Kind, Object

_MATCHES = ("Exact", "NotOlderThan")
_VALIDATIONS = ("Ignore", "Strict", "Warn")
_PROPAGATIONS = ("Foreground", "Background", "Orphan")
_META = "meta.k8s.io"
_FOR_EVER = 10**9
"""Seconds: as many as nobody waits, and as few as a duration can hold."""


@dataclass(frozen=True)
class Query:
    """The parameters; a name may be given several times."""

    values: Mapping[str, tuple[str, ...]]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, in order."""
        return self.values.get(name, ())

    def text(self, name: str) -> str:
        """The first value, or an empty string."""
        return next(iter(self.all(name)), "")

    def flag(self, name: str) -> bool:
        """False only when absent, `false` or `0`. Kubernetes: Convert_Slice_string_To_bool."""
        return bool(self.all(name)) and self.text(name).lower() not in ("false", "0")

    def number(self, name: str) -> int | None:
        """A whole number, None when absent; BadRequest for anything else."""
        text = self.text(name)
        if not text:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise BadRequest(f'{name}: strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)


@dataclass(frozen=True)
class Filter:
    """Which objects of a kind are meant."""

    kind: Kind
    labels: LabelSelector
    fields: FieldSelector

    def matches(self, obj: Object) -> bool:
        """Whether both selectors hold."""
        labels = (obj.get("metadata") or {}).get("labels") or {}
        return self.labels.matches(labels) and self.fields.matches(self.kind.schema, obj)

    def is_empty(self) -> bool:
        """Whether everything is meant."""
        return self.labels.is_empty() and self.fields.is_empty()


@dataclass(frozen=True)
class ListOptions:
    """How a collection is listed or watched. initial None = not said."""

    filter: Filter
    version: str
    match: str
    limit: int
    continuation: str
    bookmarks: bool
    initial: bool | None
    timeout: timedelta | None


def list_options(query: Query, kind: Kind, *, watch: bool) -> ListOptions:
    """The options of a list or watch; BadRequest or Invalid where they make no sense."""
    fields = FieldSelector.parse(query.text("fieldSelector"))
    fields.check(kind.schema)
    version = query.text("resourceVersion")
    if version and not re.fullmatch(r"[0-9]{1,18}", version):
        problem = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        raise BadRequest(f'Invalid value: "{version}": {problem}')
    seconds = query.number("timeoutSeconds")
    options = ListOptions(
        filter=Filter(kind, LabelSelector.parse(query.text("labelSelector")), fields),
        version=version,
        match=query.text("resourceVersionMatch"),
        limit=max(0, query.number("limit") or 0),
        continuation=query.text("continue"),
        bookmarks=query.flag("allowWatchBookmarks"),
        initial=query.flag("sendInitialEvents") if query.all("sendInitialEvents") else None,
        timeout=timedelta(seconds=min(seconds, _FOR_EVER)) if seconds and seconds > 0 else None,
    )
    refuse("ListOptions", _watch_causes(options) if watch else _list_causes(options))
    return options


def _list_causes(options: ListOptions) -> list[Cause]:
    field, found = "resourceVersionMatch", []
    if options.match:
        if not options.version:
            found.append(causes.forbidden(field, f"{field} is forbidden unless resourceVersion is provided"))
        if options.continuation:
            found.append(causes.forbidden(field, f"{field} is forbidden when continue is provided"))
        if options.match not in _MATCHES:
            found.append(causes.not_supported(field, options.match, (*_MATCHES, "")))
        if options.match == "Exact" and options.version == "0":
            found.append(causes.forbidden(field, f'{field} "exact" is forbidden for resourceVersion "0"'))
    if options.initial is not None:
        found.append(causes.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return found


def _watch_causes(options: ListOptions) -> list[Cause]:
    field, found = "resourceVersionMatch", []
    if options.initial is not None and options.match != "NotOlderThan":
        detail = f"sendInitialEvents requires setting {field} to NotOlderThan"
        found.append(causes.forbidden(field, detail))
    if options.match:
        if options.initial is None:
            detail = f"{field} is forbidden for watch unless sendInitialEvents is provided"
            found.append(causes.forbidden(field, detail))
        if options.match != "NotOlderThan":
            found.append(causes.not_supported(field, options.match, ("NotOlderThan",)))
        if options.continuation:
            found.append(causes.forbidden(field, f"{field} is forbidden when continue is provided"))
    return found


def write_options(query: Query, what: str, agent: str, *found: Cause) -> WriteOptions:
    """Options of a create, update or patch; what = `CreateOptions`, `UpdateOptions`, `PatchOptions`.

    agent: the User-Agent, whose first word stands for a fieldManager; found: what is wrong already.
    """
    manager = query.text("fieldManager")
    found = (*found, *_manager_causes(manager), *_dry_run_causes(query.all("dryRun")))
    validation = query.text("fieldValidation") or "Warn"
    if validation not in _VALIDATIONS:
        found = (*found, causes.not_supported("fieldValidation", validation, ("", *_VALIDATIONS)))
    refuse(what, found)
    return WriteOptions(
        dry_run=bool(query.all("dryRun")),
        field_validation=cast("FieldValidation", validation),
        field_manager=manager or _first_word(agent) or UNKNOWN,
    )


def patch_options(query: Query, agent: str) -> WriteOptions:
    """Options of the patches that describe a change: `force` is not theirs."""
    said = query.all("force")
    found = [causes.forbidden("force", "may not be specified for non-apply patch")] if said else []
    return write_options(query, "PatchOptions", agent, *found)


def apply_options(query: Query) -> WriteOptions:
    """Options of an apply: it must say in whose name."""
    said = query.text("fieldManager")
    found = [] if said else [causes.required("fieldManager", "is required for apply patch")]
    return replace(write_options(query, "PatchOptions", "", *found), force=query.flag("force"))


def _manager_causes(manager: str) -> Iterator[Cause]:
    """Kubernetes: ValidateFieldManager."""
    if len(manager.encode()) > LONGEST_NAME:
        yield causes.too_long("fieldManager", LONGEST_NAME)
    at = 0
    for sign in manager:
        if not sign.isprintable():
            yield causes.invalid(
                "fieldManager", manager, f"invalid character U+{ord(sign):04X} (at position {at})"
            )
        at += len(sign.encode())


def _first_word(agent: str) -> str:
    """Kubernetes: create.go prefixFromUserAgent."""
    word = "".join(sign for sign in agent.partition("/")[0] if sign.isprintable())
    return word.encode()[:LONGEST_NAME].decode(errors="ignore")


def delete_options(query: Query, body: Object) -> DeleteOptions:
    """Options of a deletion, from the query and, stronger, from a DeleteOptions body."""
    grace = body.get("gracePeriodSeconds", query.number("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or query.text("propagationPolicy") or None
    orphan = body.get("orphanDependents")
    if orphan is None and query.all("orphanDependents"):
        orphan = query.flag("orphanDependents")
    dry_run = tuple(body.get("dryRun") or query.all("dryRun"))
    conditions = body.get("preconditions") or {}
    refuse("DeleteOptions", [*_dry_run_causes(dry_run), *_propagation_causes(propagation, orphan)])
    if propagation is None and orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    return DeleteOptions(
        grace=_grace(grace),
        propagation=cast("Propagation | None", propagation),
        uid=str(conditions.get("uid") or ""),
        version=str(conditions.get("resourceVersion") or ""),
        dry_run=bool(dry_run),
    )


def _grace(seconds: Any) -> timedelta | None:
    if seconds is None:
        return None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        field = "DeleteOptions.gracePeriodSeconds"
        raise BadRequest(f"json: cannot unmarshal into Go struct field {field} of type int64")
    # Kubernetes: a negative grace period is one second (pod strategy CheckGracefulDelete).
    return timedelta(seconds=1 if seconds < 0 else min(seconds, _FOR_EVER))


def _propagation_causes(propagation: Any, orphan: Any) -> list[Cause]:
    field = "propagationPolicy"
    if propagation is not None and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        return [causes.invalid(field, propagation, detail)]
    if propagation is not None and propagation not in _PROPAGATIONS:
        return [causes.not_supported(field, propagation, (*_PROPAGATIONS, "nil"))]
    return []


def _dry_run_causes(values: Sequence[str]) -> list[Cause]:
    if all(value == "All" for value in values):
        return []
    return [causes.not_supported("dryRun", list(values), ("All",))]


def refuse(what: str, found: Sequence[Cause]) -> None:
    """Invalid in the name of the options' own kind, if there is anything to refuse."""
    if not found:
        return
    said = [f"{cause.field}: {cause.message}" for cause in found]
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    raise Invalid(f'{what}.{_META} "" is invalid: {listed}', group=_META, kind=what, causes=found)
