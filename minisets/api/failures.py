"""From an exception to the Status that a client is sent, and to the line in our log.

What a client can cause is said in full; what it cannot (a bug) is said in one sentence without
details, and logged once with its traceback. Leaves codes and reasons to `errors.py`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from minisets.errors import (
    ApiError,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineTimeout,
    EngineUnavailable,
    MinisetsError,
    NotFound,
    ServiceUnavailable,
)

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_log = logging.getLogger(__name__)

UNROUTED = "the server could not find the requested resource"
NO_SUCH_METHOD = "the server does not allow this method on the requested resource"


def as_api_error(error: Exception) -> ApiError:
    """The refusal that a client is shown; logs what is our own fault."""
    match error:
        case ApiError():
            return error
        case EngineNotFound():
            return NotFound(str(error))
        case EngineUnavailable() | EngineTimeout():
            return ServiceUnavailable(str(error))
        case EngineConflict() | EngineError() | MinisetsError():
            return ApiError(f"Internal error occurred: {error}")
    _log.error("a request failed on a mistake of ours", exc_info=error)
    return ApiError("Internal error occurred: a mistake in minisets; the server's log has the details")


def success(*, name: str = "", group: str = "", kind: str = "", uid: str = "") -> Object:
    """The Status of something done; `kubectl delete` waits for ever without the uid."""
    given = {"name": name, "group": group, "kind": kind, "uid": uid}
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    details = {key: value for key, value in given.items() if value}
    return {**status, "details": details} if details else status
