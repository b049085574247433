"""What must happen so that the control container serves: from what is there, and what is asked for."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from minisets.cluster.container import Inspected
from minisets.cluster.repair import Step, next_step
from minisets.store.sqlite import SCHEMA

GOOD = Inspected(
    id="c0ffee",
    image="minisets.local/control:ours",
    state="running",
    exit_code=0,
    error="",
    started_at="2026-12-01T10:00:00Z",
    restarts=0,
    is_connected=True,
    content="ours",
    port=40123,
    schema=SCHEMA,
)
STATES = ("created", "running", "restarting", "paused", "removing", "exited", "dead")

REACH, UP, UP_OF_ANOTHER = None, "ours", "another's"
PAUSED = "refuse: the control container is paused: `docker unpause db`, then type the same again"
NEWER = (
    'refuse: cluster "db" is served by a newer minisets, whose state this one cannot read: upgrade '
    "minisets here, or use another name: --cluster NAME"
)


def told(found: Inspected | None, wanted: str | None, *, has_network: bool = True) -> str:
    """The step in one line: what, and why if that is said."""
    step = next_step("db", found, has_network=has_network, wanted=wanted)
    return f"{step.what}: {step.cause}" if step.cause else step.what


@pytest.mark.parametrize(
    ("has_network", "wanted", "expected"),
    [
        pytest.param(False, REACH, "nothing", id="never-up-or-down"),
        pytest.param(False, UP, "create", id="first-up"),
        pytest.param(True, REACH, "create: its container was gone", id="removed-by-hand"),
        pytest.param(True, UP, "create: its container was gone", id="removed-by-hand-then-up"),
    ],
)
def test_without_a_container_the_network_tells_whether_it_should_run(
    wanted: str | None, expected: str, *, has_network: bool
) -> None:
    assert told(None, wanted, has_network=has_network) == expected


@pytest.mark.parametrize("state", ["running", "restarting"])
@pytest.mark.parametrize(
    ("change", "has_network", "wanted", "expected"),
    [
        pytest.param({}, True, REACH, "use", id="reach"),
        pytest.param({}, True, UP, "use", id="up"),
        pytest.param({"content": "another's"}, True, REACH, "use", id="reach-of-another"),
        pytest.param({}, True, UP_OF_ANOTHER, "replace: it was of another minisets", id="up-of-another"),
        pytest.param(
            {"content": ""}, True, UP, "replace: it was of another minisets", id="up-of-who-knows-what"
        ),
        pytest.param(
            {"is_connected": False}, True, REACH, "create: it was cut off its network", id="cut-off"
        ),
        pytest.param(
            {"is_connected": False}, True, UP, "create: it was cut off its network", id="cut-off-up"
        ),
        pytest.param({}, False, REACH, "create: its network was gone", id="network-removed"),
        pytest.param({"schema": SCHEMA + 1}, True, REACH, "use", id="reach-of-a-newer-state"),
        pytest.param({"schema": SCHEMA + 1, "content": "newer"}, True, UP, NEWER, id="up-over-a-newer-state"),
        pytest.param(
            {"schema": SCHEMA + 1, "content": "newer"}, False, UP, NEWER, id="up-over-a-newer-state-cut-off"
        ),
        pytest.param({"schema": 0}, True, UP, "use", id="schema-unknown"),
    ],
)
def test_a_container_that_is_alive_is_used_where_it_can_serve(
    state: str,
    change: dict[str, Any],
    wanted: str | None,
    expected: str,
    *,
    has_network: bool,
) -> None:
    assert told(replace(GOOD, state=state, **change), wanted, has_network=has_network) == expected


@pytest.mark.parametrize("wanted", [REACH, UP, UP_OF_ANOTHER])
@pytest.mark.parametrize("has_network", [True, False])
@pytest.mark.parametrize(
    ("state", "error", "code", "expected"),
    [
        ("created", "", 0, "create: its start was broken off"),
        (
            "created",
            "port is already allocated",
            128,
            "create: its container could not be started (port is already allocated)",
        ),
        ("exited", "", 137, "create: its container had ended with code 137"),
        ("exited", "", 0, "create: its container had ended with code 0"),
        (
            "exited",
            "network db not found",
            255,
            "create: its container had ended (network db not found)",
        ),
        ("dead", "", 1, "create: its container had ended with code 1"),
        ("removing", "", 137, "create: its container had ended with code 137"),
    ],
)
def test_a_container_that_ended_is_made_anew_and_its_end_told(
    state: str, error: str, code: int, expected: str, wanted: str | None, *, has_network: bool
) -> None:
    ended = replace(GOOD, state=state, error=error, exit_code=code)
    assert told(ended, wanted, has_network=has_network) == expected


@pytest.mark.parametrize("wanted", [REACH, UP, UP_OF_ANOTHER])
@pytest.mark.parametrize("has_network", [True, False])
def test_a_paused_container_is_left_to_whoever_paused_it(wanted: str | None, *, has_network: bool) -> None:
    assert told(replace(GOOD, state="paused"), wanted, has_network=has_network) == PAUSED


def test_whatever_is_there_the_step_keeps_to_its_rules() -> None:
    found = [
        replace(GOOD, state=state, is_connected=is_connected, content=content, schema=schema)
        for state, is_connected, content, schema in product(
            STATES, (True, False), ("ours", "another's"), (0, SCHEMA, SCHEMA + 1)
        )
    ]
    for container, has_network, wanted in product([None, *found], (True, False), (REACH, UP, UP_OF_ANOTHER)):
        step = next_step("db", container, has_network=has_network, wanted=wanted)
        assert step == next_step("db", container, has_network=has_network, wanted=wanted)
        assert "\n" not in step.cause
        match step.what:
            case "nothing":
                assert (container, has_network, wanted) == (None, False, None)
            case "replace":
                assert container is not None
                assert wanted not in (None, container.content)
            case "use":
                assert container is not None
                assert container.state in ("running", "restarting")
                assert container.is_connected
                assert has_network
                assert wanted in (None, container.content)
            case "refuse":
                assert container is not None
                assert step.cause
                assert container.state == "paused" or (wanted and container.schema > SCHEMA)
            case "create":
                assert container is None or wanted in (None, container.content) or container.schema <= SCHEMA


def test_a_step_without_a_cause_says_nothing() -> None:
    assert Step("use").cause == ""
