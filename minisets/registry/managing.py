"""Who is recorded as the manager of which fields, for every way of writing; and applying on the server.

Decides whose writes are recorded, and what a Scale has to do with its statefulset's fields. Leaves owners and
conflicts to `objects/managed`, the fields that a way of writing resets to the strategies.
Kubernetes: apimachinery pkg/util/managedfields fieldmanager.go, scalehandler.go; apiserver
pkg/endpoints/handlers/patch.go applyPatcher, fieldmanager/equality.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest, Conflict, Unmergeable
from minisets.objects.conversion import to_stored
from minisets.objects.kinds import kind_of
from minisets.objects.managed import entries, tracking
from minisets.objects.managed.conflicts import ApplyConflict, told
from minisets.objects.managed.entries import Managed, Manager
from minisets.objects.managed.fieldsets import difference, has, of_path, union
from minisets.objects.managed.fitting import misfits
from minisets.objects.managed.shapes import shape_for
from minisets.objects.managed.tracking import Place, Writer
from minisets.objects.metadata import meta, name_of, namespace_of, timestamp, without_managers
from minisets.registry.scale import SCALE, scale_of
from minisets.registry.strategies import strategy_of

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Kind, Object
    from minisets.registry.strategies import Context

UNKNOWN = "unknown"
_KEY = "managedFields"
_REPLICAS = ("f:spec", "f:replicas")
_SCALE_VERSION = "autoscaling/v1"


@dataclass(frozen=True)
class Apply:
    """An apply: what is wanted, in whose name, and whether it takes what others have.

    kind: that of the version in which the configuration is written.
    """

    config: Any
    kind: Kind
    manager: str
    force: bool = False


def record(kind: Kind, new: Object, old: Object | None, subresource: str, context: Context) -> None:
    """Write into `new` who manages what once it is stored; old is None in a create.

    A client may give the entries of an object away by writing them, or have them forgotten by writing none.
    """
    recording = context.recording
    if recording is None:
        return
    given = new["metadata"].pop(_KEY, None)
    before = meta(old or {}).get(_KEY)
    managed = _managed(given if not subresource else None, before, kind.api_version)
    if not managed.fields and (old is not None or not recording.tracks_new):
        return
    place = _place(kind, subresource)
    writer = _writer(recording.manager, "Update", subresource or recording.subresource, context.now)
    try:
        managed = tracking.updated(place, without_managers(old) if old else None, new, managed, writer)
    except ValueError:  # Kubernetes: UpdateNoErrors, a list whose elements cannot be told apart
        managed = _managed(None, before, kind.api_version)
    _write(new, managed, kind.api_version)


def settle(new: Object, old: Object) -> None:
    """Where nothing but times would change, nothing changes."""
    after, before = meta(new).get(_KEY), meta(old).get(_KEY)
    if not after or not before or after == before:
        return
    if entries.without_times(after) != entries.without_times(before):
        return
    if without_managers(new) == without_managers(old):
        new["metadata"][_KEY] = before


def applied(old: Object | None, asked: Apply, subresource: str, now: datetime) -> Object:
    """The object (None: a new one) with what is asked for, and with its entries; as it is stored.

    Raises BadRequest, Conflict, Unmergeable.
    """
    kind = kind_of(asked.kind.title)
    config = _checked(asked.config, asked.kind.api_version, asked.kind.title)
    if asked.kind.is_converted:
        if why := misfits(shape_for(asked.kind.schema), config):
            raise _unmergeable(config, why)
        config = to_stored(asked.kind, config)
    place = _place(kind, subresource)
    managed = _managed(None, meta(old or {}).get(_KEY), kind.api_version)
    writer = _writer(asked.manager, "Apply", subresource, now)
    found = _asked(place, without_managers(old or {}), config, managed, writer, force=asked.force)
    merged = {**found.object, "metadata": dict(meta(found.object))}
    _write(merged, found.managed, kind.api_version)
    return merged


def scale_applied(kind: Kind, old: Object, asked: Apply, now: datetime) -> tuple[Object, Object]:
    """The Scale of a statefulset with what is asked for, and the statefulset with its entries then."""
    config = _checked(asked.config, _SCALE_VERSION, SCALE)
    parent = _managed(None, meta(old).get(_KEY), kind.api_version)
    seen = Managed(
        {who: of_path(_REPLICAS) for who, what in parent.fields.items() if has(what, _REPLICAS)},
        dict(parent.times),
    )
    place = Place(shape_for(SCALE), _SCALE_VERSION, {})
    writer = _writer(asked.manager, "Apply", "scale", now)
    found = _asked(place, scale_of(old), config, seen, writer, force=asked.force)
    statefulset = {**old, "metadata": dict(meta(old))}
    _write(statefulset, _with_replicas_of(parent, found.managed), kind.api_version)
    return found.object, statefulset


def _with_replicas_of(parent: Managed, scale: Managed) -> Managed:
    """A statefulset's managers: those who have the Scale's replicas, have its replicas."""
    result = parent.copy()
    for who, what in parent.fields.items():
        if has(what, _REPLICAS) and who not in scale.fields:
            result.hold(who, difference(what, of_path(_REPLICAS)))
    for who, what in scale.fields.items():
        if has(what, _REPLICAS) and not has(parent.fields.get(who, {}), _REPLICAS):
            result.hold(who, union(parent.fields.get(who, {}), of_path(_REPLICAS)))
            result.times[who] = scale.times.get(who, "")
    return result


def _asked(
    place: Place, live: Object, config: Object, managed: Managed, writer: Writer, *, force: bool
) -> tracking.Applied:
    try:
        return tracking.applied(place, live, config, managed, writer, force=force)
    except ApplyConflict as conflict:
        message, causes = told(conflict.conflicts, place.api_version)
        raise Conflict(message, causes=causes) from None
    except ValueError as why:
        raise _unmergeable(config, str(why)) from None


def _unmergeable(config: Object, why: str) -> Unmergeable:
    said = config if isinstance(config.get("metadata"), dict) else {}
    what = f"{namespace_of(said)}/{name_of(said)}; {_named(config)}"
    return Unmergeable(f"failed to create typed patch object ({what}): {why}")


def _place(kind: Kind, subresource: str) -> Place:
    return Place(shape_for(kind.title), kind.api_version, strategy_of(kind.title).reset_fields(subresource))


def _checked(config: Any, api_version: str, title: str) -> Object:
    """Kubernetes: versioncheck.go, structuredmerge.go Apply."""
    if not isinstance(config, dict):
        raise BadRequest("error decoding patch: an apply patch must be an object")
    if (config.get("apiVersion"), config.get("kind")) != (api_version, title):
        raise BadRequest(f"invalid object type: {_named(config)}")
    metadata = config.get("metadata")
    if isinstance(metadata, dict) and metadata.get(_KEY) is not None:
        raise BadRequest("metadata.managedFields must be nil")
    return config


def _named(config: Object) -> str:
    """As Go prints a group, version and kind: `/v1, Kind=Pod`."""
    group, _, version = str(config.get("apiVersion") or "").rpartition("/")
    return f"{group}/{version}, Kind={config.get('kind') or ''}"


def _managed(given: Any, before: Any, api_version: str) -> Managed:
    """What a client wrote where that can be read and says something, else what stands there."""
    if given and given == [{}]:
        return Managed()
    if given and given != before:
        try:
            managed = entries.read(given, api_version)
        except ValueError:
            managed = Managed()
        if managed.fields:
            return managed
    return entries.decoded(before, api_version)


def _writer(name: str, operation: entries.Operation, subresource: str, now: datetime) -> Writer:
    return Writer(Manager(name or UNKNOWN, operation, subresource), timestamp(now))


def _write(obj: Object, managed: Managed, api_version: str) -> None:
    if found := entries.encoded(managed, api_version):
        obj["metadata"][_KEY] = found
    else:
        obj["metadata"].pop(_KEY, None)
