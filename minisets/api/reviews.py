"""Who one is and what one may do: questions that are posted, answered, and never stored. Pure.

There is one right, that of a token of this cluster, and it is the right to everything: nothing here looks
at roles. Leaves who somebody is to `auth.py`.
Kubernetes: pkg/registry/authorization, pkg/registry/authentication; kubectl pkg/cmd/auth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest, Cause
from minisets.objects import strictness
from minisets.objects.causes import invalid, required, said_of
from minisets.objects.metadata import meta, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.api.auth import Identity
    from minisets.objects.kinds import Kind, Object
    from minisets.registry.options import FieldValidation

_ALL_RULES: Object = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}
_NO_AUDIENCE = "https://kubernetes.default.svc"


class Reviews:
    """Answers for one server; authenticate says whose token one is, or None."""

    def __init__(self, authenticate: Callable[[str], Identity | None]) -> None:
        self._authenticate = authenticate

    def answer(
        self, kind: Kind, namespace: str, body: Any, asks: Identity, validation: FieldValidation
    ) -> tuple[Object, tuple[str, ...]]:
        """The question with its answer in `status`, and warnings; BadRequest or Invalid for what is none."""
        asked, warnings = _read(kind, body, validation)
        spec = spec_of(asked)
        match kind.title:
            case "SelfSubjectAccessReview":
                _refuse(kind, _about(spec))
                status = _allowed()
            case "SubjectAccessReview" | "LocalSubjectAccessReview":
                _refuse(kind, [*_about(spec), *_of_whom(spec), *_inside(kind, namespace, spec)])
                status = _allowed()
            case "SelfSubjectRulesReview":
                if not spec.get("namespace"):
                    raise BadRequest("no namespace on request")
                status = dict(_ALL_RULES)
            case "SelfSubjectReview":
                status = {"userInfo": user_info(asks)}
            case _:
                status = self._token(spec)
        metadata = {"creationTimestamp": None, **meta(asked)}
        plain = {"kind": kind.title, "apiVersion": kind.api_version, "metadata": metadata}
        return {**plain, **({"spec": spec} if spec else {}), "status": status}, warnings

    def _token(self, spec: Object) -> Object:
        """Kubernetes: pkg/registry/authentication/tokenreview."""
        if not spec.get("token"):
            raise BadRequest("token is required for TokenReview in authentication")
        found = self._authenticate(spec["token"])
        audiences = spec.get("audiences") or [_NO_AUDIENCE]
        if found is None:
            return {"user": {}, "error": "[invalid bearer token]"}
        return {"authenticated": True, "user": user_info(found), "audiences": audiences}


def user_info(identity: Identity) -> Object:
    """An identity as `authentication.k8s.io` says it."""
    info: Object = {"username": identity.name}
    info |= {"uid": identity.uid} if identity.uid else {}
    info["groups"] = list(identity.groups)
    return info | ({"extra": {key: list(values) for key, values in identity.extra}} if identity.extra else {})


def _allowed() -> Object:
    return {"allowed": True, "reason": "minisets: whoever has a token of the cluster may do everything"}


def _read(kind: Kind, body: Any, validation: FieldValidation) -> tuple[Object, tuple[str, ...]]:
    if isinstance(body, dict) and (body.get("kind") or kind.title) != kind.title:
        raise BadRequest(
            f'{body["kind"]} in version "{kind.version}" cannot be handled as a {kind.title}: '
            f"the kind in the data ({body['kind']}) does not match the expected kind ({kind.title})"
        )
    asked, problems = strictness.check(kind.schema, body)
    if any(problem.kind == "mistyped" for problem in problems) or (problems and validation == "Strict"):
        raise strictness.refusal(kind, problems)
    return asked, tuple(problem.message for problem in problems) if validation == "Warn" else ()


def _about(spec: Object) -> list[Cause]:
    """Kubernetes: pkg/apis/authorization/validation."""
    about = [spec.get(field) is not None for field in ("resourceAttributes", "nonResourceAttributes")]
    if all(about):
        says = "cannot be specified in combination with resourceAttributes"
        return [invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"], says)]
    if not any(about):
        says = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [invalid("spec.resourceAttributes", None, says)]
    return []


def _of_whom(spec: Object) -> list[Cause]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [invalid("spec.user", "", "at least one of user or group must be specified")]


def _inside(kind: Kind, namespace: str, spec: Object) -> list[Cause]:
    """A local review is about its own namespace."""
    if not kind.namespaced:
        return []
    if spec.get("nonResourceAttributes") is not None:
        return [
            invalid(
                "spec.nonResourceAttributes",
                spec["nonResourceAttributes"],
                "disallowed on this kind of request",
            )
        ]
    if (spec.get("resourceAttributes") or {}).get("namespace") != namespace:
        return [required("spec.resourceAttributes.namespace", f"must be {namespace}")]
    return []


def _refuse(kind: Kind, found: list[Cause]) -> None:
    if found:
        raise said_of(kind, "", found)
