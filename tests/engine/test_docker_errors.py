"""The SDK's errors as ours."""

import pytest
from docker.errors import APIError
from requests import Response

from minisets.engine.docker_errors import translated
from minisets.errors import EngineConflict, EngineError, EngineNotFound


def refused(code: int, explanation: str) -> APIError:
    response = Response()
    response.status_code = code
    return APIError("refused", response, explanation)


@pytest.mark.parametrize(
    ("code", "explanation", "leaf"),
    [
        (404, "no such container", EngineNotFound),
        (409, "Conflict. The container name is already in use", EngineConflict),
        (403, "has active endpoints", EngineConflict),
        pytest.param(
            500,
            'the container name "web-0" is already in use by ac55',
            EngineConflict,
            id="as-podman-says-it",
        ),
        (500, "something else", EngineError),
    ],
)
def test_what_the_engine_answers_decides_the_error(
    code: int, explanation: str, leaf: type[EngineError]
) -> None:
    with pytest.raises(EngineError) as caught, translated("container web-0"):
        raise refused(code, explanation)
    assert type(caught.value) is leaf
    assert str(caught.value) == f"container web-0: {explanation}"
