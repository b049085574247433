"""OpenAPI v3: an index and a document for each group-version. Pure.

From it `kubectl explain` explains, `kubectl apply` works out its patches, and every kubectl sees that a
kind's PATCH takes `fieldValidation`: then the server does the validating. The v2 document is zero bytes:
a valid, empty one. Leaves types to `openapi_schemas.py` and operations to `openapi_paths.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.api.openapi_paths import paths
from minisets.api.openapi_schemas import has_type, schemas
from minisets.api.routes import group_versions, root_of
from minisets.objects.kinds import CONVERTED, KINDS
from minisets.settings import KUBERNETES_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

# Why: clients ask with an `@` for the second dot, which is no media type and which kubectl cannot parse.
V2_CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def index(hash_of: Callable[[str], str]) -> dict[str, Any]:
    """`/openapi/v3`: where each group-version's document is; the hash changes with its content."""
    found = {}
    for group, version in group_versions():
        path = f"/openapi/v3{root_of(group, version)}"
        found[root_of(group, version).removeprefix("/")] = {
            "serverRelativeURL": f"{path}?hash={hash_of(path)}"
        }
    return {"paths": found}


def document(group: str, version: str) -> dict[str, Any] | None:
    """`/openapi/v3/apis/<group>/<version>`; None if not served."""
    if (group, version) not in group_versions():
        return None
    kinds = [kind for kind in (*KINDS, *CONVERTED) if (kind.group, kind.version) == (group, version)]
    others = {sub.kind for kind in kinds for sub in kind.subresources if sub.kind and has_type(sub.kind)}
    return {
        "openapi": "3.0.0",
        "info": {"title": "minisets", "version": KUBERNETES_VERSION},
        "paths": {path: operations for kind in kinds for path, operations in paths(kind)},
        "components": {"schemas": schemas(kinds, sorted(others))},
    }
