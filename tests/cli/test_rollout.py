"""`minisets rollout` against a whole server, beside the kubectl whose words it follows."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from minisets.cli.app import app
from minisets.client.access import kubeconfig
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, is_true, status_of
from tests.cli.conftest import Ran, Run
from tests.waiting import until
from tests.whole import Whole

KUBECTL = shutil.which("kubectl")
WEB = Ref("StatefulSet", "default", "web")
TEXT = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, labels: {app: nginx}, annotations: {kubernetes.io/change-cause: the first}}
spec:
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: nginx, image: "nginx:1"}]
"""
RICH = """\
metadata:
  labels: {app: nginx, b: c}
  annotations:
    {note: "a: b", multi: "x\\ny\\n", long: "LONG", kubectl.kubernetes.io/last-applied-configuration: x}
spec:
  serviceAccountName: robot
  nodeSelector: {kubernetes.io/os: linux}
  tolerations:
  - {key: b, value: z}
  - {operator: Exists}
  - {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}
  - {maxSkew: 2, topologyKey: host, whenUnsatisfiable: ScheduleAnyway}
  initContainers:
  - {name: side, image: side, restartPolicy: Always, command: [sh, -c, "echo a\\necho b"]}
  containers:
  - name: call
    image: call
    livenessProbe: {grpc: {port: 90}}
    startupProbe: {httpGet: {port: 80, host: "::1"}}
  - name: nginx
    image: "nginx:1"
    args: ["-g", "daemon off;"]
    ports: [{containerPort: 80, name: web}, {containerPort: 53, protocol: UDP, hostPort: 5353}]
    securityContext: {seccompProfile: {type: RuntimeDefault}}
    env:
    - {name: PLAIN, value: "a\\nb"}
    - {name: EMPTY}
    - {name: OWN, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: MEM, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    - {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
    - {name: SET, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}
    envFrom:
    - {configMapRef: {name: c, optional: true}}
    - {prefix: P_, secretRef: {name: s, optional: true}}
    resources: {requests: {memory: 64Mi, cpu: 50m}, limits: {memory: 1Gi}}
    livenessProbe: {exec: {command: [cat, /x]}, initialDelaySeconds: 3}
    readinessProbe: {httpGet: {path: "/a b?c=1", port: web, scheme: HTTPS}, failureThreshold: 2}
    startupProbe: {tcpSocket: {port: 80}}
    volumeMounts: [{name: tmp, mountPath: /z, subPath: a b, readOnly: true}, {name: host, mountPath: /b}]
  volumes:
  - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 1Gi}}
  - {name: open, emptyDir: {}}
  - {name: host, hostPath: {path: /etc, type: Directory}}
  - {name: config, configMap: {name: c, optional: true}}
  - {name: keys, secret: {secretName: s, optional: true}}
  - {name: data, persistentVolumeClaim: {claimName: data, readOnly: true}}
  - {name: own, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.name}}]}}
""".replace("LONG", "v" * 150)


class Kubectl:
    """kubectl on the same server, in the form in which our own runs come."""

    def __init__(self, whole: Whole, folder: Path) -> None:
        self._config = folder / "config"
        self._config.write_text(kubeconfig(whole.access, "minisets"))

    def __call__(self, *argv: str) -> Ran:
        """Errors begin as ours do: kubectl's own and the server's have two other beginnings."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._config.parent)}
        done = subprocess.run(
            ["kubectl", *argv], env={**environment, "KUBECONFIG": str(self._config)},
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        err = re.sub(r"^(error|Error from server \(\w+\)): ", "Error: ", done.stderr, flags=re.MULTILINE)
        return Ran(done.returncode, done.stdout, err)


@pytest.fixture
def kubectl(whole: Whole, tmp_path: Path) -> Kubectl:
    if KUBECTL is None:
        pytest.skip("no kubectl on this machine")
    return Kubectl(whole, tmp_path)


def create(run: Run, name: str = "web", **changes: object) -> None:
    wanted = yaml.safe_load(TEXT)
    wanted["metadata"]["name"] = name
    wanted["spec"].update(changes)
    ran = run("create", "-f", "-", stdin=yaml.safe_dump(wanted))
    assert ran.code == 0, ran.err


def update(whole: Whole, image: str, name: str = "web") -> None:
    """A new image, and the revision that comes of it."""
    body = {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": image}]}}}}
    whole.client.patch(Ref("StatefulSet", "default", name), body)
    observed(whole, name)


def observed(whole: Whole, name: str = "web") -> Object:
    def seen() -> Object | None:
        found = whole.client.read(Ref("StatefulSet", "default", name))
        return (
            found if status_of(found).get("observedGeneration") == found["metadata"]["generation"] else None
        )

    return until(seen, "the controller to look at the statefulset") or {}


def image(whole: Whole) -> str:
    return str(whole.client.read(WEB)["spec"]["template"]["spec"]["containers"][0]["image"])


def pods(whole: Whole) -> list[str]:
    """The images of its pods that are ready."""
    found = whole.client.select("Pod", "default", labels="app=nginx").items
    return [pod["spec"]["containers"][0]["image"] for pod in found if is_true(pod, "Ready")]


def both(run: Run, kubectl: Callable[..., Ran]) -> Callable[..., Ran]:
    """What both say, which is the same."""

    def said(*argv: str) -> Ran:
        ours, theirs = run("rollout", *argv), kubectl("rollout", *argv)
        assert (ours.code, ours.out, ours.err) == (theirs.code, theirs.out, theirs.err), argv
        return ours

    return said


def test_the_history_is_printed_as_kubectl_prints_it(run: Run, whole: Whole, kubectl: Kubectl) -> None:
    """A-35."""
    create(run)
    observed(whole)
    said = both(run, kubectl)
    assert said("history", "sts/web").out == (
        "statefulset.apps/web \nREVISION  CHANGE-CAUSE\n1         the first\n\n"
    )
    update(whole, "nginx:2")
    create(run, "db")
    observed(whole, "db")
    assert said("history", "statefulset", "web", "db").out.count("CHANGE-CAUSE") == 2
    assert said("history", "sts", "-l", "app=nginx").out.count("CHANGE-CAUSE") == 2
    assert said("history", "sts", "-l", "app=other").out == ""
    assert said("history", "sts/nope", "statefulsets.apps/web").code == 1
    assert said("history", "sts/web", "--revision=1", "-o", "name").out == "statefulset.apps/web\n"


def test_a_revision_is_printed_as_kubectl_describes_it(run: Run, whole: Whole, kubectl: Kubectl) -> None:
    """A-35: every part of a pod template that minisets honours, and some that it does not."""
    create(run, template=yaml.safe_load(RICH))
    observed(whole)
    shown = both(run, kubectl)("history", "sts/web", "--revision=1").out
    assert shown.startswith(
        "statefulset.apps/web with revision #1\nPod Template:\n  Labels:\tapp=nginx\n\tb=c\n"
    )
    assert both(run, kubectl)("undo", "sts/web", "--to-revision=1", "--dry-run=client").out.endswith(
        "a:NoExecute op=Exists for 5s\n\tb=z\n (dry run)\n"
    )
    said = both(run, kubectl)("history", "sts/web", "--revision=7")
    assert (said.code, said.err) == (1, "Error: unable to find the specified revision\n")


def test_revisions_come_whole_as_yaml(run: Run, whole: Whole) -> None:
    create(run)
    observed(whole)
    update(whole, "nginx:2")
    documents = list(yaml.safe_load_all(run("rollout", "history", "sts/web", "-o", "yaml").out))
    images = [held["spec"]["template"]["spec"]["containers"][0]["image"] for held in documents]
    assert images == ["nginx:1", "nginx:2"]
    one = yaml.safe_load(run("rollout", "history", "sts/web", "--revision=1", "-o", "json").out)
    assert one["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1"


@pytest.mark.parametrize("tool", ["minisets", "kubectl"])
def test_undo_brings_the_earlier_template_back(run: Run, whole: Whole, kubectl: Kubectl, tool: str) -> None:
    """A-34, A-35, A-39: by either tool; the old revision becomes the newest, and no third one is made."""
    does = kubectl if tool == "kubectl" else run
    create(run)
    until(lambda: pods(whole) == ["nginx:1"] * 2, "the first pods")
    update(whole, "nginx:2")
    until(lambda: pods(whole) == ["nginx:2"] * 2, "the update")
    tried = does("rollout", "undo", "sts/web", "--dry-run=server")
    assert tried.out == "statefulset.apps/web rolled back (server dry run)\n"
    assert image(whole) == "nginx:2"
    assert does("rollout", "undo", "sts/web").out == "statefulset.apps/web rolled back\n"
    until(lambda: pods(whole) == ["nginx:1"] * 2, "the way back")
    numbers = [line.split()[0] for line in run("rollout", "history", "sts/web").out.splitlines()[2:] if line]
    assert numbers == ["2", "3"]
    assert does("rollout", "undo", "sts/web", "--to-revision=2").out == "statefulset.apps/web rolled back\n"
    until(lambda: pods(whole) == ["nginx:2"] * 2, "the second way back")


def test_undo_that_finds_nothing_to_undo_says_so(run: Run, whole: Whole, kubectl: Kubectl) -> None:
    """A-35."""
    create(run)
    observed(whole)
    said = both(run, kubectl)
    assert said("undo", "sts/web").err == "Error: no last revision to roll back to\n"
    assert said("undo", "sts/web", "--to-revision=9").err == (
        "Error: unable to find specified revision 9 in history\n"
    )
    assert said("undo", "sts/web", "--to-revision=-1").code == 1
    assert run("rollout", "undo", "sts/web", "--to-revision=1").out == (
        "statefulset.apps/web skipped rollback (current template already matches revision 1)\n"
    )


@pytest.mark.parametrize("tool", ["minisets", "kubectl"])
def test_a_restart_replaces_every_pod(run: Run, whole: Whole, kubectl: Kubectl, tool: str) -> None:
    """A-34."""
    does = kubectl if tool == "kubectl" else run
    create(run)
    until(lambda: pods(whole) == ["nginx:1"] * 2, "the first pods")
    before = {pod["metadata"]["uid"] for pod in whole.client.select("Pod", "default").items}
    assert does("rollout", "restart", "statefulset", "web").out == "statefulset.apps/web restarted\n"
    stamp = annotations_of(whole.client.read(WEB)["spec"]["template"])["kubectl.kubernetes.io/restartedAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", stamp)

    def replaced() -> bool:
        found = whole.client.select("Pod", "default").items
        return len(pods(whole)) == 2 and not before & {pod["metadata"]["uid"] for pod in found}

    until(replaced, "other pods")


def test_restart_takes_labels_and_says_what_it_cannot(run: Run, whole: Whole, kubectl: Kubectl) -> None:
    """A-34."""
    create(run, replicas=0)
    create(run, "db", replicas=0)
    observed(whole)
    assert both(run, kubectl)("restart", "sts", "--selector", "app=none").err == (
        "No resources found in default namespace.\n"
    )
    named = run("rollout", "restart", "sts", "-l", "app=nginx", "-o", "name")
    assert named.out == "statefulset.apps/db\nstatefulset.apps/web\n"
    again = run("rollout", "restart", "sts/web", "sts/nope")
    assert again.code == 1
    assert 'Error: statefulsets.apps "nope" not found\n' in again.err


def test_a_status_that_is_not_waited_for_is_one_line(run: Run, whole: Whole, kubectl: Kubectl) -> None:
    """A-34."""
    create(run)
    until(lambda: pods(whole) == ["nginx:1"] * 2, "the pods")
    observed(whole)
    said = both(run, kubectl)

    def line(*argv: str) -> str:
        return said("status", "sts/web", *argv).out

    until(lambda: "complete" in run("rollout", "status", "sts/web", "-w=false").out, "the rollout")
    assert line("--watch=false") == "partitioned roll out complete: 2 new pods have been updated...\n"
    assert line("-w") == line()
    whole.client.patch(WEB, {"spec": {"updateStrategy": {"rollingUpdate": None}}})
    revision = status_of(observed(whole))["currentRevision"]
    assert line() == f"statefulset rolling update complete 2 pods at revision {revision}...\n"
    whole.client.patch(WEB, {"spec": {"updateStrategy": {"type": "OnDelete"}}})
    observed(whole)
    assert said("status", "sts/web").err == (
        "Error: rollout status is only available for RollingUpdate strategy type\n"
    )
    assert said("status", "sts/nope", "-w=false").code == 1
    assert said("status", "sts", "-l", "app=none").err == "No resources found in default namespace.\n"


@pytest.mark.parametrize("tool", ["minisets", "kubectl"])
def test_a_status_is_followed_until_the_rollout_is_done(
    run: Run, whole: Whole, kubectl: Kubectl, tool: str
) -> None:
    """A-34."""
    does = kubectl if tool == "kubectl" else run
    create(run, replicas=1)
    until(lambda: pods(whole) == ["nginx:1"], "the pod")
    whole.engine.miss_image("nginx:2")
    whole.engine.refuse_pull("nginx:2", "no such manifest")
    update(whole, "nginx:2")
    until(lambda: not pods(whole), "the old pod to go")
    held = does("rollout", "status", "sts/web", "--timeout=5s")
    assert held.code == 1
    assert set(held.out.splitlines()) == {"Waiting for 1 pods to be ready..."}
    assert held.err == "Error: timed out waiting for the condition\n"
    ran: list[Ran] = []
    following = threading.Thread(
        target=lambda: ran.append(does("rollout", "status", "sts/web", "--timeout=30s"))
    )
    following.start()
    whole.engine.allow_pull("nginx:2")
    whole.client.delete(Ref("Pod", "default", "web-0"))
    following.join(30)
    assert ran[0].code == 0, ran[0].err
    lines = ran[0].out.splitlines()
    assert lines[-1] == "partitioned roll out complete: 1 new pods have been updated..."
    assert set(lines[:-1]) <= {"Waiting for 1 pods to be ready..."}


def test_a_status_of_what_is_deleted_meanwhile_ends(
    run: Run, whole: Whole, capfd: pytest.CaptureFixture[str]
) -> None:
    whole.engine.miss_image("nginx:1")
    whole.engine.refuse_pull("nginx:1", "no such manifest")
    create(run, replicas=1)
    codes: list[object] = []

    def followed() -> None:
        with pytest.raises(SystemExit) as ended:
            app(["rollout", "status", "sts/web", "--timeout=30"])
        codes.append(ended.value.code)

    following = threading.Thread(target=followed)
    following.start()
    until(lambda: "Waiting for" in capfd.readouterr().out, "the first line")
    whole.client.delete(WEB)
    following.join(30)
    assert codes == [1]
    assert capfd.readouterr().err == "Error: object has been deleted\n"


def test_a_namespace_before_or_after_the_command_is_the_same(run: Run, whole: Whole) -> None:
    del whole
    missing = (1, 'Error: statefulsets.apps "web" not found\n')
    for argv in (
        ["-n", "kube-system", "rollout", "history", "sts/web"],
        ["rollout", "-n", "kube-system", "history", "sts/web"],
        ["rollout", "history", "sts/web", "-n", "kube-system"],
    ):
        ran = run(*argv)
        assert (ran.code, ran.err) == missing


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["history"], "required resource not specified"),
        (["status"], "required resource not specified"),
        (["history", "sts/web", "--revision=-1"], "revision must be a positive integer: -1"),
        (["status", "sts/web", "--revision=-1"], "revision must be a positive integer: -1"),
        (["history", "sts/web", "web"], "there is no need to specify a resource type as a separate argument"),
        (["history", "sts", "sts/web"], "there is no need to specify a resource type as a separate argument"),
        (["history", "a/b/c"], "may not have more than one slash"),
        (["history", "sts/"], "must have a single resource and name"),
        (["history", "web"], 'doesn\'t have a resource type "web"'),
        (["history", "deployment/web"], 'doesn\'t have a resource type "deployment"'),
        (["restart", "pod/web-0"], "pods have no rollout"),
        (["history", "sts/web", "-l", "a=b"], "selectors and the all flag cannot be used"),
        (["history", "sts", "web", "-l", "a=b"], "name cannot be provided when a selector is specified"),
        (["undo", "sts/web", "--dry-run=wrong"], "Invalid value for '--dry-run'"),
        (["status", "sts/web", "--timeout=1x"], '"1x" is no duration'),
        (["pause", "sts/web"], "No such command 'pause'"),
    ],
)
def test_misuse_of_rollout_is_said_in_one_line(run: Run, whole: Whole, argv: list[str], said: str) -> None:
    del whole
    ran = run("rollout", *argv)
    assert (ran.code, said in ran.err) == (2, True), ran.err
