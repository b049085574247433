"""Whatever our own OpenAPI document allows: no answer is a 5xx, and every one is as documented.

MINISETS_REQUESTS=200 pytest tests/api/test_any_request.py     more for each operation, with fresh seeds
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from minisets.api import openapi, routes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.serving import Running

ASKED = int(os.environ.get("MINISETS_REQUESTS", "0"))
NAMES = st.sampled_from(["web", "web-0", "default", "minisets-0", "Bad_Name", "%2F"])
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
load_all_checks()


def operations() -> list[tuple[Any, GenerationMode]]:
    """Every operation of every document, with requests as documented and with others."""
    found: list[tuple[Any, GenerationMode]] = []
    for group, version in routes.group_versions():
        schema: Any = schemathesis.openapi.from_dict(openapi.document(group, version) or {})
        for result in schema.get_all_operations():
            found += [(result.ok(), mode) for mode in GenerationMode]
    return [one for one in found if ASKED or not _is_much_alike(*one)]


def _is_much_alike(operation: Any, mode: GenerationMode) -> bool:
    """Why: bodies take their time to make up; those of PUT and of a status are what POST takes, too."""
    is_put = operation.method == "put"
    return operation.path.endswith("/status") or (is_put and mode == GenerationMode.NEGATIVE)


@pytest.mark.parametrize(
    ("operation", "mode"), operations(), ids=lambda one: str(getattr(one, "value", getattr(one, "label", "")))
)
def test_no_request_is_answered_otherwise_than_documented(
    operation: Any, mode: GenerationMode, running: Running, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(running.credentials.ca)

    @given(case=operation.as_strategy(generation_mode=mode), name=NAMES)
    @settings(
        max_examples=ASKED or 2,
        derandomize=not ASKED,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, name: str) -> None:
        if "namespace" in case.path_parameters:
            case.path_parameters["namespace"] = "default"
        if "name" in case.path_parameters:
            case.path_parameters["name"] = name
        case.query.pop("watch", None)
        response = case.call(
            base_url=f"https://127.0.0.1:{running.server.port}",
            headers={"Authorization": f"Bearer {running.credentials.token}"},
            verify=str(authority),
        )
        case.validate_response(response, checks=CHECKS)

    ask()
