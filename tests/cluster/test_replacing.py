"""A control container of another minisets, or of an image that a person chose."""

from collections.abc import Callable

import pytest

from minisets.client.access import Access
from minisets.cluster import image
from minisets.cluster.content import own_content
from minisets.cluster.places import Places
from minisets.engine import labels
from minisets.errors import MinisetsError
from minisets.store.sqlite import SCHEMA
from tests.cluster.person import Person, killed
from tests.cluster.standin import Box, StandIn


@pytest.fixture
def of_another(person: Person, standin: StandIn) -> Box:
    """A control container that runs and is of another minisets, with its image."""
    tag = image.name_of("anothers")
    person.up()
    standin.add_image(tag, labels.image_labels("anothers"))
    killed(standin)
    box = standin.box("minisets")
    box.body["Labels"] = {**box.labels, labels.CONTENT: "anothers"}
    box.body["Image"] = tag
    standin.start(box.id, {}, b"")
    person.told.clear()
    return box


def test_up_replaces_a_server_of_another_minisets(person: Person, standin: StandIn, of_another: Box) -> None:
    access = person.up()
    assert standin.box("minisets").id != of_another.id
    assert standin.box("minisets").labels[labels.CONTENT] == own_content()
    assert access.address[1] == of_another.port
    said = f'replaced the server of cluster "minisets" at {access.url}: it was of another minisets ('
    assert person.told[-1].startswith(said)
    assert image.name_of("anothers") not in standin.images, "nobody needs that any more"


def test_other_commands_use_it_and_say_so(person: Person, standin: StandIn, of_another: Box) -> None:
    person.get()
    assert standin.box("minisets").id == of_another.id
    assert len(person.told) == 1
    assert "`minisets up` replaces it" in person.told[0]


def test_other_commands_bring_back_what_it_was(person: Person, standin: StandIn, of_another: Box) -> None:
    killed(standin)
    person.get()
    box = standin.box("minisets")
    assert box.id != of_another.id
    assert (box.body["Image"], box.labels[labels.CONTENT]) == (of_another.body["Image"], "anothers")


def test_where_its_image_is_gone_this_minisets_takes_its_place(
    person: Person, standin: StandIn, of_another: Box
) -> None:
    killed(standin)
    del standin.images[of_another.body["Image"]]
    person.get()
    assert standin.box("minisets").labels[labels.CONTENT] == own_content()


def test_an_image_that_another_cluster_uses_stays(person: Person, standin: StandIn, of_another: Box) -> None:
    standin.add_box("other").body["Image"] = of_another.body["Image"]
    person.up()
    assert of_another.body["Image"] in standin.images


@pytest.mark.parametrize("command", [Person.up, Person.get])
def test_a_newer_state_is_not_given_to_an_older_minisets(
    person: Person, standin: StandIn, of_another: Box, command: Callable[[Person], Access]
) -> None:
    of_another.body["Labels"] |= {labels.SCHEMA: str(SCHEMA + 1)}
    if command is Person.get:
        assert command(person)
    else:
        with pytest.raises(MinisetsError, match=r"by a newer minisets.*upgrade minisets here"):
            command(person)
    assert standin.box("minisets").id == of_another.id


def test_a_chosen_image_is_run_as_it_is(where: Places, standin: StandIn) -> None:
    standin.add_image("mine:1", {labels.CONTENT: "mine"})
    person = Person(where, {"MINISETS_IMAGE": "mine:1"})
    access = person.up()
    box = standin.box("minisets")
    assert (box.body["Image"], box.labels[labels.CONTENT]) == ("mine:1", "mine")
    assert person.up() == access
    assert standin.box("minisets").id == box.id, "it is what was asked for"
    standin.images["mine:1"]["Config"]["Labels"] = {labels.CONTENT: "mine, built anew"}
    person.up()
    assert standin.box("minisets").id != box.id
