"""`minisets explain` against a whole server: what it says of real trouble, and that what it names helps."""

import re
from typing import Any

import pytest
import yaml

from minisets.engine.memory_scripts import ExecResult
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, meta, name_of, status_of
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole, pod

WEB = Ref("StatefulSet", "default", "web")
TEXT = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: nginx, image: "nginx:1"}]
"""


def create(run: Run, *, container: dict[str, Any] | None = None, **changes: Any) -> None:
    wanted = yaml.safe_load(TEXT)
    wanted["spec"].update(changes)
    wanted["spec"]["template"]["spec"]["containers"][0].update(container or {})
    ran = run("create", "-f", "-", stdin=yaml.safe_dump(wanted))
    assert ran.code == 0, ran.err


def set_image(whole: Whole, image: str) -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": image}]}}}}
    whole.client.patch(WEB, body)


def refuse(whole: Whole, image: str) -> None:
    whole.engine.miss_image(image)
    whole.engine.refuse_pull(image, "no such manifest")


def explained(run: Run) -> str:
    ran = run("explain", "statefulset/web")
    assert (ran.code, ran.err) == (0, "")
    return re.sub(r" for \d+\w+", " for 5s", ran.out)


def explains(run: Run, words: str) -> str:
    """What is said once it says that."""

    def said() -> str:
        text = explained(run)
        return text if words in text else ""

    return until(said, f"the explanation to say {words!r}")


def ready(whole: Whole) -> list[str]:
    return [name_of(held) for held in whole.client.select("Pod", "default").items if is_true(held, "Ready")]


def test_a_statefulset_without_trouble_is_as_it_should_be(run: Run, whole: Whole) -> None:
    create(run)
    until(lambda: len(ready(whole)) == 2, "the pods")
    text = explains(run, "as it should be")
    revision = whole.client.read(WEB)["status"]["updateRevision"]
    assert text == (
        f"web: 2 replicas wanted, 2 ready, RollingUpdate (OrderedReady), revision {revision}\n"
        f"web is as it should be: 2 of 2 pods are ready at revision {revision}\n"
    )
    assert run("explain", "sts", "web").out == run("explain", "statefulsets.apps/web").out == text


def test_several_are_told_apart(run: Run, whole: Whole) -> None:
    del whole
    create(run, replicas=0)
    ran = run("explain", "sts", "web", "web")
    assert ran.out.count("\n\nweb: 0 replicas wanted") == 1
    missing = run("explain", "sts/nope")
    assert (missing.code, missing.err) == (1, 'Error: statefulsets.apps "nope" not found\n')


def test_the_stuck_rollout_is_explained_and_the_named_command_unsticks_it(run: Run, whole: Whole) -> None:
    """A-30."""
    create(run)
    until(lambda: len(ready(whole)) == 2, "the pods")
    refuse(whole, "nginx:nope")
    set_image(whole, "nginx:nope")
    until(lambda: ready(whole) == ["web-0"], "the broken update")
    explains(run, "no such manifest")
    set_image(whole, "nginx:1")
    text = explains(run, "another template is wanted")
    assert "web-1 is Pending for 5s: container nginx: " in text
    assert "no such manifest" in text
    assert "Kubernetes does not replace a pod of an OrderedReady set that is not Ready by itself" in text
    named = re.search(r"to unstick it: `minisets (delete-pod web-1)`; it comes back at revision", text)
    assert named, text
    ran = run(*named[1].split(), "--timeout", "20")
    assert ran.code == 0, ran.err
    explains(run, "as it should be: 2 of 2 pods")


def test_a_failing_probe_is_told_in_its_own_words(run: Run, whole: Whole) -> None:
    whole.engine.behave("web-0*", run=lambda *_: ExecResult(stdout=b"not yet\n", exit_code=1))
    probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    create(run, container={"readinessProbe": probe})
    text = explains(run, "web-0 is not Ready for 5s: Readiness probe failed")
    assert "web-1 is not created: web-0 is not Ready for 5s: Readiness probe failed: not yet\n" in text
    assert "  to see why: `minisets logs web-0`, `minisets describe pod web-0`\n" in text


def test_a_crashing_container_is_told_with_its_exit_code(run: Run, whole: Whole) -> None:
    """A-13, A-117."""
    whole.engine.behave("nginx:1", exits_with=3)
    create(run)
    text = explains(run, "CrashLoopBackOff")
    assert "it last ended with exit code 3 (Error)" in text
    assert "`minisets logs web-0 -c nginx -p`" in text
    assert status_of(whole.client.read(Ref("Pod", "default", "web-0")))["phase"] == "Running"


def test_a_claim_that_finds_no_volume_is_named(run: Run, whole: Whole) -> None:
    """A-144."""
    del whole
    claim = {
        "metadata": {"name": "www"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "nowhere",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    create(run, volumeClaimTemplates=[claim])
    text = explains(run, "claim www-web-0 is Pending for 5s: ")
    assert "web-1 is not created: web-0 is Pending for 5s: Unschedulable: " in text
    assert "`minisets describe pvc www-web-0`" in text


def test_a_finalizer_that_holds_a_pod_is_named(run: Run, whole: Whole) -> None:
    """A-14."""
    create(run)
    until(lambda: len(ready(whole)) == 2, "the pods")
    ref = Ref("Pod", "default", "web-1")
    whole.client.patch(ref, {"metadata": {"finalizers": ["example.com/hold"]}}, form="merge")
    whole.client.delete(ref)
    text = explains(run, "its grace of 0s is over")
    assert "finalizers hold it: example.com/hold\n" in text
    whole.client.patch(ref, {"metadata": {"finalizers": None}}, form="merge")
    explains(run, "as it should be: 2 of 2 pods")


def test_a_strangers_pod_of_that_name_is_named_and_deleting_it_helps(run: Run, whole: Whole) -> None:
    """A-67."""
    whole.client.create("Pod", "default", pod("web-0"))
    create(run, replicas=1)
    text = explains(run, "a pod of that name exists that web does not control (nobody controls it)")
    assert "  to unstick it: `minisets delete-pod web-0`\n" in text
    assert run("delete-pod", "web-0", "--no-wait").code == 0
    explains(run, "as it should be: 1 of 1 pods")


def test_a_partition_and_a_namespace_are_told(run: Run, whole: Whole) -> None:
    """A-23."""
    create(run, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    until(lambda: len(ready(whole)) == 2, "the pods")
    set_image(whole, "nginx:2")
    explains(run, "partition 1: web-0 stays at web-")
    elsewhere = run("-n", "kube-system", "explain", "sts/web")
    assert (elsewhere.code, elsewhere.err) == (1, 'Error: statefulsets.apps "web" not found\n')


def test_a_deletion_in_the_foreground_is_told(run: Run, whole: Whole) -> None:
    """A-70."""
    create(run, replicas=1)
    until(lambda: len(ready(whole)) == 1, "the pod")
    whole.client.patch(
        Ref("Pod", "default", "web-0"), {"metadata": {"finalizers": ["example.com/hold"]}}, form="merge"
    )
    whole.client.delete(WEB, propagation="Foreground")
    text = explains(run, "web is being deleted for 5s: no pod is made or replaced any more\n")
    assert "  it goes after them: web-0; see `minisets get pods`\n" in text
    assert meta(whole.client.read(WEB))["finalizers"] == ["foregroundDeletion"]
    whole.client.patch(Ref("Pod", "default", "web-0"), {"metadata": {"finalizers": None}}, form="merge")
    until(lambda: whole.client.get(WEB) is None, "the deletion")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["statefulset"], "`kubectl explain statefulset` shows fields; this one takes a name"),
        (["sts.spec.replicas"], "`kubectl explain sts.spec.replicas` shows fields"),
        (["pods"], "minisets explain statefulset/NAME"),
        ([], "required resource not specified"),
        (["nosuch"], 'doesn\'t have a resource type "nosuch"'),
        (["pod/web-0"], "pods have no plan to explain: see `minisets describe pod web-0`"),
    ],
)
def test_what_cannot_be_explained_is_misuse(run: Run, argv: list[str], said: str) -> None:
    ran = run("explain", *argv)
    assert (ran.code, said in ran.err) == (2, True), ran.err
