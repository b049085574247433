"""`minisets node` against a whole server, and what other commands say of nodes that are stopped."""

import json
import re
from typing import Any

import pytest
import yaml

from minisets.cli.node import _await, _has_gone
from minisets.cli.session import Session
from minisets.clock import SystemClock
from minisets.errors import MinisetsError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, timestamp
from tests.cli.conftest import Run
from tests.cli.nodes import ref, registered, stopped
from tests.waiting import until
from tests.whole import Whole, pod

WEB = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeName: minisets-1
      containers: [{name: web, image: "nginx:1"}]
"""


def stop(run: Run, name: str, *how: str) -> str:
    """What is said beside the result."""
    ran = run("node", "stop", name, *how)
    assert ran.code == 0, ran.err
    assert ran.out == f"node/{name} stopped ({(how or ('--kill',))[0].removeprefix('--')})\n"
    return ran.err


def pod_on(whole: Whole, node: str, name: str = "lone", **spec: Any) -> Ref:
    body = pod(name)
    body["spec"] |= {"nodeName": node, **spec}
    whole.client.create("Pod", "default", body)
    return Ref("Pod", "default", name)


# --- list ---


def test_nodes_are_listed_with_their_pods(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    pod_on(whole, "minisets-1")
    headings, first, second = run("node", "list").out.splitlines()
    assert headings.split() == ["NAME", "STATUS", "ZONE", "PODS", "STOPPED"]
    assert first.split()[:2] == ["minisets-0", "Ready"]
    name, status, _zone, pods, since = second.split()
    assert (name, status, pods, since) == ("minisets-1", "Ready", "1", "<none>")


def test_nodes_are_listed_for_programs(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    stop(run, "minisets-1", "--pause")
    first, second = json.loads(run("node", "list", "-o", "json").out)
    assert (first["name"], first["stopped"], first["since"]) == ("minisets-0", None, None)
    assert (second["name"], second["status"], second["stopped"]) == ("minisets-1", "NotReady", "pause")
    assert second["since"].endswith("Z")
    assert run("node", "list", "-o", "name").out == "minisets-0\nminisets-1\n"


# --- stop, start ---


def test_a_node_is_killed_unless_it_is_to_be_paused(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1", "minisets-2", "minisets-3")
    said = stop(run, "minisets-1")
    assert "`minisets delete-pod NAME --force`" in said
    assert "`kubectl taint node minisets-1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`" in said
    assert "start again: `minisets node start minisets-1`" in said
    stop(run, "minisets-2", "--pause")
    stop(run, "minisets-3", "--kill")
    found = [stopped(whole, f"minisets-{ordinal}") for ordinal in range(4)]
    assert found == [None, "kill", "pause", "kill"]


def test_a_node_that_was_stopped_is_started(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    stop(run, "minisets-1")
    ran = run("node", "start", "node/minisets-1")
    assert (ran.code, ran.out, ran.err) == (0, "node/minisets-1 started\n", "")
    assert stopped(whole, "minisets-1") is None


def test_a_started_node_that_is_out_of_service_says_what_to_do(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    stop(run, "minisets-1")
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    whole.client.patch(ref("minisets-1"), {"spec": {"taints": [taint]}})
    said = run("node", "start", "minisets-1").err
    assert "`kubectl taint node minisets-1 node.kubernetes.io/out-of-service-`" in said


def test_several_are_stopped_and_started_together(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1", "minisets-2")
    ran = run("node", "stop", "minisets-1", "minisets-2", "minisets-1")
    assert ran.out == "node/minisets-1 stopped (kill)\nnode/minisets-2 stopped (kill)\n"
    assert run("node", "start", "minisets-1", "minisets-2").code == 0
    assert stopped(whole, "minisets-1") is stopped(whole, "minisets-2") is None


def test_the_only_node_may_be_stopped_and_it_is_said_what_that_means(run: Run, whole: Whole) -> None:
    said = stop(run, "minisets-0")
    assert said.startswith("no other node is Ready: nothing is evicted while that is so; new pods wait")
    assert stopped(whole, "minisets-0") == "kill"


@pytest.mark.parametrize(("argv", "code", "said"), [
    (("stop", "minisets-7"), 1, "there is no node minisets-7: see `minisets node list`"),
    (("start", "minisets-7"), 1, "there is no node minisets-7: see `minisets node list`"),
    (("stop", "minisets-0", "minisets-7"), 1, "there is no node minisets-7: see `minisets node list`"),
    (("stop", "minisets-0", "minisets-1"), 1,
     "node minisets-1 is stopped already (kill), and none was: `minisets node start minisets-1` first"),
    (("start", "minisets-1", "minisets-0"), 1,
     "node minisets-0 is not stopped, and none was started: see `minisets node list`"),
    (("stop", "other"), 2, "node other is none of minisets' own: it runs nothing that could be stopped"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line_and_nothing_is_done(
    run: Run, whole: Whole, argv: tuple[str, ...], code: int, said: str
) -> None:
    registered(whole, "minisets-1", "other")
    stop(run, "minisets-1")
    refused = run("node", *argv)
    assert (refused.code, refused.out, refused.err) == (code, "", f"Error: {said}\n")
    assert (stopped(whole, "minisets-0"), stopped(whole, "minisets-1")) == (None, "kill")


def test_a_node_that_stays_as_it_is_is_named(whole: Whole) -> None:
    session, first = Session("minisets", "default", SystemClock()), whole.client.read(ref("minisets-0"))
    said = "node minisets-0 is still Ready after 0 s: see `minisets describe node minisets-0`"
    with pytest.raises(MinisetsError, match=re.escape(said)):
        _await(session, whole.client, [first], 0, _has_gone, "still Ready")


# --- other commands ---


def test_a_pod_on_a_stopped_node_goes_by_force(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    lone = pod_on(whole, "minisets-1")
    stop(run, "minisets-1")
    asked = run("delete-pod", "lone", "--no-wait")
    assert asked.err.startswith(
        "pod lone is on node minisets-1, which is stopped: deleted, it stays Terminat"
    )
    assert is_being_deleted(whole.client.read(lone))
    forced = run("delete-pod", "lone", "--force", "--timeout", "20")
    assert (forced.code, forced.out) == (0, 'pod "lone" force deleted\n')
    warning, volumes = forced.err.splitlines()
    assert warning.startswith("Warning: Immediate deletion does not wait for confirmation")
    assert volumes.startswith("node minisets-1 is stopped: once its pods are forced away, their volumes are")
    assert whole.client.get(lone) is None


def test_explain_tells_of_pods_on_stopped_nodes_and_of_volumes_there(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    whole.client.create("StatefulSet", "default", yaml.safe_load(WEB))
    web = Ref("Pod", "default", "web-0")
    until(lambda: whole.client.get(web), "its pod")
    stop(run, "minisets-1")
    happened(whole, web, "FailedAttachVolume")
    said = until(lambda: about_volumes(run), "what is said of volumes")
    assert said[-2].startswith("pod web-0 is on node minisets-1, which is stopped: ")
    assert said[-1].startswith("node minisets-1 is stopped: once its pods are forced away, their volumes are")


def about_volumes(run: Run) -> list[str]:
    """Once the pod counts as one that is not there."""
    lines = run("explain", "sts/web").out.splitlines()
    return lines if "volumes" in lines[-1] else []


def happened(whole: Whole, about: Ref, reason: str, uid: str = "") -> None:
    """An event, as a controller of somebody's writes it."""
    now = timestamp(SystemClock().now())
    body = {
        "metadata": {"name": f"{about.name}.1"},
        "involvedObject": {"kind": about.kind, "name": about.name, "namespace": about.namespace, "uid": uid},
        "reason": reason, "message": reason, "type": "Warning", "firstTimestamp": now, "lastTimestamp": now,
    }  # fmt: skip
    whole.client.create("Event", about.namespace or "default", body)


def test_a_node_is_described_with_its_pods_and_all_that_is_said_of_it(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    pod_on(whole, "minisets-1")
    happened(whole, ref("minisets-1"), "Rebooted", uid="minisets-1")
    lines = run("describe", "node", "minisets-1").out.splitlines()
    at = lines.index("Non-terminated Pods:  (1 in total)")
    assert lines[at + 1].split() == ["Namespace", "Name"]
    assert lines[at + 3].split() == ["default", "lone"]
    assert any("Rebooted" in line for line in lines[at:])


def test_all_nodes_are_got_and_described_without_names(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1", ready=False)
    rows = [line.split()[:2] for line in run("get", "nodes").out.splitlines()]
    assert rows[:2] == [["NAME", "STATUS"], ["minisets-0", "Ready"]]
    assert rows[2][0] == "minisets-1"
    wide = run("get", "no", "-o", "wide").out.splitlines()[0].split()
    assert wide[:6] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP"]
    assert run("describe", "nodes").out.count("Non-terminated Pods:  (0 in total)") == 2


def test_status_counts_the_nodes_over_the_one_engine(run: Run, whole: Whole) -> None:
    registered(whole, "minisets-1")
    stop(run, "minisets-1")
    lines = run("status").out.splitlines()
    assert sum(line.startswith("engine:") for line in lines) == 1
    assert next(line.split()[1:] for line in lines if line.startswith("nodes:")) == ["1", "of", "2", "ready"]
