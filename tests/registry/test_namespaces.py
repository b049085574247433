"""Namespaces go in two steps: nothing new comes in, and when they are empty they go."""

import pytest

from minisets.errors import Forbidden
from minisets.objects.kinds import Object, Ref
from minisets.registry.options import Patch
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import metadata, refused

TEAM = Ref("Namespace", "", "team")


@pytest.fixture
def team(registry: Registry) -> Object:
    return registry.create("Namespace", "", {"metadata": {"name": "team"}}).object


def emptied(namespace: Object) -> Object:
    namespace["spec"]["finalizers"] = []
    return namespace


def test_a_namespace_can_be_selected_by_its_name(team: Object) -> None:
    """A-154."""
    assert metadata(team)["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert team["spec"] == {"finalizers": ["kubernetes"]}
    assert team["status"] == {"phase": "Active"}


@pytest.mark.usefixtures("team")
def test_a_deleted_namespace_is_terminating_until_it_is_finalized(
    registry: Registry, store: MemoryStore
) -> None:
    """A-154."""
    outcome = registry.delete(TEAM)
    assert not outcome.gone
    assert outcome.object["status"]["phase"] == "Terminating"
    assert metadata(outcome.object)["deletionTimestamp"]
    registry.change(TEAM, emptied, subresource="finalize")
    assert store.get(TEAM) is None


@pytest.mark.usefixtures("team")
def test_a_second_deletion_of_a_namespace_writes_nothing(registry: Registry, store: MemoryStore) -> None:
    registry.delete(TEAM)
    before = store.version()
    assert not registry.delete(TEAM).gone
    assert store.version() == before


def test_an_update_does_not_finalize_a_namespace(registry: Registry, team: Object) -> None:
    assert registry.change(TEAM, emptied) == team
    registry.delete(TEAM)
    still = registry.patch(TEAM, Patch("merge", {"spec": {"finalizers": []}}))
    assert still.object["spec"] == {"finalizers": ["kubernetes"]}
    assert not still.gone


@pytest.mark.usefixtures("team")
def test_a_finalizer_holds_a_finalized_namespace_too(registry: Registry, store: MemoryStore) -> None:
    registry.patch(TEAM, Patch("merge", {"metadata": {"finalizers": ["example.com/hold"]}}))
    registry.delete(TEAM)
    registry.change(TEAM, emptied, subresource="finalize")
    assert store.get(TEAM) is not None
    assert registry.patch(TEAM, Patch("merge", {"metadata": {"finalizers": None}})).gone


def test_the_namespace_default_stays(registry: Registry) -> None:
    with refused(Forbidden, 'namespaces "default" is forbidden: this namespace may not be deleted'):
        registry.delete(Ref("Namespace", "", "default"))
