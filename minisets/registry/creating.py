"""What a create means, step by step; everything but the storing.

Leaves what is special about a kind to its strategy. Kubernetes: apiserver pkg/registry/rest/create.go
BeforeCreate, generic/registry/store.go Create, admission plugin namespace/lifecycle.
"""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING

from minisets.errors import BadRequest
from minisets.objects import validation
from minisets.objects.defaulting import with_defaults
from minisets.objects.kinds import Kind, Ref
from minisets.objects.metadata import (
    is_being_deleted,
    meta,
    name_of,
    namespace_of,
    ref_of,
    status_of,
    timestamp,
)
from minisets.registry import managing, refusals
from minisets.registry.incoming import refuse_causes
from minisets.registry.strategies import strategy_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.registry.strategies import Context
    from minisets.store.interface import Reader

SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes: apimachinery pkg/util/rand: no vowels, so that no name is a word."""

_SUFFIX = 5
_MAX_GENERATED = 63
_NAME_ATTEMPTS = 8
_NEVER_GIVEN = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid", "creationTimestamp")


def prepare(kind: Kind, namespace: str, obj: Object, context: Context) -> Object:
    """The object as it is to be stored; `obj` comes from `incoming.read`.

    Raises NotFound or Forbidden for the namespace, AlreadyExists, Invalid.
    """
    strategy = strategy_of(kind.title)
    _place(kind, namespace, obj)
    _stamp(obj, context)
    _name(obj, context.reader)
    _check_namespace(obj, context.reader)
    if context.reader.get(ref_of(obj)) is not None:
        raise refusals.already_exists(ref_of(obj))
    strategy.forget(obj)
    obj = with_defaults(kind.title, obj)
    managing.record(kind, obj, None, "", context)
    strategy.prepare_create(obj, context)
    refuse_causes(kind, obj, validation.validate(kind.title, obj))
    strategy.allocate(obj, None, context)
    return obj


def generated_name(prefix: str) -> str:
    """The prefix, cut so that five random characters fit (A-154)."""
    suffix = "".join(random.choices(SAFE, k=_SUFFIX))
    return prefix[: _MAX_GENERATED - _SUFFIX] + suffix


def _place(kind: Kind, namespace: str, obj: Object) -> None:
    """Kubernetes: rest.EnsureObjectNamespaceMatchesRequestNamespace."""
    if not kind.namespaced:
        obj["metadata"].pop("namespace", None)
    elif namespace_of(obj) in ("", namespace):
        obj["metadata"]["namespace"] = namespace
    else:
        raise refusals.namespace_mismatch()


def _stamp(obj: Object, context: Context) -> None:
    metadata = obj["metadata"]
    if metadata.pop("resourceVersion", "") not in ("", "0"):
        raise BadRequest("resourceVersion should not be set on objects to be created")
    for field in _NEVER_GIVEN:
        metadata.pop(field, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = timestamp(context.now)


def _name(obj: Object, reader: Reader) -> None:
    """Make a name up where only its beginning is given; one that is taken is tried again."""
    prefix = str(meta(obj).get("generateName") or "")
    if name_of(obj) or not prefix:
        return
    for _ in range(_NAME_ATTEMPTS):
        obj["metadata"]["name"] = generated_name(prefix)
        if reader.get(ref_of(obj)) is None:
            return


def _check_namespace(obj: Object, reader: Reader) -> None:
    """It must be there, and not on its way out. Kubernetes: admission namespace/lifecycle."""
    if not namespace_of(obj):
        return
    ref = Ref("Namespace", "", namespace_of(obj))
    namespace = reader.get(ref)
    if namespace is None:
        raise refusals.not_found(ref)
    if is_being_deleted(namespace) or status_of(namespace).get("phase") == "Terminating":
        raise refusals.terminating(ref_of(obj))
