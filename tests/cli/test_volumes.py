"""`minisets volumes`: what is listed, told by plain objects; rm, adopt and recover against a whole server."""

import io
import json
import tarfile

import pytest

from minisets.cli import volumes_changes as changes
from minisets.cli.down import _delete_all_claims
from minisets.cli.session import Session
from minisets.cli.volumes_rows import Row, Seen, in_words, removable, rows
from minisets.clock import SystemClock
from minisets.cluster.volumes import archive_in
from minisets.engine import labels
from minisets.engine.interface import Volume
from minisets.engine.specs import VolumeSpec
from minisets.errors import MinisetsError
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, labels_of, name_of, spec_of, status_of
from minisets.objects.names import dns_subdomain
from minisets.settings import ADOPTED
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: NAME, labels: {app: keeper}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


def claim(name: str, volume: str = "", uid: str = "u") -> Object:
    spec = {"volumeName": volume} if volume else {}
    metadata = {"name": name, "namespace": "default", "uid": f"{uid}-{name}"}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": {}}


def volume(name: str, handle: str, claim_name: str, uid: str = "u") -> Object:
    ref = {"namespace": "default", "name": claim_name, "uid": f"{uid}-{claim_name}"}
    csi = {"driver": "docker.minisets.dev", "volumeHandle": handle}
    spec = {"csi": csi, "claimRef": ref, "capacity": {"storage": "1Gi"}}
    return {"kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec, "status": {}}


def statefulset(name: str, replicas: int, start: int = 0) -> Object:
    spec = {
        "replicas": replicas,
        "ordinals": {"start": start},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    }
    return {"kind": "StatefulSet", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def pod(name: str, claim_name: str, phase: str = "Running") -> Object:
    spec = {"volumes": [{"name": "it", "persistentVolumeClaim": {"claimName": claim_name}}]}
    metadata = {"name": name, "namespace": "default"}
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": phase}}


def docker_volume(name: str, claim_name: str, created: str = "") -> Volume:
    made = labels.volume_labels("minisets", claim(claim_name), f"pv-{name}")
    return Volume(name, {**made, labels.CLAIM_CREATED: created}, "local", {}, "")


# --- what is listed ---


def test_a_claim_has_its_volume_its_size_and_the_pods_that_use_it_now() -> None:
    pods = (pod("web-0", "data"), pod("done", "data", "Succeeded"))
    seen = Seen(
        claims=(claim("data", "pv"),), volumes=(volume("pv", "v", "data"),), pods=pods, sizes={"v": 7}
    )
    (row,) = rows(seen)
    assert (row.claim, row.volume, row.persistent_volume) == ("data", "v", "pv")
    assert (row.pods, row.used, row.orphan) == (("web-0",), 7, "")


def test_a_size_that_nobody_told_is_unknown_and_not_nothing() -> None:
    (row,) = rows(Seen(claims=(claim("data", "pv"),), volumes=(volume("pv", "v", "data"),)))
    assert row.used is None
    assert in_words(row.used) == "<unknown>"
    assert (in_words(0), in_words(1023), in_words(20 << 20)) == ("0", "1023", "20.0Mi")


@pytest.mark.parametrize(
    ("name", "statefulsets", "why"),
    [
        ("data-web-1", [statefulset("web", 2)], ""),
        ("data-web-2", [statefulset("web", 2)], "beyond the replicas of statefulset/web"),
        ("data-web-0", [statefulset("web", 2, start=1)], "beyond the replicas of statefulset/web"),
        ("data-web-0", [statefulset("other", 1)], "its statefulset is gone"),
        ("data-web-x", [], ""),
        ("data", [], ""),
    ],
)
def test_a_claim_is_orphaned_when_no_statefulset_wants_its_ordinal(
    name: str, statefulsets: list[Object], why: str
) -> None:
    (row,) = rows(Seen(claims=(claim(name),), statefulsets=tuple(statefulsets)))
    assert row.orphan == why


def test_a_claim_that_a_pod_uses_is_no_orphan() -> None:
    (row,) = rows(Seen(claims=(claim("data-web-0"),), pods=(pod("mine", "data-web-0"),)))
    assert row.orphan == ""


def test_what_is_left_without_a_claim_is_listed_after_the_claim_of_that_name() -> None:
    seen = Seen(
        claims=(claim("data", "new", uid="n"),),
        volumes=(volume("new", "v2", "data", uid="n"), volume("old", "v1", "data")),
        docker=(docker_volume("v0", "data"), docker_volume("v1", "data"), docker_volume("v2", "data")),
    )
    found = [(row.volume, row.orphan) for row in rows(seen)]
    assert found == [("v2", ""), ("v0", "no claim"), ("v1", "no claim")]


# --- what may be removed ---


LISTED = [
    Row("default", "kept", "kept", "pv"),
    Row("default", "kept", "kept__1", "pv-old", orphan="no claim"),
    Row("default", "data-web-0", "data-web-0", orphan="its statefulset is gone"),
    Row("default", "twice", "cluster_twice", orphan="no claim"),
    Row("default", "twice", "cluster_twice__1", orphan="no claim"),
]


@pytest.mark.parametrize("word", ["kept__1", "pv-old"])
def test_an_orphan_is_named_by_either_name_of_its_volume(word: str) -> None:
    assert removable(LISTED, word, "default") == LISTED[1]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("kept", "which exists: nothing is removed"),
        ("data-web-0", "which exists: nothing is removed"),
        ("twice", "name one of cluster_twice, cluster_twice__1"),
        ("minisets", "is no claim, and no volume of one"),
    ],
)
def test_what_a_claim_has_or_nobody_knows_is_not_removed(word: str, said: str) -> None:
    with pytest.raises(MinisetsError) as refused:
        removable(LISTED, word, "default")
    assert said in str(refused.value)


def test_a_claims_name_means_the_one_of_the_namespace() -> None:
    with pytest.raises(MinisetsError, match="is no claim"):
        removable(LISTED, "twice", "other")


# --- against a whole server ---


def made(run: Run, whole: Whole, name: str) -> Object:
    """A claim, once it is bound."""
    assert run("apply", "-f", "-", stdin=CLAIM.replace("NAME", name)).code == 0
    return until(lambda: bound(whole, name), f"claim {name} bound")


def bound(whole: Whole, name: str) -> Object:
    found = whole.client.get(Ref("PersistentVolumeClaim", "default", name)) or {}
    return found if status_of(found).get("phase") == "Bound" else {}


def adopt(whole: Whole, name: str, claim_name: str = "") -> str:
    return changes.adopt(whole.client, whole.engine, "minisets", "default", name, claim_name)


def recover(whole: Whole) -> list[str]:
    return list(changes.recover(whole.client, whole.engine, "minisets"))


def remove(whole: Whole, row: Row) -> list[str]:
    return list(changes.remove(whole.client, whole.engine, "minisets", row, SystemClock()))


def test_without_an_engine_the_list_has_no_sizes_and_says_why(run: Run, whole: Whole) -> None:
    made(run, whole, "data")
    ran = run("volumes")
    assert ran.code == 0
    assert "what is in the volumes is not known: no Docker Engine answers" in ran.err
    head, row = ran.out.splitlines()
    assert head.split() == ["CLAIM", "POD", "VOLUME", "PHASE", "CAPACITY", "USED", "AGE"]
    assert row.split()[:6] == ["data", "<none>", "data", "Bound", "1Gi", "<unknown>"]


def test_the_list_is_also_json_and_names(run: Run, whole: Whole) -> None:
    made(run, whole, "data")
    (row,) = json.loads(run("volumes", "list", "-A", "-o", "json").out)
    assert (row["namespace"], row["volume"], row["used"], row["orphan"]) == ("default", "data", None, "")
    assert run("volumes", "-o", "name").out == "data\n"
    assert "No orphaned volumes found in default namespace." in run("volumes", "--orphans").err


def test_a_claim_of_a_statefulset_that_is_gone_is_listed_with_the_reason(run: Run, whole: Whole) -> None:
    made(run, whole, "data-web-0")
    head, row = run("volumes", "--orphans").out.splitlines()
    assert head.endswith("WHY")
    assert row.endswith("its statefulset is gone")


@pytest.mark.parametrize("words", [["rm", "--yes", "data"], ["export", "data"], ["import", "data"]])
def test_what_needs_the_engine_or_an_orphan_is_refused_in_a_line(
    run: Run, whole: Whole, words: list[str]
) -> None:
    made(run, whole, "data")
    ran = run("volumes", *words)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("Error: ")
    assert bound(whole, "data")


def test_a_volume_that_was_retained_goes_with_its_object(run: Run, whole: Whole) -> None:
    """A-141."""
    name = str(spec_of(made(run, whole, "data"))["volumeName"])
    ref = Ref("PersistentVolume", "", name)
    whole.client.patch(ref, {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}, form="merge")
    whole.client.delete(Ref("PersistentVolumeClaim", "default", "data"))
    until(lambda: status_of(whole.client.read(ref))["phase"] == "Released", "its release")
    said = remove(whole, Row("default", "data", "data", name))
    assert said == [f'persistentvolume "{name}" deleted', "Docker volume data removed"]
    assert whole.client.get(ref) is None
    assert whole.engine.inspect_volume("data") is None


def retained_in_memory(run: Run, whole: Whole) -> Ref:
    """The PersistentVolume of a claim `data`."""
    memory = "provisioner: minisets.dev/tmpfs\nreclaimPolicy: Retain\n"
    head = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: memory}\n"
    claims = CLAIM.replace("NAME", "data").replace("spec: {", "spec: {storageClassName: memory, ")
    assert run("apply", "-f", "-", stdin=f"{head}{memory}---\n{claims}").code == 0
    name = str(spec_of(until(lambda: bound(whole, "data"), "the claim bound"))["volumeName"])
    return Ref("PersistentVolume", "", name)


def test_a_retained_volume_in_memory_goes_with_what_held_it(run: Run, whole: Whole) -> None:
    """A-141."""
    ref = retained_in_memory(run, whole)
    held = labels.holders_selector("minisets")
    assert [one.state for one in whole.engine.list_containers(held)] == ["running"]
    whole.client.delete(Ref("PersistentVolumeClaim", "default", "data"))
    until(lambda: status_of(whole.client.read(ref))["phase"] == "Released", "its release")
    assert whole.engine.list_containers(held), "what is retained is kept"
    assert remove(whole, Row("default", "data", "data", ref.name))[-1] == "Docker volume data removed"
    assert whole.engine.list_containers(held) == ()


def test_down_with_volumes_overrules_that_a_volume_in_memory_is_retained(run: Run, whole: Whole) -> None:
    ref = retained_in_memory(run, whole)
    session = Session("minisets", "default", SystemClock())
    _delete_all_claims(session, whole.client, whole.client.select("PersistentVolumeClaim").items)
    assert whole.client.get(ref) is None
    assert whole.engine.inspect_volume("data") is None


def test_rm_leaves_a_strangers_volume_where_it_is(whole: Whole) -> None:
    whole.engine.create_volume(VolumeSpec("theirs", {"a": "b"}))
    (said,) = remove(whole, Row("default", "data", "theirs"))
    assert said == "the Docker volume theirs is not minisets': it stays, with its data"
    assert whole.engine.inspect_volume("theirs") is not None


def test_a_claim_waits_for_the_volume_of_a_stranger_until_it_is_adopted(run: Run, whole: Whole) -> None:
    """A-136."""
    whole.engine.create_volume(VolumeSpec("data", {}))
    assert run("apply", "-f", "-", stdin=CLAIM.replace("NAME", "data")).code == 0
    hint = "minisets volumes adopt data"
    until(lambda: any(hint in event["message"] for event in whole.client.select("Event").items), "the Event")
    assert not bound(whole, "data")
    assert "is adopted for claim data" in adopt(whole, "data")
    until(lambda: bound(whole, "data"), "the claim bound")
    assert adopt(whole, "data") == "the Docker volume data is adopted for claim data already"
    (pv,) = whole.client.select("PersistentVolume").items
    assert annotations_of(pv)[ADOPTED] == "data"
    assert spec_of(pv)["persistentVolumeReclaimPolicy"] == "Retain"


def test_whoever_wants_an_adopted_volume_deleted_loses_the_object_and_no_data(run: Run, whole: Whole) -> None:
    whole.engine.create_volume(VolumeSpec("data", {}))
    assert run("apply", "-f", "-", stdin=CLAIM.replace("NAME", "data")).code == 0
    adopt(whole, "data")
    pv = Ref("PersistentVolume", "", str(spec_of(until(lambda: bound(whole, "data"), "it"))["volumeName"]))
    whole.client.patch(pv, {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}, form="merge")
    whole.client.delete(Ref("PersistentVolumeClaim", "default", "data"))
    until(lambda: whole.client.get(pv) is None, "the end of the PersistentVolume")
    assert whole.engine.inspect_volume("data") is not None


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({labels.CLUSTER: "other", labels.KIND: "volume"}, 'is cluster "other"\'s: it cannot be adopted'),
        ({labels.CLUSTER: "minisets", labels.KIND: "state"}, "minisets keeps its own in it"),
        ({labels.CLUSTER: "minisets", labels.KIND: "volume"}, "is minisets' own"),
        ({}, "there is no claim whose volume would be called it"),
    ],
)
def test_what_is_not_a_strangers_or_nobody_waits_for_is_not_adopted(
    whole: Whole, held: dict[str, str], said: str
) -> None:
    whole.engine.create_volume(VolumeSpec("it", held))
    with pytest.raises(MinisetsError) as refused:
        adopt(whole, "it")
    assert said in str(refused.value)
    assert not whole.client.select("PersistentVolume").items


@pytest.mark.parametrize(
    ("held", "adopted", "is_mounted"),
    [
        ({"a": "b"}, "it", True),
        ({"a": "b"}, "other", False),
        ({"a": "b"}, "", False),
        (labels.state_labels("minisets", ""), "it", False),
        ({labels.CLUSTER: "other", labels.KIND: "volume"}, "it", False),
    ],
)
def test_the_annotation_opens_that_one_volume_and_none_that_any_minisets_made(
    held: dict[str, str], adopted: str, *, is_mounted: bool
) -> None:
    assert labels.is_taken_in(held, "it", adopted) == is_mounted


def test_a_claim_that_has_a_volume_adopts_no_other(run: Run, whole: Whole) -> None:
    made(run, whole, "data")
    whole.engine.create_volume(VolumeSpec("theirs", {}))
    with pytest.raises(MinisetsError, match="already: nothing was adopted"):
        adopt(whole, "theirs", "data")


@pytest.mark.parametrize("name", ["data", "My_Data", "a..b", "9_", "a.-b", "x" * 200])
def test_the_object_of_an_adopted_volume_has_a_name_that_kubernetes_takes(name: str) -> None:
    asked = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}, "metadata": {"name": "c"}}
    assert dns_subdomain(name_of(changes.adopted_volume(asked, name))) == []


def lost(whole: Whole, name: str, uid: str, created: str) -> None:
    """A volume with a claim's data, of which the state knows nothing."""
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    metadata = {"name": "data", "namespace": "elsewhere", "uid": uid, "labels": {"app": "keeper"}}
    was = {"metadata": {**metadata, "creationTimestamp": created}, "spec": spec}
    held = labels.volume_labels("minisets", was, f"pvc-{uid}", reclaim="Retain")
    whole.engine.create_volume(VolumeSpec(name, held))


def test_claims_volumes_and_namespaces_are_made_anew_from_the_labels(whole: Whole) -> None:
    lost(whole, "v1", "1", "2026-01-01T00:00:00Z")
    lost(whole, "v2", "2", "2026-02-01T00:00:00Z")
    assert recover(whole) == [
        "v2: claim elsewhere/data has it again",
        "v1: kept as it is: claim elsewhere/data has another volume",
    ]
    ref = Ref("PersistentVolumeClaim", "elsewhere", "data")
    until(lambda: status_of(whole.client.read(ref)).get("phase") == "Bound", "the claim bound")
    assert labels_of(whole.client.read(ref)) == {"app": "keeper"}
    (pv,) = whole.client.select("PersistentVolume").items
    assert spec_of(pv)["persistentVolumeReclaimPolicy"] == "Retain"
    assert recover(whole) == ["v1: kept as it is: claim elsewhere/data has another volume"]


def test_a_recovery_that_was_killed_half_way_is_finished_by_the_next(whole: Whole) -> None:
    lost(whole, "v1", "1", "2026-01-01T00:00:00Z")
    found = whole.engine.inspect_volume("v1")
    read = labels.read_claim_volume(found.labels) if found else None
    assert read is not None
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}}
    whole.client.create("Namespace", "", namespace)
    whole.client.create("PersistentVolumeClaim", "elsewhere", changes.claim_of(read))
    assert recover(whole) == ["v1: claim elsewhere/data has it again"]


# --- archives ---


def archive(*names: str, form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.mtime = tarfile.DIRTYPE, 0o711, 7, 1.5
            tar.addfile(entry)
    return buffer.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_folder_that_all_is_in_is_told_by_the_first_entry(form: int) -> None:
    given = archive("./", "./a", form=form)
    found = archive_in(io.BytesIO(given))
    assert found.root is not None
    assert (found.root.mode, found.root.uid) == (0o711, 7)
    assert b"".join(found.pieces) == given


def test_an_archive_without_that_folder_leaves_the_volumes_own() -> None:
    given = archive("a", "b")
    found = archive_in(io.BytesIO(given))
    assert found.root is None
    assert b"".join(found.pieces) == given


@pytest.mark.parametrize("given", [b"", b"no archive", b"\x1f\x8b" + bytes(600), bytes(1024)])
def test_what_is_no_archive_is_refused_before_anything_is_done(given: bytes) -> None:
    with pytest.raises(MinisetsError, match="is no tar archive"):
        archive_in(io.BytesIO(given))
