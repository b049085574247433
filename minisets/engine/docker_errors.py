"""The SDK's errors, as `errors.EngineError` and its leaves; all that is known of status codes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException, create_api_error_from_http_exception
from requests.exceptions import HTTPError, RequestException, Timeout
from urllib3.exceptions import HTTPError as TransportError

from minisets.errors import EngineConflict, EngineError, EngineNotFound, EngineTimeout, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

# Why 403: Docker's networks answer it for "in use", "subnet overlaps" and "address already in use".
_LEAVES = {403: EngineConflict, 404: EngineNotFound, 409: EngineConflict}
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Run one call of the SDK; `what` names the object (`container web-0`) in the message."""
    try:
        yield
    except APIError as error:
        leaf = _LEAVES.get(error.status_code or 0, EngineError)
        if leaf is EngineError and "is already in use" in str(error.explanation):
            leaf = EngineConflict  # Why: Podman says 500 where Docker says 409
        raise leaf(_short(f"{what}: {error.explanation or error}")) from error
    except Timeout as error:
        raise EngineTimeout(
            f"{what}: the Docker Engine did not answer in time; the call may still take effect"
        ) from error
    except (RequestException, DockerException, TransportError, OSError) as error:
        raise EngineUnavailable(
            f"{what}: the Docker Engine does not answer ({reason_of(error)}); is it running?"
        ) from error


def _short(message: str) -> str:
    """With ids as people see them: twelve digits."""
    return _ID.sub(r"\1", message)


def reason_of(error: BaseException) -> str:
    """The innermost reason, without the layers that HTTP libraries put around it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def checked(response: Response) -> Response:
    """The response of a call that streams, or the SDK's error for its status, with the response closed."""
    try:
        response.raise_for_status()
    except HTTPError as error:
        with response:
            create_api_error_from_http_exception(error)
    return response
