"""Copies back into volumes: one at a time into each, told once, and to nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from minisets.engine import labels
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.kubelet.lanes import Lane
from minisets.kubelet.snapshots.copying import Copier, Pair
from minisets.kubelet.snapshots.fills import Fills, Outcome
from tests.kubelet.world import SOON, World
from tests.waiting import holds, until

COPY = "minisets__copy-*"
DONE = Outcome()


class Filling:
    """Two copies, `one` and `two`, and a claim's volume, `www`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.copier = Copier(world.engine, SandboxImage(world.engine), world.clock, "minisets")
        self.lane = Lane("copies", 2)
        self.fills = Fills(world.engine, self.copier, self.lane, "minisets")
        self.is_wanted = True
        self.ended = 0
        named = {"metadata": {"namespace": "default", "name": "www", "uid": "u"}}
        claim = labels.volume_labels("minisets", named, "pvc-u", reclaim="Delete")
        world.engine.create_volume(VolumeSpec("www", claim))
        for copy in ("one", "two"):
            made = labels.snapshot_labels("minisets", named, named, "1Gi", "2026-11-23T11:00:00Z")
            world.engine.create_volume(VolumeSpec(copy, made))
            self.write(copy, "/v/data/log", copy.encode())
            self.write(copy, f"/v/data/only-{copy}", b"x")

    def write(self, volume: str, path: str, data: bytes) -> None:
        mounts = (Mount("volume", "/v", volume),)
        self.world.engine.create_container(ContainerSpec("writer", "x", {}, mounts=mounts))
        self.world.engine.write_file("writer", path, data)
        self.world.engine.remove_container("writer")

    def ask(self, copy: str, key: str = "k") -> Outcome | None:
        return self.fills.ask(key, copy, "www", lambda: self.is_wanted, self._end)

    def _end(self) -> None:
        self.ended += 1

    def wait(self, times: int) -> None:
        until(lambda: self.ended == times, f"{times} to have ended")

    def held(self) -> dict[str, bytes]:
        return {path: file.data for path, file in self.world.engine.files_of("www").items()}

    def helpers(self) -> list[str]:
        return [one.name for one in self.world.engine.list_containers({labels.KIND: "copy"})]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """What begins meanwhile copies nothing until `finish`."""
        self.world.engine.behave(COPY, hangs=True)
        yield
        self.world.engine.behave(COPY, hangs=False)

    def finish(self) -> None:
        (helper,) = self.helpers()
        self.world.engine.exit(helper, 0)
        self.world.clock.advance(timedelta(seconds=1))


@pytest.fixture
def filling(world: World) -> Iterator[Filling]:
    made = Filling(world)
    yield made
    made.copier.stop()
    assert made.lane.stop(SOON)


def test_how_it_went_is_told_once(filling: Filling) -> None:
    assert filling.ask("one") is None
    filling.wait(1)
    assert filling.ask("one") == DONE
    assert filling.held() == {"log": b"one", "only-one": b"x"}
    filling.write("www", "/v/log", b"later")
    assert filling.ask("one") is None, "it begins anew"
    filling.wait(2)
    assert (filling.ask("one"), filling.held()["log"]) == (DONE, b"one")


def test_two_copies_never_go_into_one_volume_at_once(filling: Filling) -> None:
    with filling.going_on():
        assert filling.ask("one") is None
        until(filling.helpers, "the first to go on")
        assert filling.ask("two") is None
        assert filling.ask("two", "another") is None
        assert len(filling.helpers()) == 1
    filling.finish()
    filling.wait(1)
    assert filling.ask("two") is None, "what the first one said is not the second one's"
    filling.wait(2)
    assert (filling.ask("two"), filling.held()) == (DONE, {"log": b"two", "only-two": b"x"})


@pytest.mark.parametrize("before_the_end", [True, False])
def test_what_was_given_up_is_copied_anew_when_it_is_asked_for_again(
    filling: Filling, *, before_the_end: bool
) -> None:
    with filling.going_on():
        assert filling.ask("one") is None
        until(filling.helpers, "it to go on")
        if before_the_end:
            filling.fills.forget("k")
    filling.finish()
    filling.wait(1)
    filling.fills.forget("k")
    filling.write("www", "/v/log", b"later")
    assert filling.ask("one") is None
    filling.wait(2)
    assert (filling.ask("one"), filling.held()["log"]) == (DONE, b"one")


def test_what_is_wanted_no_more_when_its_turn_comes_is_left_alone(filling: Filling) -> None:
    filling.write("www", "/v/log", b"another claim's")
    with filling.copier.helper([Pair("www", "copy")]):
        assert filling.ask("one") is None
        filling.is_wanted = False
    filling.wait(1)
    assert filling.held() == {"log": b"another claim's"}
    assert filling.ask("one") == Outcome("it is asked for no more")


def test_what_a_killed_kubelet_still_copies_is_ended_first(filling: Filling) -> None:
    engine = filling.world.engine
    for name, paused in (("writes", ""), ("reads", "somebody")):
        ours = labels.copy_labels("minisets", [paused] if paused else [])
        engine.create_container(ContainerSpec(f"minisets__copy-{name}", "x", ours))
        engine.start_container(f"minisets__copy-{name}")
    engine.create_container(ContainerSpec("another__copy-a", "x", labels.copy_labels("another")))
    assert filling.ask("one") is None
    filling.wait(1)
    assert filling.ask("one") == DONE
    assert sorted(filling.helpers()) == ["another__copy-a", "minisets__copy-reads"]


def test_a_kubelet_that_ends_is_no_failure(filling: Filling) -> None:
    with filling.going_on():
        assert filling.ask("one") is None
        until(filling.helpers, "it to go on")
        filling.copier.stop()
        filling.wait(1)
    assert filling.ask("one") is None
    assert filling.helpers() == []


def test_a_volume_is_not_put_back_while_it_is_being_copied(filling: Filling) -> None:
    with filling.copier.helper([Pair("www", "copy")]):
        (name,) = filling.helpers()
        assert filling.ask("one") is None
        holds(lambda: filling.helpers() == [name] and not filling.ended, "nothing to be copied")
        assert not filling.fills.is_unfinished("www"), "a look waits for nobody"
    filling.wait(1)
    assert filling.ask("one") == DONE
