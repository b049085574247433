"""What every kubectl command that only prints prints here, read once by a person: see the sessions beside.

pytest tests/transcripts --rewrite-transcripts     writes them anew; then read what changed
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.session import Step, compared, masked, ran, steps

SESSIONS = sorted(Path(__file__).parent.glob("*.session"))


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_a_session_prints_what_it_says(
    session: Path, place: tuple[dict[str, str], Path], request: pytest.FixtureRequest
) -> None:
    environment, folder = place
    text = session.read_text()
    head = text.partition("$ ")[0]
    rewritten, wrong = [head], list[str]()
    for step in steps(text):
        printed = ran(step.command, environment, folder)
        rewritten += [f"$ {step.command}\n", *(f"{line}\n" for line in printed), "\n"]
        if compared(printed) != compared(step.shown):
            wrong.append("\n".join([f"$ {step.command}", *printed]))
    if request.config.getoption("--rewrite-transcripts"):
        session.write_text("".join(rewritten).rstrip("\n") + "\n")
        return
    assert not wrong, "printed otherwise:\n" + "\n\n".join(wrong)


def test_a_session_is_taken_apart_into_commands_and_their_lines() -> None:
    assert list(steps("head\n$ one\n$ two  a\nthree\n\nfour\n")) == [
        Step("one", ()),
        Step("two  a", ("three", "", "four")),
    ]


@pytest.mark.parametrize(("line", "expected"), [
    ("web-0   1/1     Running   0          12s", "web-0   1/1     Running   0          <age>"),
    ("web-0   1/1     Running   1 (5s ago)   3m10s", "web-0   1/1     Running   1 (<age> ago)   <age>"),
    ("Normal  Pulled  2s  kubelet", "Normal  Pulled  <age>  kubelet"),
    ("  uid: 15c268c7-b507-11e6-932f-42010a800002", "  uid: <uid>"),
    ("Age: Sun, 29 Nov 2026 23:32:22 +0000", "Age: <time>"),
    ('  creationTimestamp: "2026-11-29T23:32:22Z"', '  creationTimestamp: "<time>"'),
    ("  Normal  Killing  10s (x2 over 1m2s)  kubelet", "  Normal  Killing  <age> (x2 over <age>)  kubelet"),
    ("web-0   1/1     Running   0          2m", "web-0   1/1     Running   0          <age>"),
    ("web-0   nginx   11m          1Mi", "web-0   nginx   11m          1Mi"),
    ("Container   cpu       -    500m  0m", "Container   cpu       -    500m  0m"),
    ("image nginx:1.9.1 has 80/TCP and 30s-grace", "image nginx:1.9.1 has 80/TCP and 30s-grace"),
])  # fmt: skip
def test_masks_hide_what_differs_and_nothing_else(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_events_of_one_second_come_in_any_order_and_columns_have_any_width() -> None:
    assert compared(["A  B", "Events:", "  x", "  y", ""]) == compared(["A    B", "Events:", "  y", "  x"])
    assert compared(["A  B", "  x"]) != compared(["A  B", "x"])
