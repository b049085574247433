"""Who stands still."""

from minisets.kubelet.snapshots.pauses import Pauses


def test_a_pod_is_held_for_as_long_as_anybody_holds_it_and_woken_then() -> None:
    woken: list[str] = []
    pauses = Pauses(woken.append)
    with pauses.holding(["default/a", "default/b"], ["1"]):
        with pauses.holding(["default/a"], ["1", "2"]):
            assert pauses.holds_pod("default/a")
        assert pauses.holds_pod("default/a")
        assert not pauses.holds_pod("default/c")
    assert not pauses.holds_pod("default/a")
    assert sorted(woken) == ["default/a", "default/a", "default/b"]


def test_whether_a_container_stood_still_in_between_is_told() -> None:
    pauses = Pauses()
    before = pauses.times("1")
    assert before == pauses.times("1")
    with pauses.holding([], ["1"]):
        assert pauses.times("1") is None
        assert pauses.times("2") == pauses.times("3")
    assert pauses.times("1") not in (before, None)
