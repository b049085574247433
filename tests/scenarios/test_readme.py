"""The README's transcript is what a person gets who types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import ROOT
from tests.scenarios.transcript import masked, steps
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

BY_NAME = "minisets exec web-0 -- curl -s web-1.nginx"


@pytest.mark.docker
def test_the_readme_shows_what_its_commands_print(own_cluster: Cluster) -> None:
    session = list(steps((ROOT / "README.md").read_text()))
    assert session, "the README has no block marked `console`"
    assert BY_NAME in {step.command for step in session}
    for step in session:
        if step.command == BY_NAME:  # Why: its name follows a pod that is Ready a moment later
            until(lambda: own_cluster.shell(BY_NAME).code == 0, "web-1 to be found by its name")
        ended = own_cluster.shell(step.command).succeeded()
        if step.shown:
            assert masked(ended.out) == masked("\n".join(step.shown)), ended


def test_a_transcript_is_taken_apart_into_commands_and_their_lines() -> None:
    document = "text\n```console\n$ one\n$ two  a\nthree\n\nfour\n```\n```console\n$ other\n```\n"
    assert [(step.command, step.shown) for step in steps(document)] == [
        ("one", ()),
        ("two  a", ("three", "", "four")),
    ]
    assert list(steps("```sh\n$ one\n```\n")) == []


def test_masks_hide_what_differs_and_nothing_else() -> None:
    first = "NAME   AGE\nweb-0   pvc-15c268c7-b507-11e6-932f-42010a800002   4s\n  moving\nat 10.1.2.3:80\n"
    second = "NAME   AGE\nweb-0     pvc-00000000-b507-11e6-932f-42010a800003   1m10s\nat 10.99.2.3:81\n"
    assert masked(first) == masked(second)
    assert masked(first) != masked(second.replace("web-0", "web-1"))
