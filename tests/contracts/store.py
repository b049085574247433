"""What every store promises; each test of it inherits this suite and hands in its own store."""

import threading
from collections.abc import Callable

import pytest

from minisets import errors
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import name_of, version_of
from minisets.store.interface import Change, ChangeType, Store

ADDED, MODIFIED, DELETED = ChangeType.ADDED, ChangeType.MODIFIED, ChangeType.DELETED

OpenStore = Callable[..., Store]


def pod(name: str, namespace: str = "default", **spec: object) -> Object:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }


def pod_ref(name: str, namespace: str = "default") -> Ref:
    return Ref("Pod", namespace, name)


def node(name: str) -> Object:
    return {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name}}


def put(store: Store, *objects: Object, expected: int | None = None) -> Object:
    """Put these in one transaction; returns the last as it is stored."""
    with store.transaction() as transaction:
        return [transaction.put(obj, expected=expected) for obj in objects][-1]


def delete(store: Store, ref: Ref, *, expected: int | None = None) -> Object:
    with store.transaction() as transaction:
        return transaction.delete(ref, expected=expected)


def told(changes: tuple[Change, ...]) -> list[tuple[ChangeType, str]]:
    return [(change.type, change.ref.name) for change in changes]


def ignore() -> None:
    """For subscriptions that the test itself asks."""


class StoreContract:
    """Subclasses have a fixture `open_store(history=..., buffer=...)` and one `store`."""

    # --- objects ---

    def test_what_was_put_is_got_and_listed(self, store: Store) -> None:
        stored = put(store, pod("web-0", image="nginx"))
        assert store.get(pod_ref("web-0")) == stored
        assert stored["spec"] == {"image": "nginx"}
        assert store.list("Pod").items == (stored,)
        assert store.get(pod_ref("web-1")) is None
        assert store.list("Service").items == ()

    def test_the_putters_object_stays_its_own(self, store: Store) -> None:
        mine = pod("web-0", containers=[{"name": "c"}])
        put(store, mine)
        mine["spec"]["containers"][0]["name"] = "changed"
        assert "resourceVersion" not in mine["metadata"]
        stored = store.get(pod_ref("web-0"))
        assert stored is not None
        assert stored["spec"]["containers"][0]["name"] == "c"

    def test_lists_are_sorted_by_namespace_and_name(self, store: Store) -> None:
        """A-145."""
        for namespace, name in (("b", "a"), ("a", "web-1"), ("a-b", "x"), ("a", "web-0"), ("a", "web-10")):
            put(store, pod(name, namespace))
        keys = [(obj["metadata"]["namespace"], name_of(obj)) for obj in store.list("Pod").items]
        assert keys == [("a", "web-0"), ("a", "web-1"), ("a", "web-10"), ("a-b", "x"), ("b", "a")]
        assert [name_of(obj) for obj in store.list("Pod", "a").items] == ["web-0", "web-1", "web-10"]
        assert store.list("Pod", "c").items == ()

    def test_objects_without_a_namespace_are_kept_apart_by_kind(self, store: Store) -> None:
        put(store, node("x"))
        put(store, pod("x"))
        assert [obj["kind"] for obj in store.list("Node").items] == ["Node"]
        assert store.get(Ref("Node", "", "x")) is not None

    # --- versions ---

    def test_one_version_grows_over_all_kinds(self, store: Store) -> None:
        before = store.version()
        versions = [
            version_of(put(store, pod("a"))),
            version_of(put(store, node("n"))),
            version_of(put(store, pod("a"))),
            version_of(delete(store, pod_ref("a"))),
        ]
        assert versions == sorted(set(versions))
        assert before < versions[0]
        assert store.version() == versions[-1] == store.list("Pod").version

    def test_an_empty_store_lists_at_a_version_that_can_be_watched(self, store: Store) -> None:
        """A-145: neither empty nor 0."""
        listing = store.list("Pod")
        assert listing.version > 0
        subscription = store.watch("Pod", listing.version, ignore)
        put(store, pod("a"))
        assert told(subscription.take()) == [(ADDED, "a")]

    def test_a_stale_version_is_a_conflict_in_kubernetes_words(self, store: Store) -> None:
        stale = version_of(put(store, pod("web-0")))
        put(store, pod("web-0", image="newer"))
        with pytest.raises(errors.Conflict) as refusal:
            put(store, pod("web-0"), expected=stale)
        assert str(refusal.value) == (
            'Operation cannot be fulfilled on pods "web-0": the object has been modified; '
            "please apply your changes to the latest version and try again"
        )
        with pytest.raises(errors.Conflict):
            delete(store, pod_ref("web-0"), expected=stale)

    def test_the_expected_version_lets_a_write_through(self, store: Store) -> None:
        first = version_of(put(store, pod("web-0"), expected=0))
        second = version_of(put(store, pod("web-0"), expected=first))
        delete(store, pod_ref("web-0"), expected=second)
        with pytest.raises(errors.Conflict):
            put(store, pod("web-0"), expected=second)

    def test_a_name_that_is_taken_already_exists(self, store: Store) -> None:
        put(store, pod("web-0"))
        with pytest.raises(errors.AlreadyExists) as refusal:
            put(store, pod("web-0"), expected=0)
        assert str(refusal.value) == 'pods "web-0" already exists'
        assert refusal.value.details() == {"name": "web-0", "kind": "pods"}

    def test_deleting_what_is_not_there_is_not_found(self, store: Store) -> None:
        ref = Ref("StatefulSet", "default", "web")
        with pytest.raises(errors.NotFound) as refusal:
            delete(store, ref)
        assert str(refusal.value) == 'statefulsets.apps "web" not found'
        assert refusal.value.details() == {"name": "web", "group": "apps", "kind": "statefulsets"}

    # --- transactions ---

    def test_a_transaction_sees_its_own_writes_and_others_do_not(self, store: Store) -> None:
        put(store, pod("a"))
        with store.transaction() as transaction:
            transaction.put(pod("b"))
            transaction.put(pod("c", "other"))
            transaction.delete(pod_ref("a"))
            assert [name_of(obj) for obj in transaction.list("Pod").items] == ["b", "c"]
            assert [name_of(obj) for obj in transaction.list("Pod", "default").items] == ["b"]
            assert transaction.get(pod_ref("a")) is None
            assert transaction.get(pod_ref("b")) is not None
            assert [name_of(obj) for obj in store.list("Pod").items] == ["a"]
            assert store.get(pod_ref("b")) is None
        assert [name_of(obj) for obj in store.list("Pod").items] == ["b", "c"]

    def test_a_transaction_that_raises_leaves_no_trace(self, store: Store) -> None:
        put(store, pod("a"))
        before = store.list("Pod")
        subscription = store.watch("Pod", before.version, ignore)
        with pytest.raises(errors.AlreadyExists):
            put(store, pod("b"), pod("a"), expected=0)
        assert store.list("Pod") == before
        assert subscription.take() == ()
        put(store, pod("c"))
        assert told(subscription.take()) == [(ADDED, "c")]

    def test_an_object_may_be_made_changed_and_removed_in_one_transaction(self, store: Store) -> None:
        since = store.version()
        with store.transaction() as transaction:
            transaction.put(pod("a"), expected=0)
            transaction.put(pod("a", image="x"))
            transaction.delete(pod_ref("a"))
            transaction.put(pod("a"), expected=0)
        changes = store.watch("Pod", since, ignore).take()
        assert told(changes) == [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a"), (ADDED, "a")]
        assert changes[3].previous is None
        assert [name_of(obj) for obj in store.list("Pod").items] == ["a"]

    def test_a_thread_cannot_open_a_second_transaction_inside_the_first(self, store: Store) -> None:
        with (
            store.transaction(),
            pytest.raises(RuntimeError, match="already has a transaction"),
            store.transaction(),
        ):
            pytest.fail("a transaction inside a transaction")

    def test_writers_are_serialised(self, store: Store) -> None:
        put(store, pod("counter", count=0))

        def count() -> None:
            for _ in range(50):
                with store.transaction() as transaction:
                    current = transaction.get(pod_ref("counter"))
                    assert current is not None
                    transaction.put(pod("counter", count=current["spec"]["count"] + 1))

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counted = store.get(pod_ref("counter"))
        assert counted is not None
        assert counted["spec"]["count"] == 200

    # --- watching ---

    def test_a_watch_replays_what_came_since_and_goes_on(self, store: Store) -> None:
        """A-146."""
        put(store, pod("before"))
        since = store.version()
        put(store, pod("a"))
        put(store, node("n"))
        put(store, pod("a", image="x"))
        subscription = store.watch("Pod", since, ignore)
        delete(store, pod_ref("a"))
        changes = subscription.take()
        assert told(changes) == [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a")]
        assert [change.version for change in changes] == [since + 1, since + 3, since + 4]
        assert all(version_of(change.object) == change.version for change in changes)
        assert subscription.take() == ()

    def test_changes_carry_the_state_before_them(self, store: Store) -> None:
        first = put(store, pod("a"))
        since = store.version()
        second = put(store, pod("a", image="x"))
        last = delete(store, pod_ref("a"))
        assert last["spec"] == second["spec"]
        assert version_of(second) < version_of(last)
        replayed = store.watch("Pod", since, ignore).take()
        assert [change.previous for change in replayed] == [first, second]

    def test_a_watch_may_be_of_one_namespace(self, store: Store) -> None:
        since = store.version()
        put(store, pod("a", "one"))
        subscription = store.watch("Pod", since, ignore, "one")
        put(store, pod("b", "two"))
        put(store, pod("c", "one"))
        assert told(subscription.take()) == [(ADDED, "a"), (ADDED, "c")]

    def test_on_ready_is_called_for_history_and_for_each_commit(self, store: Store) -> None:
        calls: list[str] = []
        since = store.version()
        put(store, pod("a"))
        store.watch("Pod", since, lambda: calls.append("replay"))
        assert calls == ["replay"]
        store.watch("Pod", store.version(), lambda: calls.append("live"))
        assert calls == ["replay"]
        with store.transaction() as transaction:
            transaction.put(pod("b"))
            transaction.put(pod("c"))
            assert calls == ["replay"], "told before the commit"
        assert calls[1:] == ["replay", "live"]
        put(store, node("n"))
        assert len(calls) == 3

    def test_a_subscriber_that_is_too_slow_gets_expired_and_holds_nobody_up(
        self, open_store: OpenStore
    ) -> None:
        store = open_store(buffer=3)
        slow = store.watch("Pod", store.version(), ignore)
        quick = store.watch("Pod", store.version(), ignore)
        taken = 0
        for number in range(5):
            put(store, pod(f"p{number}"))
            taken += len(quick.take())
        assert taken == 5
        with pytest.raises(errors.Expired):
            slow.take()
        put(store, pod("later"))
        with pytest.raises(errors.Expired):
            slow.take()

    def test_a_long_replay_is_not_mistaken_for_slowness(self, open_store: OpenStore) -> None:
        store = open_store(buffer=3)
        since = store.version()
        for number in range(10):
            put(store, pod(f"p{number}"))
        assert len(store.watch("Pod", since, ignore).take()) == 10

    def test_a_closed_subscription_hears_nothing(self, store: Store) -> None:
        subscription = store.watch("Pod", store.version(), ignore)
        put(store, pod("a"))
        subscription.close()
        subscription.close()
        put(store, pod("b"))
        assert subscription.take() == ()

    def test_watches_begun_while_others_write_lose_and_repeat_nothing(self, store: Store) -> None:
        since = store.version()
        done = threading.Event()

        def write() -> None:
            for number in range(200):
                put(store, pod(f"p{number % 7}", number=number))
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        subscriptions = []
        while not done.is_set():
            subscriptions.append(store.watch("Pod", since, ignore))
        writer.join()
        for subscription in subscriptions:
            versions = [change.version for change in subscription.take()]
            assert versions == list(range(since + 1, since + 201))

    # --- history ---

    def test_compaction_forgets_history_and_keeps_objects(self, store: Store) -> None:
        put(store, pod("a"))
        old = store.version()
        put(store, pod("a", image="x"))
        put(store, pod("b"))
        middle = store.version()
        put(store, pod("a", image="y"))
        delete(store, pod_ref("b"))
        store.compact(middle)
        with pytest.raises(errors.Expired, match=f"too old resource version: {old} "):
            store.watch("Pod", old, ignore)
        changes = store.watch("Pod", middle, ignore).take()
        assert told(changes) == [(MODIFIED, "a"), (DELETED, "b")]
        assert [change.previous is not None for change in changes] == [True, True]
        assert [name_of(obj) for obj in store.list("Pod").items] == ["a"]

    def test_compacting_everything_leaves_only_the_present_to_watch(self, store: Store) -> None:
        put(store, pod("a"))
        before = store.version() - 1
        store.compact(store.version() + 1_000)
        store.compact(0)
        with pytest.raises(errors.Expired):
            store.watch("Pod", before, ignore)
        subscription = store.watch("Pod", store.version(), ignore)
        put(store, pod("b"))
        assert told(subscription.take()) == [(ADDED, "b")]

    def test_history_is_bounded_by_itself(self, open_store: OpenStore) -> None:
        store = open_store(history=10)
        since = store.version()
        for number in range(40):
            put(store, pod("a", number=number))
        with pytest.raises(errors.Expired):
            store.watch("Pod", since, ignore)
        assert len(store.watch("Pod", store.version() - 10, ignore).take()) == 10

    def test_a_version_from_the_future_is_another_epochs(self, store: Store) -> None:
        with pytest.raises(errors.Expired):
            store.watch("Pod", store.version() + 1, ignore)

    # --- the end ---

    def test_closing_ends_subscriptions_and_writing(self, store: Store) -> None:
        subscription = store.watch("Pod", store.version(), ignore)
        put(store, pod("a"))
        store.close()
        store.close()
        assert subscription.take() == ()
        with pytest.raises(errors.ServiceUnavailable):
            put(store, pod("b"))
