"""In which form a client wants objects (whole, as Table rows, metadata alone), and the bytes of it. Pure.

JSON is always acceptable, whatever else a client would rather have. Leaves rows to `tables.py`.
Kubernetes: apiserver pkg/endpoints/handlers/negotiation, response.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.api import tables
from minisets.api.columns import columns_of
from minisets.errors import BadRequest
from minisets.objects.conversion import from_stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minisets.objects.kinds import Kind, Object

Form = Literal["", "Table", "PartialObjectMetadata"]
_INCLUDES = ("", "None", "Metadata", "Object")


def encoded(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def offers(accept: str) -> list[dict[str, str]]:
    """The media types of an Accept header, in order; each with its parameters and itself as `type`."""
    found = []
    for offer in accept.split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        found.append({"type": media.lower(), **{key.strip(): value.strip() for key, _, value in pairs}})
    return found


def form_of(accept: str) -> Form:
    """The first form offered that is served; plain objects otherwise."""
    for offer in offers(accept):
        if offer["type"] not in ("application/json", "application/*", "*/*"):
            continue
        match offer.get("as", ""), offer.get("g", ""), offer.get("v", ""):
            case ("", _, _):
                return ""
            case ("Table", "meta.k8s.io", "v1" | "v1beta1"):
                return "Table"
            case ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1" | "v1beta1"):
                return "PartialObjectMetadata"
    return ""


def discovery_version(accept: str) -> str:
    """`v2` or `v2beta1` where aggregated discovery is asked for first, else an empty string."""
    for offer in offers(accept):
        if offer.get("as") == "APIGroupDiscoveryList" and offer.get("v") in ("v2", "v2beta1"):
            return offer["v"]
        if offer["type"] in ("application/json", "*/*") and "as" not in offer:
            return ""
    return ""


@dataclass(frozen=True)
class Representation:
    """How objects of one kind travel to one client."""

    kind: Kind
    form: Form = ""
    include: str = "Metadata"

    @classmethod
    def of(cls, kind: Kind, accept: str, include: str) -> Representation:
        """From the Accept header and `includeObject`; BadRequest for a value that nobody knows."""
        if include not in _INCLUDES:
            raise BadRequest(
                f'unrecognized includeObject value: "{include[:100]}": use one of None, Metadata, Object'
            )
        return cls(kind, form_of(accept), include or "Metadata")

    def object(self, obj: Object, now: datetime) -> Any:
        """One object in its form."""
        match self.form:
            case "Table":
                return tables.table_of(self.kind, obj, self.include, now)
            case "PartialObjectMetadata":
                return tables.partial(obj)
            case _:
                return from_stored(self.kind, obj)

    def bookmark(self, version: int, *, initial_end: bool) -> Any:
        """The object of a BOOKMARK event: nothing but a version, and the mark of the initial events' end."""
        metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        bare = {"kind": self.kind.title, "apiVersion": self.kind.api_version, "metadata": metadata}
        if self.form == "Table":
            row = {"cells": ["" for _ in columns_of(self.kind.title)], "object": tables.partial(bare)}
            return {**tables.head_of(self.kind.title, {"resourceVersion": str(version)}), "rows": [row]}
        return tables.partial(bare) if self.form else bare

    def listing(self, items: Iterable[Object], metadata: Mapping[str, Any], now: datetime) -> bytes:
        """A collection. Encoded item by item: one big dump would hold every other thread up."""
        head, field = self._head(metadata)
        parts = b",".join(encoded(self._item(obj, now)) for obj in items)
        return encoded(head)[:-1] + b',"' + field + b'":[' + parts + b"]}"

    def _item(self, obj: Object, now: datetime) -> Any:
        if self.form == "Table":
            return tables.row_of(self.kind, obj, self.include, now)
        return tables.partial(obj) if self.form else from_stored(self.kind, obj)

    def _head(self, metadata: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        if self.form == "Table":
            return tables.head_of(self.kind.title, metadata), b"rows"
        if self.form:
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": tables.META,
                "metadata": metadata,
            }, b"items"
        kind, api = f"{self.kind.title}List", self.kind.api_version
        return {"kind": kind, "apiVersion": api, "metadata": metadata}, b"items"
