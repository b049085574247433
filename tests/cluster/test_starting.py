"""A start of the control container: what is made, what is kept, and what comes between."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from minisets.cluster import credentials, endpoint, image
from minisets.cluster.content import own_content
from minisets.cluster.control import Control
from minisets.cluster.places import Places, places
from minisets.engine import labels
from minisets.errors import EngineError, MinisetsError
from tests.cluster.person import Person, killed, stranger_on
from tests.cluster.standin import StandIn
from tests.cluster.wire import PKI


def test_up_starts_it_and_says_so(person: Person, standin: StandIn, where: Places) -> None:
    access = person.up()
    assert endpoint.access(where) == access
    assert where.engine.read_text() == "docker\n"
    assert len(person.told) == 1
    assert person.told[0].startswith(f'started the server of cluster "minisets" at {access.url} (image ')
    box = standin.box("minisets")
    assert (box.state, box.port) == ("running", access.address[1])
    assert box.labels[labels.CONTENT] == own_content()
    subnet = standin.subnet("minisets")
    assert standin.volumes["minisets"]["Labels"] == labels.state_labels("minisets", subnet)
    assert standin.networks["minisets"]["Labels"][labels.CLUSTER] == "minisets"
    assert set(standin.files["minisets"]) == {f"{PKI}/{name}" for name in credentials.FILES}


def test_the_secrets_go_into_the_volume_and_nowhere_else(person: Person, standin: StandIn) -> None:
    access = person.up()
    assert access.token not in str(standin.box("minisets").body)
    assert access.token not in str((standin.volumes, standin.networks, standin.images, standin.calls))
    assert access.token not in "".join(person.told)


def test_after_down_the_addresses_are_the_same_too(person: Person, standin: StandIn, tmp_path: Path) -> None:
    """The state has pods in it, which keep theirs; another cluster would be given the first free ones."""
    other = Person(places("other", tmp_path, {"MINISETS_HOME": str(tmp_path)}))
    other.up()
    person.up()
    subnet = standin.subnet("minisets")
    person.down()
    other.down()
    person.up()
    assert standin.subnet("minisets") == subnet


def test_where_its_addresses_were_taken_meanwhile_it_gets_others_and_a_certificate_for_them(
    person: Person, standin: StandIn
) -> None:
    access = person.up()
    subnet = standin.subnet("minisets")
    before = standin.files["minisets"][f"{PKI}/server.crt"]
    person.down()
    standin.add_network("theirs", subnet)
    assert person.up() == access, "clients have what they need already"
    assert standin.subnet("minisets") != subnet
    after = standin.files["minisets"][f"{PKI}/server.crt"]
    assert after != before
    address = standin.subnet("minisets").replace(".0.0/16", ".0.2")
    names = x509.load_pem_x509_certificate(after).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert address in [str(name.value) for name in names.value]


def test_a_port_that_another_program_took_is_replaced_and_said(
    person: Person, standin: StandIn, where: Places
) -> None:
    access = person.up()
    port = access.address[1]
    killed(standin)
    with stranger_on(port):
        found = person.get()
        assert found.address[1] not in (0, port)
        assert replace(found, url=access.url) == access
        assert endpoint.access(where) == found
        assert f"Warning: port {port} is taken by another program" in person.told[-1]
        assert person.get() == found
    assert standin.box("minisets").port == found.address[1]


def test_a_port_that_is_taken_in_the_last_moment_is_replaced_too(person: Person, standin: StandIn) -> None:
    access = person.up()
    killed(standin)
    with ExitStack() as stack:

        def take() -> None:
            stack.enter_context(stranger_on(access.address[1]))

        standin.when("POST /containers/[^/]+/start", take)
        found = person.get()
    assert found.address != access.address
    assert [box.port for box in standin.boxes.values()] == [found.address[1]]


def test_a_start_that_fails_for_another_reason_is_not_tried_for_ever(
    person: Person, standin: StandIn
) -> None:
    standin.refuse("POST /containers/[^/]+/start", 500, "cgroups: cannot find cgroup mount destination")
    with pytest.raises(EngineError, match="cannot find cgroup"):
        person.up()
    assert standin.boxes == {}, "what could not be started is not left behind"
    person.up()


def test_an_image_that_is_removed_in_the_last_moment_is_made_again(
    person: Person, standin: StandIn, of_this_python: str
) -> None:
    """`down` of another cluster removes images that nobody uses."""
    standin.add_image(image.sources("", {}).base)
    standin.runs = lambda box: (0, of_this_python if box.body["Entrypoint"] == ["python3"] else "")

    def gone() -> None:
        del standin.images[image.name_of(own_content())]

    standin.when("POST /containers/create", gone)
    person.up()
    assert [box.body["Image"] for box in standin.boxes.values()] == [image.name_of(own_content())]


def test_what_cannot_be_created_is_not_tried_for_ever(person: Person, standin: StandIn) -> None:
    for _ in range(5):
        standin.refuse("POST /containers/create", 404, "network minisets not found")
    with pytest.raises(MinisetsError, match=r"could not be made: .*network minisets not found"):
        person.up()
    assert standin.boxes == {}


def test_a_network_that_another_command_makes_in_the_last_moment_is_used(
    person: Person, standin: StandIn
) -> None:
    own = labels.network_labels("minisets")
    standin.when("POST /networks/create", lambda: standin.add_network("minisets", "10.249.0.0/16", own))
    person.up()
    assert "10.249.0.2" in str(standin.box("minisets").body)


def test_lost_credentials_are_made_anew(person: Person, standin: StandIn) -> None:
    access = person.up()
    killed(standin)
    standin.files["minisets"].clear()
    found = person.get()
    assert found.token != access.token
    assert person.get() == found


# --- it does not start ---


def test_a_server_that_never_answers_is_given_up_with_its_last_words(
    person: Person, standin: StandIn
) -> None:
    standin.has_server = False

    def talk() -> None:
        standin.box("minisets").log = "INFO starting\nWARNING still reading the state\n"

    standin.when("GET /containers/[^/]+/logs", talk)
    expected = "did not answer within 30 s: its last words: WARNING still reading the state"
    with pytest.raises(MinisetsError, match=expected):
        person.up()
    assert timedelta(seconds=30) < person.clock.elapsed() < timedelta(seconds=31)
    assert standin.box("minisets").state == "running", "it is left as it is, to be looked at"


def test_a_server_that_ends_is_not_waited_for(person: Person, standin: StandIn) -> None:
    standin.has_server = False

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        if person.clock.elapsed() > timedelta(seconds=1):
            standin.end("minisets", 1)

    waiting = Control(person.where, person.clock, sleep, person.told.append, {})
    with pytest.raises(MinisetsError, match="did not start: its container has ended with code 1"):
        waiting.ensure()
    assert person.clock.elapsed() < timedelta(seconds=3)


def test_a_server_that_fails_three_times_is_not_waited_for(person: Person, standin: StandIn) -> None:
    standin.has_server = False
    complaint = "Error: the state is of a newer minisets\nWARNING starts again in 1 s\n"

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        seconds = int(person.clock.elapsed().total_seconds())
        standin.box("minisets").log = complaint * seconds

    waiting = Control(person.where, person.clock, sleep, person.told.append, {})
    with pytest.raises(MinisetsError, match="did not start: the state is of a newer minisets"):
        waiting.ensure()
    assert person.clock.elapsed() < timedelta(seconds=5)


def test_a_server_that_somebody_removes_is_not_waited_for(person: Person, standin: StandIn) -> None:
    standin.has_server = False

    def sleep(duration: timedelta) -> None:
        person.clock.advance(duration)
        if "minisets" in [box.name for box in standin.boxes.values()]:
            standin.remove("minisets")

    waiting = Control(person.where, person.clock, sleep, person.told.append, {})
    with pytest.raises(MinisetsError, match="did not start: somebody removed its container"):
        waiting.ensure()
