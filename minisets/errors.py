"""One hierarchy for everything that a person, a client or the machine can cause.

Decides: which HTTP code and Status reason a failure has. Leaves to `api/failures.py` how it is
sent, and to `cli/` how it is printed. The owners of the SDKs translate into these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class MinisetsError(Exception):
    """Anything that is said in one line instead of a traceback.

    The message names the object, what was observed and the next step.
    """


class UsageError(MinisetsError):
    """What was asked for makes no sense as it stands: the CLI exits with 2."""


class Terminal(MinisetsError):
    """A reconciler gives a key up until it changes: trying again would fail the same way."""


class ManifestError(MinisetsError):
    """A file that cannot be read as Kubernetes manifests; the message has file, line and column."""


@dataclass(frozen=True)
class Cause:
    """One entry of `Status.details.causes`; field is a path such as `spec.replicas`."""

    field: str
    reason: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The form on the wire."""
        body = {"reason": self.reason, "message": self.message, "field": self.field}
        return {key: value for key, value in body.items() if value}


class ApiError(MinisetsError):
    """A refusal in Kubernetes' form: leaves carry the HTTP code and the Status reason.

    Kubernetes: apimachinery pkg/api/errors.
    """

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        name: str = "",
        group: str = "",
        kind: str = "",
        uid: str = "",
        causes: Sequence[Cause] = (),
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.causes = tuple(causes)
        self.retry_after = retry_after
        self._details = {"name": name, "group": group, "kind": kind, "uid": uid}

    def details(self) -> dict[str, Any]:
        """`Status.details`, without its empty fields."""
        details: dict[str, Any] = {key: value for key, value in self._details.items() if value}
        if self.causes:
            details["causes"] = [cause.as_json() for cause in self.causes]
        if self.retry_after:
            details["retryAfterSeconds"] = self.retry_after
        return details

    def as_status(self) -> dict[str, Any]:
        """The `Status` object that a client is sent."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            **({"reason": self.reason} if self.reason else {}),
        }
        # Why 404: `kubectl debug` reads the details of a route that is not there, and crashes without.
        # Why 422: without details kubectl says that the request is invalid, and not why.
        if (details := self.details()) or self.code in (NotFound.code, Invalid.code):
            status["details"] = details
        return {**status, "code": self.code}


class BadRequest(ApiError):
    """The request cannot be understood."""

    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    """No valid credentials came with the request."""

    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    """Understood and refused, e.g. a create in a namespace that is being deleted."""

    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    """No such object, or no such route."""

    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    """The resource exists and has no such verb."""

    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    """No representation that the client accepts."""

    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    """A create of a name that is taken."""

    code, reason = 409, "AlreadyExists"


class Conflict(ApiError):
    """The object changed since it was read, or a precondition does not hold."""

    code, reason = 409, "Conflict"


class Expired(ApiError):
    """The version asked for is no longer held: list again."""

    code, reason = 410, "Expired"


class TooLarge(ApiError):
    """The request's body is larger than what is taken."""

    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    """A body in a form that is not read here."""

    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """Well-formed, and not allowed: one cause for each field at fault."""

    code, reason = 422, "Invalid"


class Unmergeable(ApiError):
    """A configuration to apply that does not fit its kind. Kubernetes: a 500 that gives no reason."""

    code, reason = 500, ""


class TooManyRequests(ApiError):
    """Refused for now; `retry_after` seconds later it may go through."""

    code, reason = 429, "TooManyRequests"


class ServiceUnavailable(ApiError):
    """The server is up and cannot answer this yet."""

    code, reason = 503, "ServiceUnavailable"


class NodeUnreachable(ApiError):
    """The pod's node does not answer. Kubernetes: a dial error of the proxy's, which has no reason."""

    reason = ""


class EngineError(MinisetsError):
    """The container engine refused or failed a call; the message is the engine's, with the object."""


class EngineUnavailable(EngineError):
    """No engine answers, or the socket is not permitted: says what to do."""


class EngineNotFound(EngineError):
    """The engine has no such container, image, volume or network."""


class EngineConflict(EngineError):
    """A name is taken, or the thing is in a state that forbids the call (409)."""


class EngineTimeout(EngineError):
    """The engine did not answer in time; whether the call took effect is not known."""
