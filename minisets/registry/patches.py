"""Which reading a patch's body gets. Leaves what each patch does to `objects/patching.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import patching
from minisets.objects.kinds import served

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.registry.options import Patch


def patched(current: Object, patch: Patch) -> Object:
    """The current object (one served, in any version, or a Scale), changed as the patch says; a new one."""
    match patch.type:
        case "json":
            return patching.json_patch(current, patch.body)
        case "merge":
            return patching.merge_patch(current, patch.body)
        case "strategic":
            return patching.strategic_merge(_schema_of(current), current, patch.body)


def _schema_of(obj: Object) -> str:
    known = served(str(obj.get("apiVersion")), obj["kind"])
    return str(obj["kind"]) if known is None else known.schema
