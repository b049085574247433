"""Objects as the Tables that `kubectl get` prints, and as bare metadata. Pure.

Leaves which columns there are to `columns.py` and when a client wants a Table to `representing.py`.
Kubernetes: apiserver pkg/endpoints/handlers/response.go `asTable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.api.columns import columns_of
from minisets.objects.conversion import from_stored
from minisets.objects.metadata import meta

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from minisets.objects.kinds import Kind, Object

META = "meta.k8s.io/v1"


def row_of(kind: Kind, obj: Object, include: str, now: datetime) -> dict[str, Any]:
    """One object's row; include (`None`, `Metadata`, `Object`) says what of it travels along."""
    row: dict[str, Any] = {"cells": [column.cell(obj, now) for column in columns_of(kind.title)]}
    if include == "Object":
        row["object"] = from_stored(kind, obj)
    elif include != "None":
        row["object"] = partial(obj)
    return row


def head_of(title: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A Table without its rows; metadata must carry a resourceVersion, or `-w` prints all twice."""
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": dict(metadata),
        "columnDefinitions": [column.definition() for column in columns_of(title)],
    }


def table_of(kind: Kind, obj: Object, include: str, now: datetime) -> dict[str, Any]:
    """A Table with the one row of an object."""
    metadata = {"resourceVersion": meta(obj).get("resourceVersion", "")}
    return {**head_of(kind.title, metadata), "rows": [row_of(kind, obj, include, now)]}


def partial(obj: Object) -> Object:
    """The object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": meta(obj)}
