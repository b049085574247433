"""Names can be read back, all parts of them: that is what makes them injective."""

import re
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minisets.engine.names import (
    Role,
    check_cluster_name,
    container_name,
    holder_name,
    pod_volume_name,
    snapshot_volume_name,
    volume_name,
)
from minisets.errors import UsageError

DOCKER_ALLOWS = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
LONGEST_FILE_NAME = 255

label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
tricky = st.sampled_from(["c", "i", "e", "v", "sandbox", "default", "minisets", "0", "1", "restart-0", "h0"])
word = label | tricky
subdomain = word | st.builds("{}.{}".format, word, word)


class Parts(NamedTuple):
    cluster: str
    namespace: str
    pod: str
    container: str
    role: Role
    attempt: int
    restart: int | None

    def name(self) -> str:
        return container_name(
            self.cluster,
            self.namespace,
            self.pod,
            self.container,
            role=self.role,
            attempt=self.attempt,
            restart=self.restart,
        )


def parts() -> st.SearchStrategy[Parts]:
    nameless: list[Role] = ["default", "sandbox"]
    named: list[Role] = ["container", "init", "ephemeral"]
    roles = st.tuples(st.sampled_from(nameless), st.just("")) | st.tuples(st.sampled_from(named), word)
    return st.builds(
        lambda cluster, namespace, pod, role, attempt, restart: Parts(
            cluster, namespace, pod, role[1], role[0], attempt, restart
        ),
        word,
        word,
        subdomain,
        roles,
        st.integers(0, 30),
        st.none() | st.integers(0, 30),
    )


@given(parts())
@example(Parts("web-0", "c", "x", "", "default", 0, None))
@example(Parts("minisets", "default", "web-0", "x", "container", 0, None))
@example(Parts("minisets", "default", "a", "", "default", 0, None))
@example(Parts("minisets", "default", "a", "", "default", 1, None))
def test_a_containers_name_tells_every_part_that_it_was_made_of(given_parts: Parts) -> None:
    assert read_back(given_parts.name()) == given_parts


@given(parts())
def test_every_containers_name_is_one_that_docker_takes(given_parts: Parts) -> None:
    assert DOCKER_ALLOWS.fullmatch(given_parts.name())


@given(parts(), word, word, subdomain, st.integers(0, 3))
@example(Parts("minisets", "default", "www", "holder", "container", 0, None), "minisets", "default", "www", 0)
@example(Parts("minisets", "default", "www", "holder", "container", 0, None), "www", "c", "holder", 0)
def test_no_holder_has_the_name_of_a_pods_container(
    given_parts: Parts, cluster: str, namespace: str, claim: str, attempt: int
) -> None:
    holder = holder_name(volume_name(cluster, namespace, claim, attempt))
    assert holder != given_parts.name()
    assert DOCKER_ALLOWS.fullmatch(holder)


@given(
    st.lists(st.tuples(word, word, subdomain, st.none() | word, st.integers(0, 3)), unique=True, min_size=2)
)
def test_no_two_volumes_share_a_name(volumes: list[tuple[str, str, str, str | None, int]]) -> None:
    names = {
        volume_name(cluster, namespace, owner, attempt)
        if volume is None
        else pod_volume_name(cluster, namespace, owner, volume, attempt)
        for cluster, namespace, owner, volume, attempt in volumes
    }
    assert len(names) == len(volumes)
    assert all(DOCKER_ALLOWS.fullmatch(name) for name in names)


def test_in_the_home_cluster_a_pods_containers_are_called_as_the_pod() -> None:
    home = ("minisets", "default", "web-0")
    assert container_name(*home) == "web-0"
    assert container_name(*home, "log", role="container") == "web-0_c_log"
    assert container_name(*home, "setup", role="init") == "web-0_i_setup"
    assert container_name(*home, role="sandbox") == "web-0_sandbox"
    assert volume_name("minisets", "default", "www-web-0") == "www-web-0"
    assert pod_volume_name(*home, "cache") == "web-0_v_cache"


def test_elsewhere_cluster_and_namespace_stand_before_it() -> None:
    assert container_name("minisets", "shop", "web-0") == "minisets_shop_web-0"
    assert container_name("ci", "default", "web-0", role="sandbox") == "ci_default_web-0_sandbox"
    assert volume_name("ci", "default", "www-web-0") == "ci_default_www-web-0"


def test_a_namespace_that_reads_like_a_mark_of_ours_gets_a_dot() -> None:
    assert container_name("web-0", "c", "x") == "web-0_c._x"
    assert container_name("minisets", "default", "web-0", "x", role="container") == "web-0_c_x"


def test_a_taken_name_gets_a_number() -> None:
    assert container_name("minisets", "default", "web-0", attempt=1) == "web-0__1"
    assert volume_name("minisets", "default", "www-web-0", attempt=2) == "www-web-0__2"


def test_a_superseded_container_is_called_by_its_restart_count() -> None:
    kept = container_name("minisets", "default", "web-0", restart=0)
    assert kept == "web-0__restart-0"


def test_a_pod_with_a_name_of_one_letter_gets_a_name_that_docker_takes() -> None:
    assert container_name("minisets", "default", "a") == "a__0"
    assert volume_name("minisets", "default", "a") == "a__0"


def test_long_names_are_cut_to_a_file_names_length_and_stay_distinct() -> None:
    pod = "p" * 253
    names = {
        pod_volume_name("ci", "n" * 63, pod, volume + "v" * 62, attempt)
        for volume in "ab"
        for attempt in (0, 1)
    }
    assert len(names) == 4
    assert all(len(name) <= LONGEST_FILE_NAME and DOCKER_ALLOWS.fullmatch(name) for name in names)


@pytest.mark.parametrize("cluster", ["", "Upper", "a_b", "-a", "a-", "a.b", "x" * 41, "a\n"])
def test_a_cluster_name_that_could_not_be_told_apart_in_a_name_is_refused(cluster: str) -> None:
    with pytest.raises(UsageError, match="cannot be a cluster's name"):
        check_cluster_name(cluster)
    with pytest.raises(UsageError):
        container_name(cluster, "default", "web-0")


def read_back(name: str) -> Parts:
    """The inverse of `container_name`, for names that were not cut."""
    plain, *additions = name.split("__")
    attempt = int(additions.pop()) if additions and additions[-1].isdigit() else 0
    restart = int(additions.pop().removeprefix("restart-")) if additions else None
    assert not additions
    words = plain.split("_")
    named: dict[str, Role] = {"c": "container", "i": "init", "e": "ephemeral"}
    role: Role = "default"
    container = ""
    if len(words) in (2, 4):
        assert words.pop() == "sandbox"
        role = "sandbox"
    elif len(words) == 5 or (len(words) == 3 and words[1] in named):
        role, container = named[words[-2]], words[-1]
        del words[-2:]
    cluster, namespace = (
        (words[0], words[1].removesuffix(".")) if len(words) == 3 else ("minisets", "default")
    )
    return Parts(cluster, namespace, words[-1], container, role, attempt, restart)


@given(
    st.lists(st.tuples(word, word, subdomain, st.integers(0, 3)), unique=True, min_size=2, max_size=4),
    subdomain,
    word,
)
@example([("minisets", "default", "a", 0), ("a", "v", "x", 0)], "a", "snapshot")
def test_no_copys_name_is_anything_elses(
    snapshots: list[tuple[str, str, str, int]], claim: str, volume: str
) -> None:
    made = [snapshot_volume_name(*each) for each in snapshots]
    others = [
        name
        for cluster, namespace, snapshot, attempt in snapshots
        for name in (
            volume_name(cluster, namespace, snapshot, attempt),
            volume_name(cluster, namespace, claim, attempt),
            pod_volume_name(cluster, namespace, snapshot, volume, attempt),
        )
    ]
    assert len(set(made)) == len(made)
    assert set(made).isdisjoint(others)
