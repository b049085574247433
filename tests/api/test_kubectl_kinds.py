"""An unmodified kubectl and the kinds that are kept, the questions that are answered, and metrics."""

from minisets.clock import SystemClock
from minisets.controllers.priorities import ensure_priority_classes
from minisets.objects.kinds import Ref
from minisets.registry.events import Recorder
from tests.api.kubectl import NEEDS_KUBECTL, WEB, Kubectl
from tests.api.serving import Running, run_pod

pytestmark = NEEDS_KUBECTL

OLD = """\
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: old}
spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 70, scaleTargetRef: {kind: StatefulSet, name: web}}
"""
_OLD = "horizontalpodautoscalers.v1.autoscaling"
POLICIES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: small}
spec: {limits: [{type: Container, max: {cpu: "1"}, min: {memory: 1Mi}}]}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader}
spec: {holderIdentity: me, leaseDurationSeconds: 15}
"""


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_whoever_has_the_token_may_do_everything_and_is_told_so(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert kubectl("auth", "can-i", "patch", "pods/status") == "yes\n"
    assert kubectl("auth", "can-i", "get", "/metrics") == "yes\n"
    listed = kubectl("auth", "can-i", "--list")
    assert "*.*" in listed
    assert "[*]" in listed
    who = kubectl("auth", "whoami")
    assert ["Username", "minisets-admin"] in rows(who)
    assert "[system:masters system:authenticated]" in who


def test_access_is_kept_and_shown(kubectl: Kubectl) -> None:
    told = kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,statefulsets.apps")
    assert "role.rbac.authorization.k8s.io/reader created" in told
    assert "Warning: rules: approximated: kept without effect; whoever has a token" in told
    kubectl("create", "clusterrole", "all", "--verb=*", "--resource=pods", "--non-resource-url=/x")
    kubectl("create", "rolebinding", "r", "--role=reader", "--user=ann", "--serviceaccount=default:robot")
    told = kubectl("create", "clusterrolebinding", "c", "--clusterrole=all", "--group=people")
    assert told.count("Warning") == 1
    assert rows(kubectl("get", "roles"))[0] == ["NAME", "CREATED", "AT"]
    assert rows(kubectl("get", "rolebindings", "-o", "wide"))[1][:2] == ["r", "Role/reader"]
    assert rows(kubectl("get", "rolebindings", "-o", "wide"))[1][3:] == ["ann", "default/robot"]
    assert rows(kubectl("get", "clusterrolebindings"))[1][:2] == ["c", "ClusterRole/all"]
    assert "pods" in kubectl("describe", "role", "reader")
    refused = kubectl("create", "rolebinding", "x", "--role=reader", "--user=", fails=True)
    assert 'RoleBinding.rbac.authorization.k8s.io "x" is invalid: subjects[0].name: Required value' in refused


def test_policies_are_kept_with_their_defaults_and_say_that_they_do_nothing(kubectl: Kubectl) -> None:
    told = kubectl("apply", "-f", "-", stdin=POLICIES)
    assert told.count("Warning: spec: approximated: kept without effect") == 2
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=POLICIES)
    assert "Warning" not in kubectl("apply", "-f", "-", stdin=POLICIES)
    assert kubectl("get", "netpol", "deny", "-o", "jsonpath={.spec.policyTypes}") == '["Ingress"]'
    assert rows(kubectl("get", "netpol"))[1][:2] == ["deny", "app=web"]
    assert rows(kubectl("get", "leases"))[1][:2] == ["leader", "me"]
    limits = kubectl("get", "limits", "small", "-o", "jsonpath={.spec.limits[0].defaultRequest}")
    assert limits == '{"cpu":"1","memory":"1Mi"}'
    assert "Container" in kubectl("describe", "limits", "small")
    told = kubectl("create", "quota", "few", "--hard=pods=2,requests.cpu=1,limits.cpu=2")
    assert "resourcequota/few created" in told
    assert "Warning: spec: approximated" in told
    assert rows(kubectl("get", "quota"))[0] == ["NAME", "REQUEST", "LIMIT", "AGE"]


def test_priority_classes_are_kept(kubectl: Kubectl, running: Running) -> None:
    ensure_priority_classes(running.registry)
    kubectl("create", "priorityclass", "high", "--value=1000", "--description=first", "--global-default")
    found = rows(kubectl("get", "pc"))
    assert found[0] == ["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"]
    assert [row[:3] for row in found[1:]] == [
        ["high", "1000", "true"],
        ["system-cluster-critical", "2000000000", "false"],
        ["system-node-critical", "2000001000", "false"],
    ]


def test_autoscaling_is_kept_in_either_version(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "web.yaml")
    told = kubectl("autoscale", "sts", "web", "--min=2", "--max=5", "--cpu-percent=70")
    assert "horizontalpodautoscaler.autoscaling/web autoscaled" in told
    assert "Warning: spec: approximated: kept without effect; nothing is scaled" in told
    found = rows(kubectl("get", "hpa"))
    assert found[0] == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    assert found[1][:-1] == ["web", "StatefulSet/web", "cpu:", "<unknown>/70%", "2", "5", "0"]
    new = kubectl("get", "hpa", "web", "-o", "jsonpath={.apiVersion} {.spec.metrics[0].resource.target}")
    assert new == 'autoscaling/v2 {"averageUtilization":70,"type":"Utilization"}'
    old = kubectl("get", _OLD, "web", "-o", "yaml")
    assert "targetCPUUtilizationPercentage: 70" in old
    change = '{"spec":{"targetCPUUtilizationPercentage":60}}'
    kubectl("patch", _OLD, "web", "-p", change)
    new = kubectl("get", "hpa", "web", "-o", "jsonpath={.spec.metrics[0].resource.target.averageUtilization}")
    assert new == "60"
    assert "web" in kubectl("describe", "hpa", "web")
    assert "autoscaler/old created" in kubectl("apply", "-f", "-", stdin=OLD).replace(".autoscaling", "")
    assert kubectl("apply", "-f", "-", stdin=OLD) == "horizontalpodautoscaler.autoscaling/old unchanged\n"
    changed = OLD.replace("maxReplicas: 3", "maxReplicas: 4")
    assert (
        kubectl("apply", "-f", "-", stdin=changed) == "horizontalpodautoscaler.autoscaling/old configured\n"
    )
    assert kubectl("get", "hpa", "old", "-o", "jsonpath={.spec.maxReplicas}") == "4"


def test_events_are_the_same_in_both_versions(kubectl: Kubectl, running: Running) -> None:
    run_pod(running, "web-0")
    pod = running.store.get(Ref("Pod", "default", "web-0"))
    assert pod is not None
    recorder = Recorder(running.registry, SystemClock(), "kubelet", host="minisets-0")
    for _ in range(2):
        recorder.record(pod, "Normal", "Pulled", "it is here")
    seen = rows(kubectl("events", "--for", "pod/web-0"))
    assert seen[0] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "Normal Pulled Pod/web-0 it is here" in " ".join(seen[1])
    assert "pod/web-0" in kubectl("get", "events")
    new = kubectl("get", "events.events.k8s.io", "--field-selector=regarding.name=web-0", "-o", "yaml")
    for line in ("apiVersion: events.k8s.io/v1", "note: it is here", "deprecatedCount: 2"):
        assert line in new
    assert "reportingController: kubelet" in new
    assert "pod/web-0" in kubectl("get", "events.events.k8s.io")


def test_top_shows_what_pods_and_nodes_use(kubectl: Kubectl, running: Running) -> None:
    running.registry.create("Node", "", {
        "metadata": {"name": "minisets-0"},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}, "capacity": {"cpu": "4", "memory": "8Gi"}},
    })  # fmt: skip
    running.engine.behave("web-0-busy", cores=0.5, memory_bytes=50 * 1024**2)
    running.engine.behave("web-0-calm", cores=0.01, memory_bytes=3 * 1024**2)
    run_pod(running, "web-0", "busy", "calm")
    running.registry.create("Pod", "default", {"metadata": {"name": "web-1"}, "spec": {"containers": [
        {"name": "a", "image": "nginx:1"}]}})  # fmt: skip
    heading, shown = rows(kubectl("top", "pods"))
    assert heading == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    assert (shown[0], shown[2]) == ("web-0", "53Mi")
    assert 400 < int(shown[1].removesuffix("m")) < 620
    parts = rows(kubectl("top", "pods", "--containers"))
    assert [row[:2] for row in parts[1:]] == [["web-0", "busy"], ["web-0", "calm"]]
    assert parts[1][3] == "50Mi"
    node = rows(kubectl("top", "nodes"))[1]
    assert (node[0], node[3]) == ("minisets-0", "53Mi")
    refused = kubectl("top", "pod", "web-1", fails=True)
    assert refused == 'Error from server (NotFound): podmetrics.metrics.k8s.io "default/web-1" not found\n'
    assert 'pods "web-9" not found' in kubectl("top", "pod", "web-9", fails=True)


def test_a_kind_that_is_not_served_is_refused_by_name(kubectl: Kubectl) -> None:
    deployment = WEB.replace("kind: StatefulSet", "kind: Deployment").replace("  serviceName: nginx\n", "")
    refused = kubectl("create", "-f", "-", stdin=deployment, fails=True)
    assert "service/nginx created" in refused
    assert 'no matches for kind "Deployment" in version "apps/v1"' in refused
    raw = kubectl("get", "--raw", "/apis/apps/v1/namespaces/default/deployments", fails=True)
    assert "deployments.apps: Kubernetes', and not emulated by minisets" in raw
    old = kubectl("get", "--raw", "/apis/apps/v1beta1/namespaces/default/statefulsets", fails=True)
    assert "apps/v1beta1 is no longer served by Kubernetes: use apps/v1" in old
    assert "issues no tokens" in kubectl("create", "token", "default", fails=True)
