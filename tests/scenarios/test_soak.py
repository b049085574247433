"""A short soak: after each of some random operations every record's fate is judged (see tests/soak/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.soak import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

pytestmark = pytest.mark.docker

SEED, OPERATIONS = 1824, 22  # nearly every kind of operation, on a mixed set of Retain and whenDeleted Delete


def test_every_record_that_must_survive_is_there_and_no_claim_shows_anothers(
    docker_engine: docker.DockerClient, measured: Callable[[str], None]
) -> None:
    """Of policies and operations that the seed decides; `scripts/soak --seed N` goes on for longer."""
    del docker_engine  # its images are copied
    with opened(SEED, print) as soak:
        for operation in soak.drawn(OPERATIONS):
            soak.step(operation)
        measured(f"a soak, {soak.end().splitlines()[0]}")
