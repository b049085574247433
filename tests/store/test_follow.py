import threading

import pytest

from minisets.store.follow import Follower
from minisets.store.interface import Change, ChangeType
from minisets.store.memory import MemoryStore
from tests.contracts.store import ADDED, DELETED, MODIFIED, delete, ignore, node, pod, pod_ref, put


def told(changes: tuple[Change, ...]) -> list[tuple[ChangeType, str, str]]:
    return [(change.type, change.ref.kind, change.ref.name) for change in changes]


def test_everything_there_comes_first_then_what_changes() -> None:
    store = MemoryStore()
    put(store, pod("a"))
    put(store, node("n"))
    follower = Follower(store, ("Pod", "Node"), ignore)
    assert told(follower.changes()) == [(ADDED, "Pod", "a"), (ADDED, "Node", "n")]
    assert follower.changes() == ()
    put(store, pod("a", image="x"))
    delete(store, pod_ref("a"))
    assert told(follower.changes()) == [(MODIFIED, "Pod", "a"), (DELETED, "Pod", "a")]


def test_its_owner_is_woken_at_the_start_and_at_each_change() -> None:
    store, woken = MemoryStore(), threading.Semaphore(0)
    follower = Follower(store, ("Pod",), woken.release)
    assert woken.acquire(blocking=False)
    follower.changes()
    put(store, pod("a"))
    assert woken.acquire(blocking=False)
    put(store, node("n"))
    assert not woken.acquire(blocking=False)


def test_after_an_overflow_it_lists_anew_and_tells_what_is_gone() -> None:
    store = MemoryStore(buffer=3)
    put(store, pod("gone"))
    put(store, pod("stays"))
    follower = Follower(store, ("Pod",), ignore)
    follower.changes()
    delete(store, pod_ref("gone"))
    for number in range(5):
        put(store, pod("busy", number=number))
    changes = follower.changes()
    assert told(changes) == [(ADDED, "Pod", "busy"), (ADDED, "Pod", "stays"), (DELETED, "Pod", "gone")]
    assert changes[2].object["metadata"]["name"] == "gone"
    put(store, pod("later"))
    assert told(follower.changes()) == [(ADDED, "Pod", "later")]


def test_a_closed_follower_tells_nothing_more() -> None:
    store = MemoryStore()
    follower = Follower(store, ("Pod",), ignore)
    put(store, pod("a"))
    follower.close()
    follower.close()
    assert follower.changes() == ()


def test_a_batch_whose_keys_cannot_be_told_is_told_again() -> None:
    store = MemoryStore()
    put(store, pod("gone"))
    put(store, pod("stays"))
    follower = Follower(store, ("Pod",), ignore)
    assert follower.keys(lambda change: [change.ref.name]) == {"gone", "stays"}
    delete(store, pod_ref("gone"))

    def refuse(_change: Change) -> list[str]:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        follower.keys(refuse)
    assert follower.keys(lambda change: [f"{change.type} {change.ref.name}"]) == {
        "DELETED gone",
        "ADDED stays",
    }
    assert follower.keys(lambda change: [change.ref.name]) == set()
