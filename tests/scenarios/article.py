"""The mission's walk-through as steps and checks, for whoever walks: manifests and commands as they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.objects.metadata import is_being_deleted, is_true, uid_of
from tests.scenarios.cluster import ARTICLE, MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster, Ended

BOTH = ("web-0", "web-1")
CLAIMS = ("www-web-0", "www-web-1")
# The article's two lines, word for word but for the command that they run.
INDEX = "/usr/share/nginx/html/index.html"
WRITE = "for i in 0 1; do {} exec web-$i -- sh -c 'echo hello $(hostname) > " + INDEX + "'; done"
READ = "for i in 0 1; do {} exec -it web-$i -- curl localhost; done"
NO_TERMINAL = "Unable to use a TTY - input is not a terminal or the right kind of file"


def walk_by_our_command_line(cluster: Cluster) -> None:
    up = cluster.minisets("up", "-f", cluster.file(ARTICLE)).succeeded()
    assert "service/nginx created\nstatefulset.apps/web created\n" in up.out
    assert up.out.index("web-0  Ready at") < up.out.index("web-1  Ready at"), up
    check_web_1_began_after_web_0_ran(cluster)
    check_claims(cluster.minisets("get", "pvc", "-l", "app=nginx").succeeded())
    check_engine(cluster)

    assert cluster.shell(WRITE.format("minisets")).succeeded().out == ""
    check_answers(cluster.shell(READ.format("minisets")).succeeded())

    before = {pod: cluster.pod(pod) for pod in BOTH}
    volumes = {claim: cluster.volume_of(claim) for claim in CLAIMS}
    deleted = cluster.minisets("delete-pod", "-l", "app=nginx").succeeded()
    for pod in BOTH:
        was, now = before[pod]["status"]["podIP"], cluster.address_of(pod)
        assert was != now
        assert f"pod/{pod} is Ready again at {now} (was {was})" in deleted.out
        assert uid_of(before[pod]) != uid_of(cluster.pod(pod))
    assert deleted.out.index("pod/web-0 is Ready") < deleted.out.index("pod/web-1 is Ready"), deleted
    check_web_1_began_after_web_0_ran(cluster)
    assert {claim: cluster.volume_of(claim) for claim in CLAIMS} == volumes
    check_engine(cluster)

    curl = ("exec", "web-0", "--", "curl", "-s", "web-1.nginx")
    until(lambda: cluster.minisets(*curl).out == "hello web-1\n", "web-1 to be found by its name")
    check_names(cluster)


def check_web_1_began_after_web_0_ran(cluster: Cluster) -> None:
    """By the engine's clock: the order is not only in what we print."""
    assert cluster.started("web-0_sandbox") < cluster.started("web-0")
    assert cluster.started("web-0") < cluster.started("web-1_sandbox") < cluster.started("web-1")


def check_claims(listed: Ended) -> None:
    assert [(row["NAME"], row["STATUS"], row["CAPACITY"], row["ACCESS MODES"]) for row in listed.rows()] == [
        (claim, "Bound", "1Gi", "RWO") for claim in CLAIMS
    ]


def check_engine(cluster: Cluster) -> None:
    """Two containers, their two sandboxes, two volumes, and nothing besides."""
    wanted = {cluster.named(name) for name in ("web-0", "web-0_sandbox", "web-1", "web-1_sandbox")}
    until(lambda: set(cluster.containers()) == wanted, f"{sorted(wanted)} on the engine and no others")
    containers = cluster.containers()
    assert {container["State"] for container in containers.values()} == {"running"}
    assert cluster.volumes() == {cluster.named(claim) for claim in CLAIMS}
    for pod in BOTH:
        mounts = [mount for mount in cluster.inspected(pod)["Mounts"] if mount["Type"] == "volume"]
        mounted = {mount["Name"]: mount["Destination"] for mount in mounts}
        assert mounted == {cluster.named(f"www-{pod}"): "/usr/share/nginx/html"}


def check_answers(ended: Ended) -> None:
    assert ended.out == "hello web-0\nhello web-1\n"
    assert ended.err.count(NO_TERMINAL) == 2, ended


def check_names(cluster: Cluster) -> None:
    """In pods only the names resolve that would in Kubernetes, and to where the pod is now."""
    address = cluster.address_of("web-1")
    found = cluster.minisets("exec", "web-0", "--", "getent", "hosts", "web-1.nginx").succeeded()
    assert found.out.split() == [address, "web-1.nginx.default.svc.cluster.local"]
    cluster.minisets("exec", "web-0", "--", "getent", "hosts", "web-1").failed(2)
    own = cluster.minisets(
        "exec", "web-0", "--", "sh", "-c", "hostname; hostname -f; hostname -d"
    ).succeeded()
    assert own.out.split() == [
        "web-0",
        "web-0.nginx.default.svc.cluster.local",
        "nginx.default.svc.cluster.local",
    ]

    cluster.minisets("up", "-f", cluster.file(MANIFESTS / "tools.yaml")).succeeded()
    name = "web-1.nginx.default.svc.cluster.local"
    dig = cluster.minisets("exec", "tools", "--", "dig", name).succeeded().out
    flags = next(line for line in dig.splitlines() if line.startswith(";; flags:"))
    assert "aa" in flags.partition(";; flags:")[2].partition(";")[0].split()
    (answer,) = (line.split() for line in dig.splitlines() if line.startswith(f"{name}."))
    assert int(answer[1]) <= 5
    assert answer[2:] == ["IN", "A", address]


def walk_by_kubectl(cluster: Cluster) -> None:
    """With nothing but KUBECONFIG, on a cluster that is up and empty."""
    created = cluster.kubectl("create", "-f", cluster.file(ARTICLE)).succeeded()
    assert created.out == "service/nginx created\nstatefulset.apps/web created\n"
    rolled = cluster.kubectl("rollout", "status", "statefulset/web", "--timeout=60s").succeeded()
    assert "roll out complete: 2 new pods have been updated" in rolled.out
    check_web_1_began_after_web_0_ran(cluster)
    check_claims(cluster.kubectl("get", "pvc", "-l", "app=nginx").succeeded())
    assert cluster.shell(WRITE.format("kubectl")).succeeded().out == ""
    check_answers(cluster.shell(READ.format("kubectl")).succeeded())

    before = {pod: cluster.pod(pod) for pod in BOTH}
    watch = cluster.kubectl_running("get", "pods", "-w")
    watch.until_printed("web-1")
    deleted = cluster.kubectl("delete", "pod", "-l", "app=nginx").succeeded()
    assert deleted.out.splitlines() == ['pod "web-0" deleted', 'pod "web-1" deleted']
    until(lambda: are_back(cluster, before), "both pods, new and ready", timedelta(seconds=60))
    cluster.kubectl("rollout", "status", "statefulset/web", "--timeout=60s").succeeded()
    check_web_1_began_after_web_0_ran(cluster)
    check_answers(cluster.shell(READ.format("kubectl")).succeeded())
    until(lambda: all(came_back(watch.printed(), pod) for pod in BOTH), "the last lines of the watch")
    check_watched(watch.printed())

    logs = cluster.kubectl("logs", "web-0", "--tail=1").succeeded()
    assert "GET / HTTP/1.1" in logs.out
    check_descriptions(cluster)
    check_scaling(cluster)


def are_back(cluster: Cluster, before: dict[str, dict[str, object]]) -> bool:
    found = {pod: cluster.get("Pod", pod) for pod in BOTH}
    return all(
        new is not None
        and uid_of(new) != uid_of(before[pod])
        and not is_being_deleted(new)
        and is_true(new, "Ready")
        for pod, new in found.items()
    )


def check_watched(printed: str) -> None:
    """`get pods -w` told how each pod went and came."""
    for pod in BOTH:
        seen = rows_of(printed, pod)
        assert seen[0] == seen[-1] == ("1/1", "Running"), printed
        assert ("0/1", "Pending") in seen, printed
        assert ("1/1", "Terminating") in seen, printed


def came_back(printed: str, pod: str) -> bool:
    """Whether the watch told of the new one to its end: what was there before looks as that does."""
    seen = rows_of(printed, pod)
    return ("0/1", "Pending") in seen and seen[-1] == ("1/1", "Running")


def rows_of(printed: str, pod: str) -> list[tuple[str, str]]:
    """READY and STATUS, each time that they were told."""
    lines = (line.split() for line in printed.splitlines() if line.startswith(f"{pod} "))
    return [(line[1], line[2]) for line in lines]


def check_descriptions(cluster: Cluster) -> None:
    statefulset = cluster.kubectl("describe", "statefulset", "web").succeeded().out
    assert "2 Running / 0 Waiting / 0 Succeeded / 0 Failed" in statefulset
    assert "create Pod web-0 in StatefulSet web successful" in statefulset
    pod = cluster.kubectl("describe", "pod", "web-0").succeeded().out
    assert f"IP:               {cluster.address_of('web-0')}" in pod
    assert "Controlled By:  StatefulSet/web" in pod
    assert "Container started" in pod


def check_scaling(cluster: Cluster) -> None:
    scaled = cluster.kubectl("scale", "statefulset", "web", "--replicas=3").succeeded()
    assert scaled.out == "statefulset.apps/web scaled\n"
    cluster.kubectl("rollout", "status", "statefulset/web", "--timeout=60s").succeeded()
    assert is_true(cluster.pod("web-2"), "Ready")
    cluster.kubectl("scale", "statefulset", "web", "--replicas=1").succeeded()
    cluster.kubectl("wait", "--for=delete", "pod/web-1", "pod/web-2", "--timeout=60s").succeeded()
    assert [pod["metadata"]["name"] for pod in cluster.list("Pod")] == ["web-0"]
    assert {claim["metadata"]["name"] for claim in cluster.list("PersistentVolumeClaim")} == {
        *CLAIMS,
        "www-web-2",
    }
