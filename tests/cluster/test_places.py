"""Where a cluster's files lie."""

from pathlib import Path

import pytest

from minisets.cluster.places import places
from minisets.errors import UsageError

HOME = Path("/home/ann")


def test_state_and_kubeconfig_lie_where_people_look_for_them() -> None:
    found = places("minisets", HOME, {})
    assert found.state == HOME / ".local/state/minisets/minisets"
    assert found.kubeconfig == HOME / ".kube/minisets/minisets.yaml"
    assert {path.parent for path in (found.process, found.port)} == {found.state}


def test_the_state_follows_xdg() -> None:
    assert places("a", HOME, {"XDG_STATE_HOME": "/var/ann"}).state == Path("/var/ann/minisets/a")


def test_one_variable_moves_everything() -> None:
    found = places("a", HOME, {"MINISETS_HOME": "/srv", "XDG_STATE_HOME": "/var/ann"})
    assert (found.state, found.kubeconfig) == (Path("/srv/a"), Path("/srv/a/kubeconfig.yaml"))


@pytest.mark.parametrize("name", ["a", "a-b", "0", "a" * 40, "test-1-abc"])
def test_names_that_fit_are_taken(name: str) -> None:
    assert places(name, HOME, {}).cluster == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a_b", "a.b", "../a", "a/b", "a" * 41, "a\n"])
def test_names_that_do_not_fit_are_misuse(name: str) -> None:
    with pytest.raises(UsageError, match="at most 40 lower-case letters"):
        places(name, HOME, {})
