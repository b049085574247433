"""The paths of OpenAPI's documents: which verb takes what and answers what, for every served kind. Pure.

All of it follows from `objects/kinds.py`. Streams (exec, attach) and watches are left out: their answers
are no single JSON value. Every refusal is a Status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.api.openapi_schemas import DELETE_OPTIONS, PATCH, STATUS, has_type, list_name, name_of, ref
from minisets.api.routes import collection_of, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Kind, Subresource

Operation = dict[str, Any]

_JSON = "application/json"
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_LISTING = {
    "allowWatchBookmarks": _FLAG,
    "continue": _TEXT,
    "fieldSelector": _TEXT,
    "labelSelector": _TEXT,
    "limit": _NUMBER,
    "resourceVersion": _TEXT,
    "resourceVersionMatch": _TEXT,
    "sendInitialEvents": _FLAG,
    "timeoutSeconds": _NUMBER,
    "watch": _FLAG,
}
_WRITING = {"dryRun": _TEXT, "fieldManager": _TEXT, "fieldValidation": _TEXT}
_DELETING = {
    "dryRun": _TEXT,
    "gracePeriodSeconds": _NUMBER,
    "orphanDependents": _FLAG,
    "propagationPolicy": _TEXT,
}
_LOG = {
    "container": _TEXT,
    "limitBytes": _NUMBER,
    "previous": _FLAG,
    "sinceSeconds": _NUMBER,
    "tailLines": _NUMBER,
    "timestamps": _FLAG,
}


def paths(kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each path of a kind with its operations."""
    collection = collection_of(kind)
    if kind.namespaced and "list" in kind.verbs:
        everywhere = f"{root_of(kind.group, kind.version)}/{kind.plural}"
        yield everywhere, {"get": _list(kind)}
    if of_collection := _of_collection(kind):
        yield collection, {"parameters": _in_path(collection), **of_collection}
    named = f"{collection}/{{name}}"
    if of_object := _of_object(kind):
        yield named, {"parameters": _in_path(named), **of_object}
    for sub in kind.subresources:
        if found := _of_subresource(kind, sub):
            yield f"{named}/{sub.name}", {"parameters": _in_path(named), **found}


def _of_collection(kind: Kind) -> dict[str, Operation]:
    own = ref(name_of(kind.title))
    found: dict[str, Operation] = {}
    if "list" in kind.verbs:
        found["get"] = _list(kind)
    if "create" in kind.verbs:
        found["post"] = _operation(kind, "post", own, _WRITING, _body(own), codes=("200", "201"))
    if "deletecollection" in kind.verbs:
        parameters = {**_LISTING, **_DELETING}
        del parameters["watch"]
        given = _body(ref(DELETE_OPTIONS), required=False)
        found["delete"] = _operation(kind, "deletecollection", ref(list_name(kind)), parameters, given)
    return found


def _of_object(kind: Kind) -> dict[str, Operation]:
    own = ref(name_of(kind.title))
    found: dict[str, Operation] = {}
    if "get" in kind.verbs:
        found["get"] = _operation(kind, "get", own, {})
    found |= _updates(kind, own, kind.verbs)
    if "delete" in kind.verbs:
        given = _body(ref(DELETE_OPTIONS), required=False)
        answer = {"anyOf": [own, ref(STATUS)]}
        found["delete"] = _operation(kind, "delete", answer, _DELETING, given, codes=("200", "202"))
    return found


def _of_subresource(kind: Kind, sub: Subresource) -> dict[str, Operation]:
    if sub.name == "log":
        return {"get": _operation(kind, "get", _TEXT, _LOG, media="text/plain")}
    title = sub.kind or kind.title
    if not has_type(title):
        return {}
    own, found = ref(name_of(title)), dict[str, Operation]()
    if "get" in sub.verbs:
        found["get"] = _operation(kind, "get", own, {})
    if "create" in sub.verbs:
        answer = {"anyOf": [own, ref(STATUS)]}
        found["post"] = _operation(kind, "post", answer, _WRITING, _body(own), codes=("200", "201"))
    return found | _updates(kind, own, sub.verbs)


def _updates(kind: Kind, own: dict[str, Any], verbs: tuple[str, ...]) -> dict[str, Operation]:
    found = {}
    if "update" in verbs:
        found["put"] = _operation(kind, "put", own, _WRITING, _body(own), codes=("200", "201"))
    if "patch" in verbs:
        # Why: kubectl looks up here that `fieldValidation` is taken, and then lets the server validate.
        parameters = {"fieldValidation": _TEXT, **_WRITING, "force": _FLAG}
        found["patch"] = _operation(
            kind, "patch", own, parameters, _body(ref(PATCH), media=_PATCHES), codes=("200", "201")
        )
    return found


def _list(kind: Kind) -> Operation:
    return _operation(kind, "list", ref(list_name(kind)), _LISTING)


def _operation(
    kind: Kind,
    action: str,
    answer: dict[str, Any],
    parameters: dict[str, Any],
    body: dict[str, Any] | None = None,
    *,
    codes: tuple[str, ...] = ("200",),
    media: str = _JSON,
) -> Operation:
    answers = {code: {"description": "OK", "content": {media: {"schema": answer}}} for code in codes}
    refused = {"description": "Refused", "content": {_JSON: {"schema": ref(STATUS)}}}
    operation: Operation = {
        "parameters": [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in {**parameters, "pretty": _TEXT}.items()
        ],
        "responses": {**answers, "default": refused},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.title},
    }
    return {**operation, "requestBody": body} if body else operation


def _body(
    schema: dict[str, Any], *, media: tuple[str, ...] = (_JSON,), required: bool = True
) -> dict[str, Any]:
    content = {one: {"schema": schema} for one in media}
    return {"content": content, "required": True} if required else {"content": content}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
