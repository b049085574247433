"""Files with mistakes in them: one line says what, where and what to do; nothing of the file is made."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.objects.kinds import KINDS
from tests.scenarios.cluster import ARTICLE
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.cluster import Cluster, Running

pytestmark = pytest.mark.docker

GOOD = ARTICLE.read_text()
MEGABYTE = 1 << 20


def broken(old: str, new: str) -> str:
    """The article's manifest with one mistake in its second document."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            broken("  replicas: 2", "  replicas: 2\n bad: indent"),
            r"web\.yaml:22:\d+: .*indentation",
            id="broken_yaml",
        ),
        pytest.param(
            broken("kind: StatefulSet", "kind: StatefulSett"),
            r'web\.yaml:16: .*no kind "StatefulSett" in version "apps/v1".*did you mean "StatefulSet"',
            id="a_kind_that_nobody_knows",
        ),
        pytest.param(
            broken("replicas: 2", "replicsa: 2"),
            r'web\.yaml:21: .*unknown field "spec\.replicsa"',
            id="an_unknown_field",
        ),
        pytest.param(
            broken("replicas: 2", "replicas: two"),
            r"web\.yaml:21: .*spec\.replicas",
            id="a_mistyped_field",
        ),
        pytest.param(
            broken("        image: nginx:1.9.1\n", ""),
            r"web\.yaml:\d+: .*spec\.template\.spec\.containers\[0\]\.image: Required value",
            id="a_missing_image_field",
        ),
    ],
)
def test_a_mistake_in_a_file_is_named_by_its_place(
    cluster: Cluster, tmp_path: Path, text: str, said: str
) -> None:
    """Although the file's first document is good, it is not made either."""
    before = everything(cluster)
    (tmp_path / "web.yaml").write_text(text)
    up = cluster.minisets("up", "-f", tmp_path / "web.yaml").failed()
    assert re.search(said, up.err), up
    assert len(up.err.strip().splitlines()) == 1, up
    assert up.out == ""
    assert everything(cluster) == before


def test_a_bomb_of_aliases_is_refused_at_once(cluster: Cluster, tmp_path: Path) -> None:
    before = everything(cluster)
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n" + "\n".join(levels)
    (tmp_path / "bomb.yaml").write_text(bomb)
    up = cluster.minisets("up", "-f", tmp_path / "bomb.yaml", within=timedelta(seconds=15)).failed()
    assert re.search(r"bomb\.yaml:\d+:\d+: too many aliases", up.err), up
    assert everything(cluster) == before


def test_a_file_that_is_not_there_is_misuse(cluster: Cluster, tmp_path: Path) -> None:
    up = cluster.minisets("up", "-f", tmp_path / "web.yaml").failed(2)
    assert f'the path "{tmp_path / "web.yaml"}" does not exist' in up.err


def test_an_image_that_cannot_be_had_is_said_by_its_pod(cluster: Cluster, tmp_path: Path) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: imageless}\n"
        "spec: {containers: [{name: main, image: 'minisets.test/there-is-none:1'}]}\n"
    )
    # Why 25: a try has another reason; of the waits after the first (10 s) and the next (20 s) one goes on.
    up = cluster.minisets("up", "-f", manifest, "--timeout", "25").failed()
    said = r"not Ready after 25 s: pod imageless is (ErrImagePull|ImagePullBackOff): .+"
    assert re.search(said, up.err), up
    assert "describe pod imageless" in up.err
    events = cluster.minisets("describe", "pod", "imageless").succeeded().out
    assert 'Failed to pull image "minisets.test/there-is-none:1"' in events
    assert cluster.named("imageless") not in cluster.containers()
    cluster.minisets("delete-pod", "imageless").succeeded()


def test_a_second_file_that_names_the_same_object_is_an_update(cluster: Cluster, tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("first.yaml", "second.yaml"))
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\n"
    first.write_text(f"{head}data: {{one: a, two: b}}\n")
    second.write_text(f"{head}data: {{two: c}}\n")
    assert cluster.minisets("up", "-f", first).succeeded().out == "configmap/twice created\n"
    assert cluster.minisets("up", "-f", second).succeeded().out == "configmap/twice configured\n"
    assert cluster.minisets("up", "-f", second).succeeded().out == "configmap/twice unchanged\n"
    found = cluster.get("ConfigMap", "twice")
    assert found is not None
    assert found["data"] == {"two": "c"}


def test_ctrl_c_in_up_says_what_runs_on_and_how_to_end_it(cluster: Cluster, tmp_path: Path) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: never}\nspec:\n  terminationGracePeriodSeconds: 1\n"
        "  containers:\n  - name: main\n    image: minisets.test/busy:1\n"
        "    readinessProbe: {exec: {command: ['false']}, periodSeconds: 1}\n"
    )
    up = cluster.running("up", "-f", manifest)
    up.until_printed("pod/never created")
    never = cluster.named("never")
    until(lambda: cluster.containers().get(never, {}).get("State") == "running", "the container to run")
    up.interrupt()
    ended = up.ended().failed(130)
    said = ended.err.strip().splitlines()[-1]
    assert re.match(r"interrupted: the server and the pods .*run on", said), ended
    assert f"minisets --cluster {cluster.name} down" in said
    assert cluster.containers()[never]["State"] == "running"
    cluster.minisets("delete-pod", "never").succeeded()


def test_ten_thousand_documents_are_applied_in_bounded_memory(cluster: Cluster, tmp_path: Path) -> None:
    """Measured against a file of a hundred: what is held must not grow with the file."""
    few, many = tmp_path / "few.yaml", tmp_path / "many.yaml"
    few.write_text(config_maps("few", 100))
    many.write_text(config_maps("many", 10_000))
    small = peak_memory(cluster.running("apply", "-f", few))
    large = peak_memory(cluster.running("apply", "-f", many))
    assert large - small < 16 * MEGABYTE, f"{small // MEGABYTE} MB became {large // MEGABYTE} MB"
    names = {each["metadata"]["name"] for each in cluster.list("ConfigMap", "default")}
    assert {f"many-{number}" for number in range(10_000)} <= names


def config_maps(prefix: str, count: int) -> str:
    return "".join(
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {prefix}-{number}}}\ndata: {{a: b}}\n"
        for number in range(count)
    )


def peak_memory(running: Running) -> int:
    """Bytes that the command held at its largest; it must succeed."""
    _, status, used = os.wait4(running.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, running.printed()
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def everything(cluster: Cluster) -> tuple[object, ...]:
    """What is stored (less events) and what is on the engine."""
    stored = [
        f"{kind.plural}/{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
        for kind in KINDS
        if kind.title != "Event"
        for obj in cluster.list(kind.title)
    ]
    return sorted(stored), sorted(cluster.containers()), cluster.volumes()
