"""The verbs on objects: from a request that was read whole to an answer in bytes. Blocks.

Leaves what a write means to `registry/`, watches to `watching.py`, streams to `streams.py`.
Kubernetes: apiserver pkg/endpoints/handlers/{create,get,update,patch,delete}.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from minisets.api import bodies, paging, queries
from minisets.api.auth import NOBODY, Identity
from minisets.api.duplicates import duplicates
from minisets.api.failures import NO_SUCH_METHOD, success
from minisets.api.queries import Query
from minisets.api.representing import Representation, encoded
from minisets.errors import BadRequest, MethodNotAllowed, UnsupportedMediaType
from minisets.objects import strictness
from minisets.objects.kinds import Kind, Ref, is_answered
from minisets.objects.metadata import name_of, uid_of
from minisets.registry import eviction, refusals
from minisets.registry.options import Patch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.api.metrics import Metrics
    from minisets.api.reviews import Reviews
    from minisets.api.routes import Target
    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.registry.options import DeleteOptions, Outcome, WriteOptions
    from minisets.registry.registry import Registry
    from minisets.store.interface import Store

_PATCHES = {
    "application/strategic-merge-patch+json": "strategic",
    "application/merge-patch+json": "merge",
    "application/json-patch+json": "json",
}
_APPLY = "application/apply-patch+yaml"
_RETURNED_WHEN_GONE = (
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "ResourceQuota",
    "Service",
    "ServiceAccount",
    "StorageClass",
)
"""Kubernetes: the stores with `ReturnDeletedObject`; other kinds answer with a Status."""

_DEPRECATED = {"Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}
"""By kind, what every answer warns of. Kubernetes: apiserver pkg/endpoints/deprecation."""
_SCALE = Kind("Scale", "scales", "autoscaling")
"""Not a kind that is listed or kept: only how one is shown."""


@dataclass(frozen=True)
class Call:
    """A request, read whole."""

    method: str
    target: Target
    query: Query
    headers: Mapping[str, str]
    body: bytes = b""
    asks: Identity = NOBODY

    @property
    def ref(self) -> Ref:
        """The object that the URL names."""
        return Ref(self.target.kind.title, self.target.namespace, self.target.name)

    @property
    def content_type(self) -> str:
        """The body's, empty where it was not said."""
        return self.headers.get("Content-Type", "")

    @property
    def agent(self) -> str:
        """The client as it calls itself."""
        return self.headers.get("User-Agent", "")

    def representation(self) -> Representation:
        """The form in which the client wants what travels: the kind's objects, or a scale."""
        accept, include = self.headers.get("Accept", ""), self.query.text("includeObject")
        shown = _SCALE if self.target.subresource == "scale" else self.target.kind
        return Representation.of(shown, accept, include)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    code: int = 200
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def verb_of(call: Call) -> str:
    """`create`, `get`, `list`, ...; MethodNotAllowed for what the resource does not serve.

    Kubernetes: requestinfo.go NewRequestInfo.
    """
    target, named = call.target, bool(call.target.name)
    watch = "watch" if call.query.flag("watch") else "list"
    verbs = {
        "GET": "get" if named else watch,
        "HEAD": "get" if named else "list",
        "POST": "create",
        "PUT": "update",
        "PATCH": "patch",
        "DELETE": "delete" if named else "deletecollection",
    }
    verb = verbs.get(call.method, "")
    found = target.kind.subresource(target.subresource)
    served = found.verbs if found else target.kind.verbs
    of_collection = verb in ("list", "watch", "create", "deletecollection")
    misplaced = not target.subresource and of_collection == named
    everywhere = target.kind.namespaced and not target.namespace and verb not in ("list", "watch")
    if verb not in served or misplaced or everywhere:
        raise MethodNotAllowed(NO_SUCH_METHOD)
    return verb


class Verbs:
    """Acts on the store (reading) and the registry (writing)."""

    def __init__(
        self, store: Store, registry: Registry, clock: Clock, reviews: Reviews, metrics: Metrics
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._reviews = reviews
        self._metrics = metrics

    def answer(self, call: Call) -> Answer:
        """Do what is asked; raises errors.ApiError leaves."""
        answer = self._answer(call)
        deprecated = _DEPRECATED.get(call.target.kind.title)
        return replace(answer, warnings=(deprecated, *answer.warnings)) if deprecated else answer

    def _answer(self, call: Call) -> Answer:
        match verb_of(call), call.target.subresource:
            case "get", "scale":
                return Answer(self._shown(call, self._registry.scale(call.ref)))
            case "get" | "list", _ if is_answered(call.target.kind.title):
                return self._measure(call)
            case "get", _:
                return self._get(call)
            case "list", _:
                return self._list(call)
            case "create", "binding":
                return self._bind(call)
            case "create", "eviction":
                return self._evict(call)
            case "create", "" if is_answered(call.target.kind.title):
                return self._review(call)
            case "create", "":
                return self._create(call)
            case "update", _:
                return self._update(call)
            case "patch", _:
                return self._patch(call)
            case "delete", _:
                return self._delete(call)
            case "deletecollection", _:
                return self._delete_collection(call)
        raise MethodNotAllowed(NO_SUCH_METHOD)

    def _get(self, call: Call) -> Answer:
        found = self._store.get(call.ref)
        if found is None:
            raise refusals.not_found(call.ref)
        return Answer(self._shown(call, found))

    def _list(self, call: Call) -> Answer:
        title = call.target.kind.title
        options = queries.list_options(call.query, call.target.kind, watch=False)
        page = paging.page_of(self._store.list(title, call.target.namespace), options)
        return Answer(call.representation().listing(page.items, page.metadata(), self._clock.now()))

    def _measure(self, call: Call) -> Answer:
        """Metrics: of what is asked for and is running now."""
        title = call.target.kind.title
        if call.target.name:
            return Answer(self._shown(call, self._metrics.one(title, call.ref)))
        options = queries.list_options(call.query, call.target.kind, watch=False)
        found = self._metrics.listing(title, call.target.namespace, options.filter.matches)
        return Answer(call.representation().listing(found, {}, self._clock.now()))

    def _create(self, call: Call) -> Answer:
        options = queries.write_options(call.query, "CreateOptions", call.agent)
        body = bodies.decoded(call.body, call.content_type)
        target, twice = call.target, _given_twice(call, options)
        outcome = self._registry.create(target.kind.title, target.namespace, body, options, target.kind)
        return self._written(call, outcome, HTTPStatus.CREATED, twice)

    def _review(self, call: Call) -> Answer:
        options = queries.write_options(call.query, "CreateOptions", call.agent)
        body, target = bodies.decoded(call.body, call.content_type), call.target
        found, warnings = self._reviews.answer(
            target.kind, target.namespace, body, call.asks, options.field_validation
        )
        return Answer(encoded(found), HTTPStatus.CREATED, warnings)

    def _update(self, call: Call) -> Answer:
        options = queries.write_options(call.query, "UpdateOptions", call.agent)
        body = bodies.decoded(call.body, call.content_type)
        twice, sub, spoken = _given_twice(call, options), call.target.subresource, call.target.kind
        outcome = self._registry.update(call.ref, body, options, sub, spoken)
        return self._written(call, outcome, warnings=twice)

    def _patch(self, call: Call) -> Answer:
        media = _patch_type(call)
        if media == _APPLY:
            return self._apply(call)
        options = queries.patch_options(call.query, call.agent)
        sub, spoken = call.target.subresource, call.target.kind
        patch, twice = _patch_in(call, media), _given_twice(call, options)
        outcome = self._registry.patch(call.ref, patch, options, sub, spoken)
        return self._written(call, outcome, warnings=twice)

    def _apply(self, call: Call) -> Answer:
        options = queries.apply_options(call.query)
        config = bodies.configuration(call.body)
        sub, spoken = call.target.subresource, call.target.kind
        outcome = self._registry.apply(call.ref, config, options, sub, spoken)
        return self._written(call, outcome, HTTPStatus.CREATED if outcome.created else HTTPStatus.OK)

    def _written(
        self, call: Call, outcome: Outcome, code: int = HTTPStatus.OK, warnings: tuple[str, ...] = ()
    ) -> Answer:
        return Answer(self._shown(call, outcome.object), code, (*warnings, *outcome.warnings))

    def _shown(self, call: Call, obj: Object) -> bytes:
        return encoded(call.representation().object(obj, self._clock.now()))

    def _bind(self, call: Call) -> Answer:
        body = bodies.decoded(call.body, call.content_type)
        target = body.get("target") if isinstance(body, dict) else None
        node = target.get("name") if isinstance(target, dict) else None
        if not isinstance(node, str) or not node:
            raise BadRequest('Binding in version "v1" cannot be handled as a Binding: target.name is missing')
        head = body.get("metadata")
        uid = head.get("uid") if isinstance(head, dict) else None
        self._registry.bind(call.ref, node, str(uid or ""))
        return _done()

    def _evict(self, call: Call) -> Answer:
        options = queries.write_options(call.query, "CreateOptions", call.agent)
        body = bodies.decoded(call.body, call.content_type)
        asked, warnings = eviction.read(call.ref, body, options.field_validation)
        deletion = queries.delete_options(Query({}), asked)
        self._registry.evict(call.ref, replace(deletion, dry_run=deletion.dry_run or options.dry_run))
        return _done(warnings)

    def _delete(self, call: Call) -> Answer:
        options = queries.delete_options(call.query, _deletion_in(call))
        outcome = self._registry.delete(call.ref, options)
        code = HTTPStatus.OK if outcome.gone else _pending(options)
        if not outcome.gone or call.target.kind.title in _RETURNED_WHEN_GONE:
            return self._written(call, outcome, code)
        kind, obj = call.target.kind, outcome.object
        status = success(name=name_of(obj), group=kind.group, kind=kind.plural, uid=uid_of(obj))
        return Answer(encoded(status))

    def _delete_collection(self, call: Call) -> Answer:
        target = call.target
        meant = queries.list_options(call.query, target.kind, watch=False).filter
        options = queries.delete_options(call.query, _deletion_in(call))
        gone = self._registry.delete_collection(target.kind.title, target.namespace, meant.matches, options)
        metadata = {"resourceVersion": str(self._store.version())}
        return Answer(call.representation().listing(gone, metadata, self._clock.now()))


def _deletion_in(call: Call) -> Object:
    """The DeleteOptions in the body; BadRequest for a field of another type."""
    given = bodies.options_in(call.body, call.content_type)
    known, problems = strictness.check("DeleteOptions", given)
    if mistyped := [problem for problem in problems if problem.kind == "mistyped"]:
        raise strictness.refusal("DeleteOptions", mistyped)
    return known


def _given_twice(call: Call, options: WriteOptions) -> tuple[str, ...]:
    """Warnings of fields that stand twice in a JSON body; BadRequest where the writer wants Strict."""
    if options.field_validation == "Ignore":
        return ()
    found = [strictness.duplicate(path) for path in duplicates(call.body)]
    if found and options.field_validation == "Strict":
        raise strictness.refusal(call.target.kind, found)
    return tuple(problem.message for problem in found)


def _done(warnings: tuple[str, ...] = ()) -> Answer:
    """A subresource was created that is nowhere to be found again."""
    return Answer(encoded({**success(), "code": HTTPStatus.CREATED}), HTTPStatus.CREATED, warnings)


def _pending(options: DeleteOptions) -> int:
    """Kubernetes: 202 only where dependents are awaited; a graceful deletion is a 200."""
    return HTTPStatus.ACCEPTED if options.propagation == "Foreground" else HTTPStatus.OK


def _patch_type(call: Call) -> str:
    media = bodies.media_type(call.content_type)
    if media not in _PATCHES and media != _APPLY:
        raise UnsupportedMediaType(
            f"the body of the request was in an unknown format ({media or 'no Content-Type'}) - "
            f"accepted media types include: {', '.join((*_PATCHES, _APPLY))}"
        )
    return media


def _patch_in(call: Call, media: str) -> Patch:
    body: Any = bodies.from_json(call.body)
    match _PATCHES[media]:
        case "strategic":
            return Patch("strategic", body)
        case "merge":
            return Patch("merge", body)
        case _:
            return Patch("json", body)
