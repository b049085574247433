"""`minisets snapshot`, over a whole server on the engine in memory."""

import json
from datetime import timedelta
from typing import Any

import pytest

from minisets.cli.snapshot import snapshot
from minisets.cli.snapshots import Part, missing_claim, stopped
from minisets.engine import labels
from minisets.errors import EngineError
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, name_of, spec_of, status_of
from minisets.objects.snapshots import RESTORE_FAILED, RESTORE_FROM
from minisets.settings import PROVISIONER
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole

INSIDE = "/data/log"
SET = Ref("StatefulSet", "default", "web")
KINDS = ("VolumeSnapshot", "VolumeSnapshotContent")


def statefulset(name: str = "web", replicas: int = 2, **spec: Any) -> Object:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    mounts = [{"name": "data", "mountPath": "/data"}]
    container = {"name": "main", "image": "writer:1", "volumeMounts": mounts}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
            "volumeClaimTemplates": [claim],
            **spec,
        },
    }


def is_ready(whole: Whole, ref: Ref = SET) -> bool:
    found = whole.client.read(ref)
    return bool(status_of(found).get("readyReplicas", 0) == spec_of(found)["replicas"])


@pytest.fixture
def web(whole: Whole) -> Whole:
    """A statefulset whose pods have written a line each."""
    whole.client.create("StatefulSet", "default", statefulset())
    until(lambda: is_ready(whole), "web to be ready")
    for ordinal in range(2):
        whole.engine.write_file(f"web-{ordinal}", INSIDE, f"first {ordinal}".encode())
    return whole


def held(whole: Whole, pod: str) -> bytes | None:
    return whole.engine.read_file(pod, INSIDE)


def paused(whole: Whole) -> list[str]:
    found = whole.engine.list_containers({labels.POD: ""})
    return sorted(one.name for one in found if one.state == "paused")


def helpers(whole: Whole) -> list[str]:
    return [one.name for one in whole.engine.list_containers({labels.KIND: "copy"})]


def volumes(whole: Whole, kind: str) -> list[str]:
    return sorted(one.name for one in whole.engine.list_volumes({labels.KIND: kind}))


def reasons(whole: Whole, name: str) -> set[str]:
    found = whole.client.select("Event").items
    return {each["reason"] for each in found if each["involvedObject"]["name"] == name}


def test_what_was_saved_is_put_back(web: Whole, run: Run) -> None:
    saved = run("snapshot", "save", "one")
    assert (saved.code, saved.err) == (0, "")
    assert saved.out.splitlines()[:2] == ["  data-web-0   7", "  data-web-1   7"]
    assert "snapshot one of statefulset/web saved: 2 claims, 14; its pods stood still for" in saved.out
    assert volumes(web, "snapshot") == ["one-data-web-0_snapshot", "one-data-web-1_snapshot"]
    assert (paused(web), helpers(web)) == ([], [])
    for ordinal in range(2):
        web.engine.write_file(f"web-{ordinal}", INSIDE, b"second")
        web.engine.write_file(f"web-{ordinal}", "/data/more", b"more")
    restored = run("snapshot", "restore", "one", "statefulset/web", "--yes")
    assert (restored.code, restored.err) == (0, "")
    lines = restored.out.splitlines()
    assert lines[:2] == ["  web-1  stopped", "  web-0  stopped"]
    assert lines[-1] == "snapshot one put back into statefulset/web: 2 claims"
    assert [held(web, f"web-{ordinal}") for ordinal in range(2)] == [b"first 0", b"first 1"]
    assert web.engine.read_file("web-0", "/data/more") is None
    found = web.client.read(SET)
    assert spec_of(found)["replicas"] == 2
    assert "minisets.dev/restoring" not in annotations_of(found)


def test_a_snapshot_is_kept_when_its_statefulset_goes(web: Whole, run: Run) -> None:
    assert run("snapshot", "save", "one").code == 0
    assert run("delete", "sts", "web").code == 0
    assert "snapshot" not in run("volumes").out
    refused = run("snapshot", "restore", "one", "--yes")
    assert (refused.code, "statefulset/web is gone: make it again first" in refused.err) == (1, True)
    assert volumes(web, "snapshot") != []


def test_whatever_scaling_would_take_along_is_kept(whole: Whole, run: Run) -> None:
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    body = statefulset(persistentVolumeClaimRetentionPolicy=policy)
    whole.client.create("StatefulSet", "default", body)
    until(lambda: is_ready(whole), "web to be ready")
    whole.engine.write_file("web-0", INSIDE, b"first")
    claims = {each["metadata"]["uid"] for each in whole.client.select("PersistentVolumeClaim").items}
    assert run("snapshot", "save", "one", "sts", "web").code == 0
    whole.engine.write_file("web-0", INSIDE, b"second")
    assert run("snapshot", "restore", "one", "--yes").code == 0
    assert held(whole, "web-0") == b"first"
    assert {each["metadata"]["uid"] for each in whole.client.select("PersistentVolumeClaim").items} == claims
    found = spec_of(whole.client.read(SET))["persistentVolumeClaimRetentionPolicy"]
    assert found == policy


def test_a_claim_that_was_lost_is_made_from_its_copy(web: Whole, run: Run) -> None:
    assert run("snapshot", "save", "one").code == 0
    web.client.patch(SET, {"spec": {"replicas": 1}}, form="merge")
    gone = Ref("PersistentVolumeClaim", "default", "data-web-1")
    until(lambda: web.client.get(Ref("Pod", "default", "web-1")) is None, "web-1 to end")
    web.client.delete(gone)
    until(lambda: web.client.get(gone) is None, "the claim to go")
    web.client.patch(SET, {"spec": {"replicas": 2}}, form="merge")
    until(lambda: is_ready(web), "web to be ready")
    assert held(web, "web-1") is None
    web.client.patch(SET, {"spec": {"replicas": 1}}, form="merge")
    until(lambda: web.client.get(Ref("Pod", "default", "web-1")) is None, "web-1 to end")
    web.client.delete(gone)
    until(lambda: web.client.get(gone) is None, "the claim to go")
    assert run("snapshot", "restore", "one", "--yes").code == 0
    web.client.patch(SET, {"spec": {"replicas": 2}}, form="merge")
    until(lambda: is_ready(web), "web to be ready")
    assert held(web, "web-1") == b"first 1"


def test_a_restore_that_was_killed_goes_on_where_claims_wait_for_their_pods(whole: Whole, run: Run) -> None:
    late = {"provisioner": PROVISIONER, "volumeBindingMode": "WaitForFirstConsumer"}
    whole.client.create("StorageClass", "", {"metadata": {"name": "late"}, **late})
    body = statefulset(replicas=1)
    body["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "late"
    whole.client.create("StatefulSet", "default", body)
    until(lambda: is_ready(whole), "web to be ready")
    whole.engine.write_file("web-0", INSIDE, b"first")
    assert run("snapshot", "save", "one").code == 0
    whole.client.patch(SET, {"spec": {"replicas": 0}}, form="merge")
    until(lambda: whole.client.get(Ref("Pod", "default", "web-0")) is None, "web-0 to end")
    lost = Ref("PersistentVolumeClaim", "default", "data-web-0")
    whole.client.delete(lost)
    until(lambda: whole.client.get(lost) is None, "the claim to go")
    (saved,) = whole.client.select("VolumeSnapshot").items
    claim = missing_claim(whole.client.read(SET), Part("data-web-0", name_of(saved)))
    whole.client.create(lost.kind, "default", claim)
    whole.client.patch(SET, stopped(body, "one", None), form="merge")
    restored = run("snapshot", "restore", "one", "--yes")
    assert (restored.code, restored.err) == (0, "")
    assert held(whole, "web-0") == b"first"


def test_a_claim_begins_with_what_a_snapshot_holds(web: Whole, run: Run) -> None:
    """Kubernetes' own way, without a statefulset."""
    assert run("snapshot", "save", "one").code == 0
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "one-data-web-0"}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "2Gi"}},
        "dataSource": source,
    }
    ref = Ref("PersistentVolumeClaim", "default", "other")
    web.client.create(ref.kind, "default", {"metadata": {"name": "other"}, "spec": spec})
    until(lambda: status_of(web.client.read(ref))["phase"] == "Bound", "the claim to be bound")
    found = web.client.read(ref)
    assert spec_of(found)["dataSourceRef"] == source
    assert [file.data for file in web.engine.files_of("other").values()] == [b"first 0"]


def test_what_is_there_is_listed_and_removed(web: Whole, run: Run) -> None:
    assert "No snapshots found in default namespace." in run("snapshot", "list").err
    assert run("snapshot", "save", "one").code == 0
    heading, line = run("snapshot", "list").out.splitlines()
    assert heading.split() == ["NAME", "STATEFULSET", "CLAIMS", "SIZE", "PAUSED", "READY", "AGE"]
    assert line.split()[:4] == ["one", "web", "2", "14"]
    assert line.split()[5] == "true"
    assert run("snapshot", "list", "-o", "name").out == "one\n"
    (read,) = json.loads(run("snapshot", "list", "-o", "json").out)
    assert (read["statefulset"], read["ready"], read["copied"], len(read["claims"])) == ("web", True, 14, 2)
    assert read["claims"][0]["volume"] == "one-data-web-0_snapshot"
    asked = run("snapshot", "rm", "one", stdin="n\n")
    assert (asked.code, "nothing was removed: answer y, or use --yes" in asked.err) == (1, True)
    removed = run("snapshot", "rm", "one", "--yes")
    assert (removed.code, removed.out) == (0, "snapshot one removed\n")
    assert volumes(web, "snapshot") == []
    assert not any(web.client.select(kind).items for kind in KINDS)
    assert volumes(web, "volume") == ["data-web-0", "data-web-1"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("save", "One"), 2, '"One" cannot be a snapshot\'s name'),
        (("save", "one", "pod/web-0"), 2, "snapshots are of statefulsets, not of pods"),
        (("save", "one", "statefulset/no"), 1, 'statefulsets.apps "no" not found'),
        (("save", "one", "sts"), 2, "name one statefulset: statefulset/NAME"),
        (("restore", "no"), 1, "there is no snapshot no in namespace default"),
        (("rm", "no"), 1, "there is no snapshot no in namespace default"),
    ],
)
def test_bad_words_are_told_in_one_line(
    web: Whole, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    del web
    told = run("snapshot", *words)
    assert (told.code, said in told.err, len(told.err.splitlines())) == (code, True, 1), told.err


@pytest.mark.parametrize("verb", ["save", "restore"])
def test_a_timeout_of_zero_is_for_ever(verb: str) -> None:
    given = snapshot.commands[verb].make_context(verb, ["one", "--timeout", "0"]).params
    assert given["timeout"] > timedelta(days=365)


def test_a_taken_name_another_statefulset_and_two_of_them_are_told(web: Whole, run: Run) -> None:
    assert run("snapshot", "save", "one").code == 0
    taken = run("snapshot", "save", "one")
    assert (taken.code, "there is a snapshot one already" in taken.err) == (1, True)
    web.client.create("StatefulSet", "default", statefulset("db", 1))
    several = run("snapshot", "save", "two")
    assert "has several statefulsets, name one of statefulset/db, statefulset/web" in several.err
    other = run("snapshot", "restore", "one", "sts/db", "--yes")
    assert (other.code, "snapshot one is of statefulset/web, not of db" in other.err) == (2, True)
    refused = run("snapshot", "restore", "one", stdin="n\n")
    assert (refused.code, "nothing was put back: answer y, or use --yes" in refused.err) == (1, True)
    assert is_ready(web)


def test_a_save_that_was_killed_goes_on(web: Whole, run: Run) -> None:
    assert run("snapshot", "save", "one").code == 0
    body = web.client.read(Ref("VolumeSnapshot", "default", "one-data-web-0"))
    assert run("snapshot", "rm", "one", "--yes").code == 0
    kept = {key: body["metadata"][key] for key in ("name", "labels", "annotations")}
    source = {"persistentVolumeClaimName": "data-web-0"}
    web.client.create("VolumeSnapshot", "default", {"metadata": kept, "spec": {"source": source}})
    assert run("snapshot", "list").out.splitlines()[1].split()[5] == "false"
    assert run("snapshot", "save", "one").code == 0
    (read,) = json.loads(run("snapshot", "list", "-o", "json").out)
    assert (read["ready"], len(read["claims"])) == (True, 2)


def test_a_copy_that_fails_is_told_and_leaves_nothing_behind(web: Whole, run: Run) -> None:
    web.engine.behave(
        "minisets__copy-*", exits_with=1, output=(("stderr", b"pause: cannot write log: error 28\n"),)
    )
    failed = run("snapshot", "save", "one")
    assert failed.code == 1
    assert "cannot write log: error 28" in failed.err
    assert (paused(web), helpers(web), volumes(web, "snapshot")) == ([], [], [])
    assert is_ready(web)
    assert "false: Failed to check and update" in run("snapshot", "list").out
    web.engine.behave("minisets__copy-*", exits_with=None, output=())
    again = run("snapshot", "save", "one")
    assert "snapshot one was tried before and failed" in again.err
    assert run("snapshot", "rm", "one", "--yes").code == 0
    assert run("snapshot", "save", "one").code == 0


def test_a_restore_that_fails_says_what_to_type_and_goes_on(web: Whole, run: Run) -> None:
    assert run("snapshot", "save", "one").code == 0
    web.engine.write_file("web-0", INSIDE, b"second")
    web.engine.behave("minisets__copy-*", exits_with=1)
    failed = run("snapshot", "restore", "one", "--yes")
    assert failed.code == 1
    assert "stays at 0 replicas; to go on: minisets snapshot restore one --yes" in failed.err
    assert spec_of(web.client.read(SET))["replicas"] == 0
    claim = web.client.read(Ref("PersistentVolumeClaim", "default", "data-web-0"))
    assert RESTORE_FROM in annotations_of(claim)
    assert "being restored from snapshot one" in run("snapshot", "rm", "one", "--yes").err
    web.client.patch(SET, {"spec": {"replicas": 1}}, form="merge")
    held_back = 'claim "data-web-0" is being put back from snapshot "one-data-web-0"'
    until(lambda: held_back in str(web.client.select("Event").items), "the pod to be held back")
    assert paused(web) == []
    web.engine.behave("minisets__copy-*", exits_with=None, output=())
    assert run("snapshot", "restore", "one", "--yes").code == 0
    assert held(web, "web-0") == b"first 0"
    found = web.client.read(SET)
    assert (spec_of(found)["replicas"], is_ready(web)) == (2, True)
    claim = web.client.read(Ref("PersistentVolumeClaim", "default", "data-web-0"))
    assert RESTORE_FAILED not in annotations_of(claim)


def test_pods_stand_still_while_they_are_copied(web: Whole, run: Run) -> None:
    web.engine.behave("minisets__copy-*", hangs=True)
    body = {"metadata": {"name": "alone"}, "spec": {"source": {"persistentVolumeClaimName": "data-web-0"}}}
    web.client.create("VolumeSnapshot", "default", body)
    until(lambda: paused(web) == ["web-0"], "its pod, and no other one, to stand still")
    assert is_ready(web)
    ref = Ref("VolumeSnapshot", "default", "alone")
    until(lambda: status_of(web.client.read(ref)).get("readyToUse") is False, "that it is not ready")
    (helper,) = helpers(web)
    until(lambda: web.engine.inspect_container(helper).state == "running", "the copying to begin")
    web.engine.write_log(helper, b"7\n")
    web.engine.exit(helper, 0)
    until(lambda: status_of(web.client.read(ref)).get("readyToUse"), "it to be ready")
    assert paused(web) == []
    told = {"CreatingSnapshot", "SnapshotCreated", "SnapshotReady"}
    until(lambda: told <= reasons(web, "alone"), "all of that to be told")
    got = run("get", "vs").out.splitlines()
    assert got[0].split() == [
        "NAME", "READYTOUSE", "SOURCEPVC", "SOURCESNAPSHOTCONTENT", "RESTORESIZE",
        "SNAPSHOTCLASS", "SNAPSHOTCONTENT", "CREATIONTIME", "AGE",
    ]  # fmt: skip
    assert got[1].split()[:6] == ["alone", "true", "data-web-0", "<none>", "1Gi", "standard"]
    assert run("snapshot", "list", "-o", "name").out == "alone\n"


def test_an_engine_that_cannot_pause_is_told(web: Whole, run: Run) -> None:
    web.engine.fail_next("pause_container", EngineError("container web-0: cannot pause: no freezer"), times=3)
    failed = run("snapshot", "save", "one", "--timeout", "20s")
    assert (failed.code, "no freezer" in failed.err) == (1, True)
    assert (paused(web), helpers(web), volumes(web, "snapshot")) == ([], [], [])
