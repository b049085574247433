"""The control container's life as commands bring it about, on an engine that stands in for Docker.

What a real Docker does with such a container is shown in tests/scenarios/test_control_container.py.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from minisets.client.access import Access
from minisets.clock import SystemClock
from minisets.cluster import endpoint, lock, removal
from minisets.cluster.content import own_content
from minisets.cluster.control import Control, NotRunning
from minisets.cluster.mending import connected
from minisets.cluster.places import Places, places
from minisets.engine import labels
from minisets.errors import MinisetsError
from tests.cluster.person import Person, changes, dumb, killed
from tests.cluster.standin import StandIn
from tests.cluster.wire import WayIn

# --- up, and what follows ---


def test_once_it_serves_no_engine_is_asked(person: Person, standin: StandIn) -> None:
    access = person.up()
    standin.calls.clear()
    assert person.up() == person.get() == person.control.answering() == access
    assert standin.calls == []
    assert len(person.told) == 1


def test_down_takes_container_and_network_and_leaves_the_volume(person: Person, standin: StandIn) -> None:
    assert person.control.presence() == "absent"
    person.up()
    assert person.control.presence() == "up"
    assert person.down() is True
    assert (list(standin.boxes), list(standin.networks), list(standin.volumes)) == ([], [], ["minisets"])
    assert person.control.presence() == "down"
    assert person.down() is False


def test_a_clients_certificate_is_issued_by_the_authority_that_is_in_the_container(
    person: Person, standin: StandIn
) -> None:
    access = person.up()
    standin.calls.clear()
    issued = person.control.issue("jane", ("system:masters",))
    made, authority = (
        x509.load_pem_x509_certificate(one.encode()) for one in (issued.certificate, access.authority)
    )
    made.verify_directly_issued_by(authority)
    assert made.subject.rfc4514_string() == "CN=jane,O=system:masters"
    assert changes(standin) == []
    person.down()
    with pytest.raises(MinisetsError, match="not sound"):
        person.control.issue("jane", ())


def test_after_down_only_up_starts_it_and_the_way_in_is_the_same(person: Person) -> None:
    access = person.up()
    person.down()
    with pytest.raises(NotRunning):
        person.get()
    assert person.up() == access
    assert person.told[-1].startswith('started the server of cluster "minisets"')


def test_down_without_a_word_from_the_container_still_ends_it(person: Person, standin: StandIn) -> None:
    person.up()
    standin.end("minisets")
    assert person.down() is True
    assert standin.boxes == {}


def test_down_where_only_the_network_is_left_removes_that(person: Person, standin: StandIn) -> None:
    person.up()
    standin.remove("minisets")
    assert person.down() is True
    assert standin.networks == {}


def test_down_leaves_a_network_that_a_stranger_uses_and_says_so(person: Person, standin: StandIn) -> None:
    person.up()
    standin.add_box("theirs").networks = {"minisets"}
    assert person.down() is True
    assert list(standin.networks) == ["minisets"]
    assert person.told[-1].startswith("Warning: the network stays, for something that is not ours uses it")


def test_another_cluster_on_the_engine_is_another_world(
    person: Person, standin: StandIn, tmp_path: Path
) -> None:
    other = Person(places("other", tmp_path, {"MINISETS_HOME": str(tmp_path)}))
    first, second = person.up(), other.up()
    assert first.token != second.token
    assert first.address != second.address
    assert standin.subnet("minisets") != standin.subnet("other")
    person.down()
    assert other.get() == second
    assert list(standin.networks) == ["other"]


# --- it is mended ---


def removed(standin: StandIn) -> None:
    standin.remove("minisets")


def cut_off(standin: StandIn) -> None:
    """`docker network disconnect -f`: its port is not published any more."""
    box = standin.box("minisets")
    box.networks.clear()
    if box.server is not None:
        box.server.close()
        box.server = None


def without_its_network(standin: StandIn) -> None:
    cut_off(standin)
    del standin.networks["minisets"]


def never_started(standin: StandIn) -> None:
    """The command that made it was killed."""
    killed(standin)
    standin.box("minisets").state = "created"


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        (killed, "its container had ended with code 137"),
        (removed, "its container was gone"),
        (cut_off, "it was cut off its network"),
        (without_its_network, "its network was gone"),
        (never_started, "its start was broken off"),
    ],
)
@pytest.mark.parametrize("command", [Person.get, Person.up])
def test_whatever_became_of_it_the_next_command_brings_it_back(
    person: Person,
    standin: StandIn,
    what: Callable[[StandIn], None],
    cause: str,
    command: Callable[[Person], Access],
) -> None:
    access = person.up()
    what(standin)
    assert command(person) == access, "the same port, authority and token"
    said = f'brought back the server of cluster "minisets" at {access.url}: {cause} ('
    assert person.told[-1].startswith(said)
    assert [box.state for box in standin.boxes.values()] == ["running"]
    assert "minisets" in standin.networks


def test_a_server_that_is_paused_while_a_command_waits_is_left_alone(
    person: Person, standin: StandIn
) -> None:
    person.up()
    killed(standin)

    def pause() -> None:
        standin.box("minisets").state = "paused"

    standin.when("GET /info", pause)
    with pytest.raises(MinisetsError, match="is paused"):
        person.get()
    assert standin.box("minisets").state == "paused"


def test_a_lost_kubeconfig_is_written_again_from_what_the_server_has(
    person: Person, standin: StandIn, where: Places
) -> None:
    access = person.up()
    where.kubeconfig.unlink()
    started = standin.box("minisets").id
    assert person.get() == access == endpoint.access(where)
    assert standin.box("minisets").id == started, "it ran, and was not touched"


def test_a_server_whose_credentials_are_gone_is_made_anew_with_others(
    person: Person, standin: StandIn, where: Places
) -> None:
    access = person.up()
    where.kubeconfig.unlink()
    standin.files["minisets"].clear()
    found = person.get()
    assert found.token != access.token
    assert found.address == access.address
    assert endpoint.access(where) == found


@pytest.mark.parametrize("command", [Person.get, Person.up])
def test_a_server_that_does_not_answer_any_more_is_made_anew(
    person: Person, standin: StandIn, command: Callable[[Person], Access]
) -> None:
    access = person.up()
    old = dumb(standin)
    assert command(person) == access
    assert standin.box("minisets").id != old.id
    said = f'brought back the server of cluster "minisets" at {access.url}: it did not answer ('
    assert person.told[-1].startswith(said)
    assert timedelta(seconds=8) < person.clock.elapsed() < timedelta(seconds=20)


def test_a_server_that_answers_late_is_used_as_it_is(person: Person, standin: StandIn) -> None:
    """The engine has just been started, and everything with it."""
    access = person.up()
    box = dumb(standin)

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        if person.clock.elapsed() > timedelta(seconds=6) and box.server is None:
            box.server = WayIn(box.port, standin.files["minisets"], own_content())

    assert Control(person.where, person.clock, sleep, person.told.append, {}).reach() == access
    assert standin.box("minisets").id == box.id
    assert len(person.told) == 1


def test_a_server_that_another_command_is_starting_slowly_is_left_to_that_one(
    person: Person, standin: StandIn
) -> None:
    """It runs and does not answer yet, for longer than one waits that would make it anew."""
    access = person.up()
    box = dumb(standin)
    starting = lock.starting(standin.identity, "minisets", person.clock, person.clock.advance, print)
    starting.__enter__()

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        if person.clock.elapsed() > timedelta(seconds=20) and box.server is None:
            box.server = WayIn(box.port, standin.files["minisets"], own_content())
            starting.__exit__(None, None, None)

    assert Control(person.where, person.clock, sleep, person.told.append, {}).reach() == access
    assert standin.box("minisets").id == box.id


def test_a_paused_server_is_left_to_whoever_paused_it(
    person: Person, standin: StandIn, where: Places
) -> None:
    person.up()
    killed(standin)
    standin.box("minisets").state = "paused"
    standin.calls.clear()
    for command in (person.get, person.up):
        with pytest.raises(MinisetsError, match="is paused: `docker unpause minisets`"):
            command()
    assert changes(standin) == []
    assert endpoint.access(where) is not None


# --- strangers ---


def their_container(standin: StandIn) -> None:
    standin.add_box("minisets")


def their_volume(standin: StandIn) -> None:
    standin.add_volume("minisets")


def a_claims_volume(standin: StandIn) -> None:
    standin.add_volume("minisets", {labels.CLUSTER: "minisets", labels.KIND: "volume"})


def their_network(standin: StandIn) -> None:
    standin.add_network("minisets", "172.30.0.0/16")


@pytest.mark.parametrize("what", [their_container, their_volume, a_claims_volume, their_network])
@pytest.mark.parametrize("command", [Person.get, Person.up])
def test_what_is_not_ours_is_refused_and_left_alone(
    person: Person,
    standin: StandIn,
    what: Callable[[StandIn], None],
    command: Callable[[Person], Access],
) -> None:
    what(standin)
    with pytest.raises(MinisetsError, match="--cluster NAME"):
        command(person)
    assert changes(standin) == []


def test_a_container_whose_id_begins_with_the_clusters_name_is_no_server(
    standin: StandIn, tmp_path: Path
) -> None:
    person = Person(places("cafe", tmp_path, {"MINISETS_HOME": str(tmp_path)}))
    theirs = standin.add_box("theirs")
    del standin.boxes[theirs.id]
    theirs.id = "cafe" + theirs.id[4:]
    standin.boxes["cafe"] = theirs
    assert person.control.presence() == "absent"


# --- one at a time ---


def test_two_ups_at_once_start_one_server(where: Places, standin: StandIn) -> None:
    told: list[str] = []
    found: list[Access] = []
    meet = threading.Barrier(2)

    def up() -> None:
        control = Control(
            where, SystemClock(), lambda pause: time.sleep(pause.total_seconds()), told.append, {}
        )
        meet.wait(10)
        found.append(control.ensure())

    both = [threading.Thread(target=up) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)
    assert found[0] == found[1]
    assert [box.name for box in standin.boxes.values()] == ["minisets"]
    assert standin.calls.count("POST /containers/create") == 1
    assert len([line for line in told if line.startswith("started the server")]) == 1


def test_who_waited_for_another_command_uses_what_that_one_started(
    person: Person, standin: StandIn, where: Places
) -> None:
    holding = lock.starting(standin.identity, "minisets", person.clock, person.clock.advance, print)
    holding.__enter__()
    first = Person(where)

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        if person.clock.elapsed() > timedelta(seconds=1) and not standin.boxes:
            holding.__exit__(None, None, None)
            first.up()

    waiting = Control(where, person.clock, sleep, person.told.append, {})
    assert waiting.ensure() == first.get()
    assert len(person.told) == 1, "who was first has said the rest"
    assert person.told[0].startswith("waiting for process ")


def test_a_host_process_that_has_the_cluster_is_not_served_beside(person: Person, standin: StandIn) -> None:
    claim = lock.Claim(standin.identity, "minisets")
    with pytest.raises(lock.Taken, match='serves cluster "minisets" on this engine'):
        person.up()
    claim.release()
    assert changes(standin) == []
    person.up()


def test_an_engine_that_has_another_id_each_time_is_one_engine(person: Person, standin: StandIn) -> None:
    """Podman: `ID: uuid.New().String()` in pkg/api/handlers/compat/info.go."""
    standin.has_one_id = False
    with connected() as calls:
        claim = lock.Claim(calls.info().identity, "minisets")
    try:
        with pytest.raises(lock.Taken):
            person.up()
    finally:
        claim.release()


# --- what is told of it ---


def test_details_name_engine_container_image_network_and_state(person: Person, standin: StandIn) -> None:
    before = dict(person.control.details())
    assert (before["container"], before["state"]) == ("none", "none")
    assert before["engine found"].startswith("Docker Engine at unix://")
    person.up()
    standin.box("minisets").state = "exited"
    standin.box("minisets").exit_code = 137
    told = dict(person.control.details())
    assert told["container"].startswith("minisets (exited, code 137; since ")
    assert own_content() in told["image"]
    subnet = standin.subnet("minisets")
    begin = subnet.removesuffix(".0.0/16")
    assert told["network"] == f"minisets, {subnet}"
    assert told["addresses"] == f"control {begin}.0.2, pods {begin}.64.0/18, services {begin}.128.0/18"
    assert told["state"] == 'the Docker volume "minisets"'


def test_its_log_is_read_whole_or_from_its_end(person: Person, standin: StandIn) -> None:
    with pytest.raises(MinisetsError, match="has no control container whose log could be read"):
        next(person.control.log(follow=False, tail=None))
    person.up()
    standin.box("minisets").log = "one\ntwo\n"
    assert b"".join(person.control.log(follow=False, tail=None)) == b"one\ntwo\n"
    assert b"".join(person.control.log(follow=False, tail=1)) == b"two\n"


def test_complete_removal_leaves_nothing_of_it(person: Person, standin: StandIn, where: Places) -> None:
    standin.add_volume("theirs")
    person.up()
    removal.remove(where)
    assert standin.boxes == {}
    assert list(standin.volumes) == ["theirs"]
    assert (standin.networks, standin.images) == ({}, {})
    assert not where.state.exists()
    assert person.control.presence() == "absent"


# --- where files cannot be kept ---


def test_a_home_that_cannot_be_written_is_said_in_one_line(standin: StandIn, tmp_path: Path) -> None:
    del standin
    where = places("minisets", tmp_path, {})
    where.state.parent.mkdir(parents=True)
    where.state.write_text("a file where the folder should be")
    with pytest.raises(MinisetsError):
        Person(where).up()
