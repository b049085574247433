"""The copy that a claim names: which Docker volume it is in, and why it cannot be used now.

Kubernetes: external-provisioner pkg/controller/controller.go getSnapshotSource, whose words these are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, spec_of, status_of
from minisets.objects.snapshots import SNAPSHOT, SNAPSHOT_CONTENT, content_name, is_content_of, is_ready
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from minisets.objects.reading import Reader


class NoSource(MinisetsError):
    """There is nothing to copy from, or not yet."""


@dataclass(frozen=True)
class Source:
    """A whole copy. size: the least that a claim must ask for, in bytes."""

    handle: str
    size: int


def source_named(reader: Reader, namespace: str, name: str) -> Source:
    """NoSource says why there is none."""
    try:
        return _source_named(reader, namespace, name)
    except NoSource as error:
        said = f"error getting handle for DataSource Type {SNAPSHOT} by Name {name}: {error}"
        raise NoSource(said) from error


def _source_named(reader: Reader, namespace: str, name: str) -> Source:
    snapshot = reader.get(Ref(SNAPSHOT, namespace, name))
    if snapshot is None:
        why = f'volumesnapshots.snapshot.storage.k8s.io "{name}" not found'
        raise NoSource(f"error getting snapshot {name} from api server: {why}")
    if is_being_deleted(snapshot):
        raise NoSource(f"snapshot {name} is currently being deleted")
    content = reader.get(Ref(SNAPSHOT_CONTENT, "", content_name(snapshot)))
    if content is None or not is_content_of(content, snapshot):
        raise NoSource(f"snapshot {name} not bound")
    if spec_of(content).get("driver") != PROVISIONER:
        raise NoSource(f"snapshot {name} is of the driver {spec_of(content).get('driver')}")
    handle = str(status_of(content).get("snapshotHandle") or "")
    if not is_ready(snapshot) or not is_ready(content) or not handle:
        raise NoSource(f"snapshot {name} is not Ready")
    return Source(handle, int(status_of(content).get("restoreSize") or 0))
