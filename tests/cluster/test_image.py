"""The control image: the one handed in, the one made before, or made now on a stock Python.

The engine stands in for Docker; that an image made so runs is shown in tests/scenarios/.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from minisets.cluster import image, packing
from minisets.cluster.calls import ControlCalls
from minisets.cluster.image import Sources, content_of, ensure, name_of, remove_others, sources
from minisets.cluster.mending import connected
from minisets.engine import labels
from minisets.errors import EngineError, MinisetsError
from tests.cluster.standin import Box, StandIn

CONTENT = "0123456789ab"
BASE = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
WANTED = Sources(CONTENT, BASE)
NAME = f"minisets.local/control:{CONTENT}"


@pytest.fixture
def calls(bare_standin: StandIn) -> Iterator[ControlCalls]:
    del bare_standin
    with connected() as made:
        yield made


@pytest.fixture
def told() -> list[str]:
    """The lines that a person saw."""
    return []


class Base:
    """How containers of a base image behave: what its Python tells, whether what is copied in runs."""

    def __init__(self, tells: str, *, code: int = 0) -> None:
        self.tells, self.code = tells, code
        self.tries = [(0, "")]
        """What a try gives, one after the other; the last one again and again."""
        self.seen: list[Box] = []

    def __call__(self, box: Box) -> tuple[int, str]:
        self.seen.append(box)
        if box.body["Entrypoint"] == ["python3"]:
            return self.code, self.tells
        return self.tries.pop(0) if len(self.tries) > 1 else self.tries[0]


def other(tells: str, **change: object) -> str:
    return json.dumps({**json.loads(tells), **change})


# --- which one ---


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, WANTED, id="nothing-said"),
        pytest.param({"MINISETS_BASE_IMAGE": "", "MINISETS_IMAGE": ""}, WANTED, id="nothing-said-twice"),
        pytest.param(
            {"MINISETS_BASE_IMAGE": "my/python:3.12"}, Sources(CONTENT, "my/python:3.12"), id="a-base"
        ),
        pytest.param({"MINISETS_IMAGE": "mine:1"}, Sources(CONTENT, BASE, "mine:1"), id="a-ready-one"),
        pytest.param({"HOME": "/root", "MINISETS_HOME": "/srv"}, WANTED, id="something-else"),
    ],
)
def test_the_environment_says_where_it_comes_from(environ: dict[str, str], expected: Sources) -> None:
    assert sources(CONTENT, environ) == expected


def test_its_tag_is_its_content() -> None:
    assert name_of(CONTENT) == NAME


def test_what_we_make_is_ours(calls: ControlCalls, bare_standin: StandIn) -> None:
    bare_standin.calls.clear()
    assert content_of(calls, WANTED) == CONTENT
    assert bare_standin.calls == [], "nobody has to be asked"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param({labels.CONTENT: "ba9876543210"}, "ba9876543210", id="it-says-so"),
        pytest.param({}, "000000000000", id="by-its-id"),
        pytest.param({labels.CONTENT: ""}, "000000000000", id="says-nothing"),
    ],
)
def test_a_ready_image_tells_which_minisets_it_is(
    calls: ControlCalls, bare_standin: StandIn, own: dict[str, str], expected: str
) -> None:
    bare_standin.add_image("mine:1", own)
    assert content_of(calls, Sources(CONTENT, BASE, "mine:1")) == expected


def test_two_ready_images_are_told_apart_though_they_say_nothing(
    calls: ControlCalls, bare_standin: StandIn
) -> None:
    found = set()
    for digest in ("a", "b"):
        bare_standin.add_image("mine:1")
        bare_standin.images["mine:1"]["Id"] = f"sha256:{digest * 64}"
        found.add(content_of(calls, Sources(CONTENT, BASE, "mine:1")))
    assert found == {"a" * 12, "b" * 12}


def test_a_ready_image_that_is_not_there_is_said_with_what_to_do(calls: ControlCalls) -> None:
    with pytest.raises(
        MinisetsError, match=r"mine:1 \(from MINISETS_IMAGE\) is not on the engine: `docker load`"
    ):
        content_of(calls, Sources(CONTENT, BASE, "mine:1"))


def test_a_ready_image_is_taken_as_it_is(calls: ControlCalls, bare_standin: StandIn) -> None:
    assert ensure(calls, Sources(CONTENT, BASE, "mine:1"), pytest.fail) == "mine:1"
    assert bare_standin.boxes == {}


def test_one_that_was_made_before_is_taken_again(calls: ControlCalls, bare_standin: StandIn) -> None:
    bare_standin.add_image(NAME, labels.image_labels(CONTENT))
    assert ensure(calls, WANTED, pytest.fail) == NAME


# --- made from what is installed here ---


def test_it_is_made_of_what_is_installed_here_where_the_base_has_this_python(
    calls: ControlCalls, bare_standin: StandIn, told: list[str], of_this_python: str
) -> None:
    bare_standin.runs = base = Base(of_this_python)
    assert ensure(calls, WANTED, told.append) == NAME
    assert told == [f"pulling {BASE}, once"]
    made = bare_standin.images[NAME]["Config"]
    assert made["Labels"] == labels.image_labels(CONTENT), "no build container's label stays"
    assert made["Entrypoint"] == ["python3", "-m", "minisets"]
    assert made["Env"] == [
        "PYTHONPATH=/opt/minisets",
        "PYTHONDONTWRITEBYTECODE=1",
        "PYTHONUNBUFFERED=1",
    ]
    assert "/opt/minisets/minisets/__main__.py" in base.seen[1].files
    assert base.seen[1].files["/opt/minisets/minisets.content"] == CONTENT.encode()
    assert bare_standin.boxes == {}, "nothing that it was made in is left"


def test_what_it_is_made_in_has_no_network_and_is_nobodys_cluster(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    bare_standin.runs = base = Base(of_this_python)
    ensure(calls, WANTED, lambda _: None)
    assert len(base.seen) == 2
    for box in base.seen:
        assert box.body["Image"] == BASE
        assert box.body["HostConfig"]["NetworkMode"] == "none"
        assert box.labels == labels.build_labels()
        assert labels.CLUSTER not in box.labels


def test_a_base_that_is_there_is_not_pulled(
    calls: ControlCalls, bare_standin: StandIn, told: list[str], of_this_python: str
) -> None:
    bare_standin.add_image(BASE)
    bare_standin.runs = Base(of_this_python)
    ensure(calls, WANTED, told.append)
    assert told == []
    assert "POST /images/create" not in bare_standin.calls


def test_a_base_that_cannot_be_pulled_is_said_with_what_to_do(
    calls: ControlCalls, bare_standin: StandIn, told: list[str]
) -> None:
    bare_standin.pulled = False
    with pytest.raises(MinisetsError) as caught:
        ensure(calls, WANTED, told.append)
    for word in (BASE, "no route to host", "docker load", "MINISETS_BASE_IMAGE", "MINISETS_IMAGE"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said", "named"),
    [
        pytest.param(
            127, 'exec: "python3": executable file not found\n', "executable file not found", id="none"
        ),
        pytest.param(1, "Traceback: no such module", "no such module", id="broken"),
        pytest.param(1, "", "exit 1", id="silent"),
        pytest.param(0, "no JSON at all", "no JSON at all", id="no-json"),
        pytest.param(0, "[]", r"\[\]", id="no-object"),
        pytest.param(0, "{}", r"\{\}", id="empty"),
    ],
)
def test_a_base_without_a_python_is_named(
    calls: ControlCalls, bare_standin: StandIn, code: int, said: str, named: str
) -> None:
    bare_standin.runs = Base(said, code=code)
    with pytest.raises(MinisetsError, match=rf"has no CPython 3\.11 or newer .*{named}.*MINISETS_BASE_IMAGE"):
        ensure(calls, WANTED, lambda _: None)
    assert bare_standin.boxes == {}


@pytest.mark.parametrize("version", [[3, 10], [2, 7], [3, 6]])
def test_a_base_with_an_older_python_is_named(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str, version: list[int]
) -> None:
    bare_standin.runs = Base(other(of_this_python, version=version))
    with pytest.raises(MinisetsError, match=rf"\(it has {version[0]}\.{version[1]}\)"):
        ensure(calls, WANTED, lambda _: None)


def test_a_base_with_another_kind_of_python_is_named(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    bare_standin.runs = Base(other(of_this_python, implementation="pypy"))
    with pytest.raises(MinisetsError, match=r"has no CPython 3\.11 or newer"):
        ensure(calls, WANTED, lambda _: None)


def test_a_base_whose_python_does_not_even_start_is_named(calls: ControlCalls, bare_standin: StandIn) -> None:
    """Without python3 the engine refuses the start; of another machine's architecture, too."""
    bare_standin.refuse("POST /containers/[^/]+/start", 400, "exec: python3: not found")
    with pytest.raises(MinisetsError, match=r"has no CPython .*python3: not found"):
        ensure(calls, WANTED, lambda _: None)
    assert bare_standin.boxes == {}


def test_what_it_is_made_in_goes_also_when_the_engine_fails(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    bare_standin.runs = Base(of_this_python)
    bare_standin.refuse("POST /commit", 500, "no space left on device")
    with pytest.raises(EngineError, match="no space left on device"):
        ensure(calls, WANTED, lambda _: None)
    assert bare_standin.boxes == {}
    assert NAME not in bare_standin.images


def test_a_base_that_is_removed_in_the_last_moment_is_said(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    bare_standin.runs = Base(of_this_python)
    bare_standin.when("POST /containers/create", bare_standin.images.clear)
    with pytest.raises(MinisetsError, match="somebody removed it just now; try again"):
        ensure(calls, WANTED, lambda _: None)


# --- made from wheels: here pip finds none ---


@pytest.fixture
def _no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.mark.usefixtures("_no_wheels")
def test_another_python_gets_wheels_and_where_there_are_none_a_person_is_told_what_to_do(
    calls: ControlCalls, bare_standin: StandIn, told: list[str], of_this_python: str
) -> None:
    facts = other(of_this_python, abi="cpython-313-x86_64-linux-musl", version=[3, 13], libc="musl")
    bare_standin.runs = Base(facts)
    with pytest.raises(MinisetsError) as caught:
        ensure(calls, WANTED, told.append)
    assert told[-1].startswith("getting libraries for Python 3.13 on ")
    assert told[-1].endswith(", musl")
    words = ("pip could not get them", "MINISETS_BASE_IMAGE", "MINISETS_IMAGE", "docker save", "docker load")
    for word in (BASE, *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_no_wheels")
def test_where_what_is_installed_here_does_not_run_there_wheels_are_tried_and_why_is_said(
    calls: ControlCalls, bare_standin: StandIn, told: list[str], of_this_python: str
) -> None:
    """The base's C library may be older than the one that a library here was built for."""
    bare_standin.runs = base = Base(of_this_python)
    base.tries = [(1, "Traceback\nImportError: version `GLIBC_2.38' not found\n")]
    with pytest.raises(MinisetsError, match="pip could not get them"):
        ensure(calls, WANTED, told.append)
    assert told[-1].startswith("getting libraries for Python")
    assert "(what is installed here does not do: ImportError: version `GLIBC_2.38' not found)" in told[-1]
    assert bare_standin.boxes == {}
    assert NAME not in bare_standin.images


# --- what is left of others ---


def test_an_abandoned_container_goes_and_one_that_is_being_used_stays(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    """A command was killed while it made an image; another one makes one right now."""
    for name, minutes in (("abandoned", 16), ("busy", 14)):
        box = bare_standin.add_box(name, labels.build_labels())
        box.created = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    bare_standin.add_box("theirs").created = "2020-01-01T00:00:00Z"
    bare_standin.runs = Base(of_this_python)
    ensure(calls, WANTED, lambda _: None)
    assert sorted(box.name for box in bare_standin.boxes.values()) == ["busy", "theirs"]


def test_an_abandoned_container_that_somebody_else_removes_meanwhile_is_no_matter(
    calls: ControlCalls, bare_standin: StandIn, of_this_python: str
) -> None:
    bare_standin.add_box("abandoned", labels.build_labels())
    bare_standin.when("GET /containers/[^/]+/json", lambda: bare_standin.remove("abandoned"))
    bare_standin.runs = Base(of_this_python)
    assert ensure(calls, WANTED, lambda _: None) == NAME


def test_images_of_other_contents_go_unless_they_are_used_or_not_ours(
    calls: ControlCalls, bare_standin: StandIn
) -> None:
    ours, old, used = (name_of(content) for content in (CONTENT, "old", "used"))
    for tag in (ours, old, used):
        bare_standin.add_image(tag, labels.image_labels(tag.rpartition(":")[2]))
    bare_standin.add_image("minisets.local/pause:1", labels.image_labels("pause"))
    bare_standin.add_image("theirs/of-ours:1", labels.image_labels("old"))
    bare_standin.add_image("nginx:1")
    bare_standin.add_box("minisets").body["Image"] = used
    remove_others(calls, CONTENT)
    assert set(bare_standin.images) == {ours, used, "minisets.local/pause:1", "theirs/of-ours:1", "nginx:1"}


def test_what_is_tried_is_what_the_server_imports() -> None:
    """A module that is gone would make every image unfit."""
    words = [sys.executable, "-c", f"import {image._LOADED}"]
    subprocess.run(words, timeout=60, check=True)
    assert packing.ROOT == "opt/minisets"
