"""Commands against a whole server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from minisets.cli.applying import Applier
from minisets.cli.down import _delete_all_claims, _end_workloads
from minisets.cli.session import Session
from minisets.clock import SystemClock
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, uid_of
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole, configmap, pod

WEB = """\
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, ports: [{port: 80, name: web}], selector: {app: nginx}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: nginx, image: "nginx:1.9.1"}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "web.yaml"
    written.write_text(WEB)
    return written


def up(run: Run, file: Path, *more: str) -> list[str]:
    ran = run("up", "-f", str(file), "--timeout", "20", *more)
    assert ran.code == 0, ran.err
    return ran.out.splitlines()


def test_up_creates_waits_in_order_and_says_what_to_try(run: Run, whole: Whole, file: Path) -> None:
    del whole
    ran = run("up", "-f", str(file), "--timeout", "20")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[:2] == ["service/nginx created", "statefulset.apps/web created"]
    ready = [line.split()[0] for line in lines if "Ready at 10.213." in line]
    assert ready == ["web-0", "web-1"]
    assert "minisets delete-pod web-0" in ran.err


def test_a_second_up_of_the_same_file_changes_nothing(run: Run, whole: Whole, file: Path) -> None:
    del whole
    up(run, file)
    assert up(run, file)[:2] == ["service/nginx unchanged", "statefulset.apps/web unchanged"]


def test_a_second_file_that_names_the_same_set_is_an_update(run: Run, whole: Whole, file: Path) -> None:
    up(run, file)
    file.write_text(WEB.replace("replicas: 2", "replicas: 1"))
    assert "statefulset.apps/web configured" in up(run, file)
    assert [held["metadata"]["name"] for held in whole.client.select("Pod").items] == ["web-0"]


def test_up_that_does_not_get_ready_says_which_pod_and_why(run: Run, whole: Whole, file: Path) -> None:
    whole.engine.miss_image("nginx:1.9.1")
    whole.engine.refuse_pull("nginx:1.9.1", "no such manifest [latest]")
    ran = run("up", "-f", str(file), "--timeout", "5")
    assert ran.code == 1
    assert ran.err.startswith("Error: not Ready after 5 s: pod web-0 is ")
    assert ran.err.endswith("see `minisets describe pod web-0`\n")


def test_a_mistake_in_the_last_document_leaves_no_half(run: Run, whole: Whole, file: Path) -> None:
    file.write_text(WEB.replace("replicas: 2", "replicsa: 2"))
    ran = run("up", "-f", str(file))
    assert ran.code == 1
    assert ran.err.startswith(f"Error: {file}:11: ")
    assert 'unknown field "spec.replicsa"' in ran.err
    assert whole.client.select("Service", "default").items == ()


def test_a_kind_that_nobody_knows_is_refused_with_a_hint(run: Run, whole: Whole, file: Path) -> None:
    del whole
    file.write_text(WEB.replace("kind: StatefulSet", "kind: StatefulSett"))
    ran = run("up", "-f", str(file))
    assert (ran.code, ran.err) == (
        1,
        (
            f'Error: {file}:7: StatefulSett "web": no kind "StatefulSett" in version "apps/v1"; '
            'did you mean "StatefulSet"?\n'
        ),
    )


@pytest.mark.parametrize(
    ("version", "kind", "code", "said"),
    [
        ("apps/v1beta1", "StatefulSet", 1, "write apiVersion: apps/v1"),
        ("v1", "StatefulSet", 1, "write apiVersion: apps/v1"),
        ("v1", "Pood", 1, 'did you mean "Pod"?'),
        ("v1", "Xyzzy", 1, "see `minisets get --help` for the kinds served"),
        ("batch/v1", "Job", 0, "is Kubernetes' and not emulated by minisets"),
        ("db.example.com/v1", "Postgres", 0, "is a custom resource: minisets runs no operators"),
    ],
)
def test_kinds_that_are_not_served_are_mistakes_or_notices(
    run: Run, whole: Whole, version: str, kind: str, code: int, said: str
) -> None:
    del whole
    text = json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}})
    ran = run("up", "-f", "-", stdin=text)
    assert ran.code == code
    assert said in ran.err


def test_ctrl_c_in_up_says_what_runs_on(
    run: Run, whole: Whole, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del whole

    def interrupted(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Applier, "check", interrupted)
    ran = run("up", "-f", str(file))
    assert ran.code == 130
    assert "interrupted: the server and the pods that it has run on" in ran.err
    assert "`minisets down`" in ran.err


def test_ctrl_c_before_anything_was_done_says_so(
    run: Run, whole: Whole, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del whole

    def interrupted(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt

    monkeypatch.setattr("minisets.objects.manifests.documents", interrupted)
    ran = run("up", "-f", str(file))
    assert (ran.code, ran.err) == (130, "\ninterrupted: nothing was started, nothing was changed\n")


def test_delete_pod_waits_for_the_replacement(run: Run, whole: Whole, file: Path) -> None:
    up(run, file)
    before = whole.client.read(Ref("Pod", "default", "web-0"))
    ran = run("delete-pod", "web-0", "--timeout", "20")
    assert ran.code == 0, ran.err
    now = whole.client.read(Ref("Pod", "default", "web-0"))
    was, is_ = before["status"]["podIP"], now["status"]["podIP"]
    assert ran.out == f'pod "web-0" deleted\npod/web-0 is Ready again at {is_} (was {was})\n'
    assert uid_of(now) != uid_of(before)


def test_delete_pod_by_label_takes_all(run: Run, whole: Whole, file: Path) -> None:
    del whole
    up(run, file)
    ran = run("delete-pod", "-l", "app=nginx", "--timeout", "20")
    assert ran.code == 0, ran.err
    assert sorted(line.split(" at ")[0] for line in ran.out.splitlines() if "again" in line) == [
        "pod/web-0 is Ready again",
        "pod/web-1 is Ready again",
    ]


def test_delete_pod_of_nobody_is_an_error(run: Run, whole: Whole) -> None:
    del whole
    assert run("delete-pod", "web-9").err == 'Error: pods "web-9" not found\n'
    ran = run("delete-pod", "-l", "app=none")
    assert (ran.code, "nothing was deleted" in ran.err) == (1, True)


def test_get_prints_tables_as_kubectl_does(run: Run, whole: Whole, file: Path) -> None:
    del whole
    up(run, file)
    lines = run("get", "pods").out.splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["web-0", "1/1", "Running"],
        ["web-1", "1/1", "Running"],
    ]
    assert run("get", "sts,svc", "-A").out.splitlines()[1].startswith("default     statefulset.apps/web")
    assert "10.213." in run("get", "pod", "web-0", "-o", "wide").out
    assert run("get", "pod/web-0", "-o", "name").out == "pod/web-0\n"
    assert yaml.safe_load(run("get", "pod", "web-0", "-o", "yaml").out)["kind"] == "Pod"
    for output in ("yaml", "json"):
        assert "managedFields" not in run("get", "sts", "-o", output).out
        assert "managedFields" in run("get", "sts", "-o", output, "--show-managed-fields").out
    assert len(json.loads(run("get", "pods", "-l", "app=nginx", "-o", "json").out)["items"]) == 2


def test_get_of_nothing_says_so_on_stderr(run: Run, whole: Whole) -> None:
    del whole
    ran = run("get", "pods")
    assert (ran.code, ran.out, ran.err) == (0, "", "No resources found in default namespace.\n")
    missing = run("get", "pod", "web-9")
    assert (missing.code, missing.err) == (1, 'Error: pods "web-9" not found\n')


def test_describe_prints_an_object_and_its_events(run: Run, whole: Whole, file: Path) -> None:
    del whole
    up(run, file)
    printed = run("describe", "sts", "web").out
    assert printed.startswith("Name:              web\nNamespace:         default\n")
    assert "SuccessfulCreate" in printed


def test_exec_gives_the_commands_output_and_exit_code(run: Run, whole: Whole, file: Path) -> None:
    """The engine in memory echoes the command's words."""
    del whole
    up(run, file)
    ran = run("exec", "web-0", "-c", "nginx", "--", "echo", "-n", "hello")
    assert ran.code == 0, ran.err
    assert "hello" in ran.out


def test_a_terminal_that_is_none_is_said_and_the_command_runs(run: Run, whole: Whole, file: Path) -> None:
    del whole
    up(run, file)
    ran = run("exec", "-t", "web-0", "--", "echo", "hello")
    assert (ran.code, "hello" in ran.out) == (0, True), ran.err


def test_exec_in_a_pod_that_is_not_there_says_so(run: Run, whole: Whole) -> None:
    del whole
    ran = run("exec", "web-9", "--", "ls")
    assert (ran.code, ran.err) == (1, 'Error: pods "web-9" not found\n')


def test_scale_changes_the_replicas(run: Run, whole: Whole, file: Path) -> None:
    up(run, file)
    assert run("scale", "sts", "web", "--replicas", "0").out == "statefulset.apps/web scaled\n"
    until(lambda: not whole.client.select("Pod").items, "no pods")


def test_apply_create_and_delete_speak_as_kubectl(run: Run, whole: Whole) -> None:
    del whole
    text = json.dumps(configmap("a"))
    assert run("create", "-f", "-", stdin=text).out == "configmap/a created\n"
    again = run("create", "-f", "-", stdin=text)
    assert (again.code, again.err) == (1, 'Error: stdin:1: configmaps "a" already exists\n')
    changed = json.dumps({**configmap("a"), "data": {"a": "2"}})
    assert run("apply", "-f", "-", stdin=changed).out == "configmap/a configured\n"
    assert run("delete", "cm", "a").out == 'configmap "a" deleted\n'
    gone = run("delete", "cm", "a")
    assert (gone.code, gone.err) == (1, 'Error: configmaps "a" not found\n')


def test_a_field_that_is_gone_from_the_file_goes_from_the_object(run: Run, whole: Whole) -> None:
    run("apply", "-f", "-", stdin=json.dumps({**configmap("a"), "data": {"a": "1", "b": "2"}}))
    run("apply", "-f", "-", stdin=json.dumps(configmap("a")))
    assert whole.client.read(Ref("ConfigMap", "default", "a"))["data"] == {"a": "1"}


def test_a_kind_of_kubernetes_that_is_not_emulated_is_a_notice(run: Run, whole: Whole) -> None:
    del whole
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    text = f"{json.dumps(deployment)}\n---\n{json.dumps(configmap('a'))}"
    ran = run("up", "-f", "-", stdin=text)
    assert ran.code == 0
    assert ran.out == "configmap/a created\n"
    assert ran.err.startswith(
        'Warning: stdin:1: skipped: kind "Deployment" (apps/v1) is Kubernetes\' and not'
    )
    assert ran.err.count("skipped") == 1
    strict = run("up", "--strict", "-f", "-", stdin=text)
    assert (strict.code, strict.err.startswith("Error: stdin:1: ")) == (1, True)


def test_strict_refuses_fields_that_are_not_honoured(run: Run, whole: Whole) -> None:
    odd = json.dumps({**pod("odd"), "spec": {**pod("odd")["spec"], "hostUsers": False}})
    strict = run("up", "--strict", "--no-wait", "-f", "-", stdin=odd)
    assert (strict.code, strict.err.startswith("Error: stdin:1: ")) == (1, True), strict.err
    assert "hostUsers" in strict.err
    assert whole.client.get(Ref("Pod", "default", "odd")) is None
    warned = run("up", "--no-wait", "-f", "-", stdin=odd)
    assert (warned.code, warned.out) == (0, "pod/odd created\n")
    assert warned.err.startswith("Warning: stdin:1: pod/odd: spec.hostUsers: not honoured: ")
    assert warned.err.count("Warning: ") == 1


def test_a_namespace_of_the_same_file_can_be_used_in_it(run: Run, whole: Whole) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    held = {**configmap("a"), "metadata": {"name": "a", "namespace": "new"}}
    ran = run("up", "-f", "-", stdin=f"{json.dumps(namespace)}\n---\n{json.dumps(held)}")
    assert (ran.code, ran.out) == (0, "namespace/new created\nconfigmap/a created\n"), ran.err
    assert whole.client.get(Ref("ConfigMap", "new", "a")) is not None


def test_a_namespace_that_is_nowhere_is_an_error_with_its_line(run: Run, whole: Whole) -> None:
    del whole
    ran = run("-n", "nowhere", "up", "-f", "-", stdin=json.dumps(configmap("a")))
    assert ran.code == 1
    assert ran.err == 'Error: stdin:1: namespaces "nowhere" not found\n'


def test_status_and_kubeconfig_tell_where_the_server_is(run: Run, whole: Whole) -> None:
    assert whole.access.url in run("status").out
    assert yaml.safe_load(run("kubeconfig").out)["clusters"][0]["cluster"]["server"] == whole.access.url


def test_down_of_a_file_keeps_what_holds_data(run: Run, whole: Whole) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    text = f"{json.dumps(claim)}\n---\n{json.dumps(configmap('a'))}"
    run("up", "-f", "-", stdin=text)
    ran = run("down", "-f", "-", stdin=text)
    assert ran.out == (
        "configmap/a deleted\npersistentvolumeclaim/data kept: --volumes deletes what holds data, too\n"
    )
    assert whole.client.get(Ref("PersistentVolumeClaim", "default", "data")) is not None
    assert (
        run("down", "--volumes", "--yes", "-f", "-", stdin=text).out == "persistentvolumeclaim/data deleted\n"
    )
    assert run("down", "-f", "-", stdin=text).code == 0


def test_down_of_a_file_waits_until_its_pods_are_gone(run: Run, whole: Whole, file: Path) -> None:
    up(run, file)
    ran = run("down", "-f", str(file))
    assert ran.code == 0, ran.err
    assert ran.out == "statefulset.apps/web deleted\nservice/nginx deleted\n"
    assert whole.client.select("Pod").items == ()


def test_down_with_volumes_asks_first(run: Run, whole: Whole) -> None:
    del whole
    ran = run("down", "--volumes", stdin="n\n")
    assert (ran.code, ran.err) == (1, "Error: nothing was deleted: answer y, or use --yes\n")
    assert run("down", "--volumes", stdin="").code == 1
    assert run("get", "nodes").code == 0


@pytest.mark.parametrize(
    "source",
    [
        {"hostPath": {"path": "/srv/disk"}},
        {"csi": {"driver": "docker.minisets.dev", "volumeHandle": "disk", "volumeAttributes": {"o": "ro"}}},
    ],
    ids=lambda source: next(iter(source)),
)
def test_down_with_volumes_deletes_a_persons_own_volume_object_and_does_not_wait_for_it(
    run: Run, whole: Whole, source: dict[str, object]
) -> None:
    """What is behind it is not ours: nobody removes that, and nobody reports that it was."""
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "disk"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            **source,
        },
    }
    run("create", "-f", "-", stdin=json.dumps(volume))
    session = Session("minisets", "default", SystemClock())
    began = session.clock.elapsed()
    _delete_all_claims(session, whole.client, ())
    assert whole.client.get(Ref("PersistentVolume", "", "disk")) is None
    assert session.clock.elapsed() - began < timedelta(seconds=10)


def test_down_starts_the_nodes_that_are_stopped_as_their_pods_could_not_end(run: Run, whole: Whole) -> None:
    whole.client.create("Pod", "default", pod("lone"))
    until(lambda: is_ready(whole, "lone"), "the pod to run")
    assert run("node", "stop", "minisets-0").code == 0
    _end_workloads(Session("minisets", "default", SystemClock()), whole.client)
    assert whole.client.select("Pod").items == ()
    (node,) = whole.client.select("Node").items
    assert "minisets.dev/stopped" not in node["metadata"]["annotations"]


def is_ready(whole: Whole, name: str) -> bool:
    found = whole.client.get(Ref("Pod", "default", name))
    return found is not None and is_true(found, "Ready")


def test_get_w_goes_on_printing(whole: Whole, tmp_path: Path) -> None:
    """A process of its own: the command has no end, and a thread of it would outlive the test."""
    printed = tmp_path / "printed"
    whole.client.create("ConfigMap", "default", configmap("early", seen="yes"))
    argv = [sys.executable, "-m", "minisets", "get", "cm", "-l", "seen=yes", "-w"]
    with printed.open("w") as out, subprocess.Popen(argv, stdout=out) as watching:
        try:
            until(lambda: "early" in printed.read_text(), "the object that was there")
            whole.client.create("ConfigMap", "default", configmap("late", seen="yes"))
            until(lambda: "late" in printed.read_text(), "a line for the new object")
        finally:
            watching.kill()
    assert [line.split()[0] for line in printed.read_text().splitlines()] == ["NAME", "early", "late"]


def test_an_object_that_stands_twice_in_a_file_is_created_and_then_configured(run: Run, whole: Whole) -> None:
    twice = f"{json.dumps(configmap('a'))}\n---\n{json.dumps({**configmap('a'), 'data': {'a': '2'}})}"
    ran = run("up", "-f", "-", stdin=twice)
    assert (ran.code, ran.out) == (0, "configmap/a created\nconfigmap/a configured\n"), ran.err
    assert whole.client.read(Ref("ConfigMap", "default", "a"))["data"] == {"a": "2"}


def test_many_documents_are_applied(run: Run, whole: Whole, tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("\n---\n".join(json.dumps(configmap(f"c-{number}")) for number in range(200)))
    ran = run("up", "-f", str(file))
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 200
    assert len(whole.client.select("ConfigMap", "default").items) >= 200


def test_the_kubeconfig_is_merged_into_the_persons_own_only_when_asked(
    run: Run, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into the first file that KUBECONFIG names; a link stays a link."""
    theirs, link = tmp_path / "theirs", tmp_path / "link"
    theirs.write_text(
        "clusters: [{name: work, cluster: {server: https://work.example}}]\ncurrent-context: work\n"
    )
    link.symlink_to(theirs)
    monkeypatch.setenv("KUBECONFIG", f"{link}:{tmp_path}/other")
    assert run("kubeconfig").code == 0
    assert "minisets" not in theirs.read_text()

    assert (
        run("kubeconfig", "--merge").out == f'context "minisets" is in {link}; kubectl --context minisets\n'
    )
    said = yaml.safe_load(theirs.read_text())
    assert said["current-context"] == "work"
    assert said["clusters"][1]["cluster"]["server"] == whole.access.url
    assert link.is_symlink()
    assert run("kubeconfig", "--merge", "--use").code == 0
    assert yaml.safe_load(theirs.read_text())["current-context"] == "minisets"


def test_a_kubeconfig_that_cannot_be_merged_into_stays_as_it_is(
    run: Run, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(whole.places.kubeconfig))
    own = run("kubeconfig", "--merge")
    assert (own.code, "is minisets' own already" in own.err) == (2, True)
    broken = tmp_path / "broken"
    broken.write_bytes(b"\xff\xfe")
    monkeypatch.setenv("KUBECONFIG", str(broken))
    refused = run("kubeconfig", "--merge")
    assert (refused.code, refused.err) == (
        1,
        f"Error: {broken} is no text and stays as it is: mend or move it\n",
    )
    assert broken.read_bytes() == b"\xff\xfe"
    assert run("kubeconfig", "--use").code == 2
