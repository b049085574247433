"""A machine that writes, watches, compacts and restarts at will: every watcher ends at the listing."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from minisets import errors
from minisets.clock import FakeClock
from minisets.objects.metadata import ref_of, version_of
from minisets.store.follow import Follower
from minisets.store.interface import ChangeType, Store
from minisets.store.memory import MemoryStore
from minisets.store.sqlite import SqliteStore
from tests.contracts.store import ignore, pod, pod_ref

if TYPE_CHECKING:
    from minisets.objects.kinds import Object, Ref

NAMES = st.sampled_from(["web-0", "web-1", "web-2"])
NAMESPACES = st.sampled_from(["default", "other"])


class Watcher:
    """What a client knows: the listing that it began with, and every change since."""

    def __init__(self, store: Store, namespace: str) -> None:
        self.namespace = namespace
        self._begin(store)

    def _begin(self, store: Store) -> None:
        listing = store.list("Pod", self.namespace)
        self.known = {ref_of(obj): obj for obj in listing.items}
        self.version = listing.version
        self.subscription = store.watch("Pod", self.version, ignore, self.namespace)

    def reconnect(self, store: Store) -> None:
        """Go on from the last version seen, as a client does whose connection broke."""
        self.subscription.close()
        try:
            self.subscription = store.watch("Pod", self.version, ignore, self.namespace)
        except errors.Expired:
            self._begin(store)

    def catch_up(self, store: Store) -> None:
        try:
            changes = self.subscription.take()
        except errors.Expired:
            self._begin(store)
            return
        for change in changes:
            assert change.version > self.version, "repeated, or out of order"
            assert change.previous == self.known.get(change.ref)
            self.version = change.version
            if change.type is ChangeType.DELETED:
                del self.known[change.ref]
            else:
                assert (change.type is ChangeType.ADDED) == (change.ref not in self.known)
                self.known[change.ref] = change.object


class StoreMachine(RuleBasedStateMachine):
    """Its model of the store is a dict; the store's truth is checked against it after each step."""

    watchers = Bundle("watchers")

    def open(self) -> Store:
        raise NotImplementedError

    @initialize()
    def start(self) -> None:
        self.store = self.open()
        self.model: dict[Ref, Object] = {}
        self.begun: list[Watcher] = []
        self.follower = Follower(self.store, ("Pod",), ignore)
        self.followed: dict[Ref, Object] = {}

    @rule(name=NAMES, namespace=NAMESPACES, number=st.integers(0, 9))
    def put(self, name: str, namespace: str, number: int) -> None:
        current = self.model.get(pod_ref(name, namespace))
        expected = version_of(current) if current else 0
        with self.store.transaction() as transaction:
            stored = transaction.put(pod(name, namespace, number=number), expected=expected)
        self.model[ref_of(stored)] = stored

    @rule(name=NAMES, namespace=NAMESPACES)
    def delete(self, name: str, namespace: str) -> None:
        ref = pod_ref(name, namespace)
        try:
            with self.store.transaction() as transaction:
                transaction.delete(ref)
        except errors.NotFound:
            assert ref not in self.model
        else:
            del self.model[ref]

    @rule(names=st.lists(NAMES, min_size=1, max_size=6))
    def put_several_at_once(self, names: list[str]) -> None:
        with self.store.transaction() as transaction:
            stored = [transaction.put(pod(name)) for name in names]
        self.model |= {ref_of(obj): obj for obj in stored}

    @rule(names=st.lists(NAMES, min_size=1, max_size=3))
    def fail_half_way(self, names: list[str]) -> None:
        try:
            with self.store.transaction() as transaction:
                for name in names:
                    transaction.put(pod(name, number=-1))
                transaction.delete(pod_ref("never-there"))
        except errors.NotFound:
            pass

    @rule(back=st.integers(0, 5))
    def compact(self, back: int) -> None:
        self.store.compact(self.store.version() - back)

    @rule(target=watchers, namespace=st.sampled_from(["", "default", "other"]))
    def watch(self, namespace: str) -> Watcher:
        watcher = Watcher(self.store, namespace)
        self.begun.append(watcher)
        return watcher

    @rule(watcher=watchers)
    def catch_up(self, watcher: Watcher) -> None:
        watcher.catch_up(self.store)

    @rule(watcher=watchers)
    def reconnect(self, watcher: Watcher) -> None:
        watcher.reconnect(self.store)

    @rule(target=watchers)
    def follow(self) -> object:
        for change in self.follower.changes():
            if change.type is ChangeType.DELETED:
                del self.followed[change.ref]
            else:
                self.followed[change.ref] = change.object
        assert self.followed == self.model
        return multiple()

    @invariant()
    def the_listing_is_the_model(self) -> None:
        listing = self.store.list("Pod")
        assert listing.items == tuple(obj for _, obj in sorted(self.model.items(), key=lambda item: item[0]))

    def teardown(self) -> None:
        for watcher in self.begun:
            watcher.catch_up(self.store)
            assert tuple(watcher.known[ref] for ref in sorted(watcher.known)) == (
                self.store.list("Pod", watcher.namespace).items
            )
        self.follow()
        self.store.close()


class MemoryMachine(StoreMachine):
    def open(self) -> Store:
        return MemoryStore(history=8, buffer=4)


class SqliteMachine(StoreMachine):
    def open(self) -> Store:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        return self.reopen()

    def reopen(self) -> SqliteStore:
        return SqliteStore(self.folder / "state.db", clock=self.clock, history=8, buffer=4)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.reopen()
        self.follower.close()
        self.follower, self.followed = Follower(self.store, ("Pod",), ignore), {}
        for watcher in self.begun:
            watcher.reconnect(self.store)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(max_examples=100, stateful_step_count=40)
TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(max_examples=15, stateful_step_count=25)
