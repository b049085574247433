"""`minisets check`: no server runs and no engine answers in any of these."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Ran, Run

MIXED = """\
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      resources:
        limits: {}
      hostNetwork: true
      containers:
      - name: nginx
        image: nginx:1.9.1
        resources:
          limits:
            ephemeral-storage: 1Gi
"""
WHOLE = "limits of a whole pod are not set; set them on its containers"
DISK = "only memory and cpu are handed to the engine"
FINE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files have short names."""
    inside = tmp_path / "files"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (inside / "web.yaml").write_text(MIXED)
    return inside


def checked(run: Run, text: str, *more: str) -> Ran:
    return run("check", "-f", "-", *more, stdin=text)


def errors(run: Run, text: str) -> list[str]:
    ran = checked(run, text)
    assert ran.code == 1
    return [line for line in ran.out.splitlines() if ": error: " in line]


@pytest.mark.usefixtures("folder")
def test_every_class_of_field_is_told_with_its_line(run: Run) -> None:
    ran = run("check", "-f", "web.yaml", "--all")
    assert ran.code == 0
    pod = "StatefulSet/web spec.template.spec"
    assert ran.out.splitlines() == [
        "web.yaml:3: Service/nginx metadata.name: honoured",
        "web.yaml:4: Service/nginx spec.clusterIP: honoured",
        "web.yaml:4: Service/nginx spec.selector: honoured",
        "web.yaml:9: StatefulSet/web metadata.name: honoured",
        "web.yaml:11: StatefulSet/web spec.serviceName: honoured",
        "web.yaml:12: StatefulSet/web spec.selector.matchLabels: honoured",
        "web.yaml:14: StatefulSet/web spec.template.metadata.labels: honoured",
        f"web.yaml:16: {pod}.resources: not honoured: {WHOLE}",
        f"web.yaml:18: {pod}.hostNetwork: gives a pod the machine: its network, loopback included",
        f"web.yaml:18: {pod}.hostNetwork: honoured",
        f"web.yaml:20: {pod}.containers[0].name: honoured",
        f"web.yaml:21: {pod}.containers[0].image: honoured",
        f"web.yaml:23: {pod}.containers[0].resources.limits: approximated: {DISK}",
    ]
    assert ran.err == "2 objects: 1 approximated, 1 gives a pod the machine, 10 honoured, 1 not honoured\n"


@pytest.mark.usefixtures("folder")
def test_without_all_only_what_differs_is_told(run: Run) -> None:
    ran = run("check", "-f", "web.yaml")
    assert [line.split(":")[1] for line in ran.out.splitlines()] == ["16", "18", "23"]
    assert ran.code == 0


ODD = {
    "not honoured": ("      resources:\n        limits: {}\n", ""),
    "gives a pod the machine": ("      hostNetwork: true\n", ""),
    "approximated": ("ephemeral-storage", "memory"),
}


@pytest.mark.parametrize("kept", ODD)
def test_strict_fails_for_each_class_that_up_would_refuse(run: Run, kept: str) -> None:
    text = MIXED
    for odd in ODD.keys() - {kept}:
        text = text.replace(*ODD[odd])
    assert checked(run, text).code == 0
    strict = checked(run, text, "--strict")
    assert (strict.code, strict.err) == (1, f"2 objects: 1 {kept}\n")
    assert checked(run, text.replace(*ODD[kept]), "--strict").code == 0


def test_a_clean_file_says_so_and_passes_even_strictly(run: Run) -> None:
    ran = checked(run, FINE, "--strict", "--all")
    assert ran.code == 0
    assert ran.out == "stdin:3: ConfigMap/a metadata.name: honoured\n"
    assert checked(run, FINE, "--strict").err == "1 object: every field is honoured\n"


def test_a_kind_that_is_not_served_is_a_notice_and_a_wrong_one_an_error(run: Run) -> None:
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
    ran = checked(run, deployment)
    assert ran.code == 0
    assert ran.out.startswith('stdin:2: Deployment/d kind: not served: kind "Deployment" (apps/v1) is')
    assert checked(run, deployment, "--strict").code == 1
    (line,) = errors(run, deployment.replace("Deployment", "StatefulSett"))
    assert line.endswith('did you mean "StatefulSet"?')


def test_every_unknown_and_mistyped_field_is_told_at_once(run: Run) -> None:
    text = MIXED.replace("serviceName: nginx", "servicName: nginx\n  replicas: two")
    text = text.replace("image: nginx", "imagee: nginx")
    first, second, third = errors(run, text)
    assert first.startswith("stdin:11: StatefulSet/web spec.servicName: error: unknown field ")
    assert first.endswith('; did you mean "serviceName"?')
    assert second.startswith("stdin:12: StatefulSet/web spec.replicas: error: json: cannot unmarshal string")
    assert third.startswith("stdin:22: StatefulSet/web spec.template.spec.containers[0].imagee: error: ")
    assert third.endswith('; did you mean "image"?')


def test_what_a_server_would_refuse_is_told_field_by_field(run: Run) -> None:
    text = MIXED.replace("name: web", "name: Web").replace("image: nginx:1.9.1", "imagePullPolicy: Never")
    text = text.replace("matchLabels: {app: nginx}", "matchLabels: {app: other}")
    assert [line.split(": error: ")[0] for line in errors(run, text)] == [
        "stdin:9: StatefulSet/Web metadata.name",
        "stdin:14: StatefulSet/Web spec.template.metadata.labels",
        "stdin:20: StatefulSet/Web spec.template.spec.containers[0].image",
    ]


def test_a_key_of_a_map_is_found_by_its_line(run: Run) -> None:
    (line,) = errors(run, FINE + "data:\n  good: x\n  bad key: x\n")
    assert line.startswith('stdin:6: ConfigMap/a data[bad key]: error: Invalid value: "bad key": ')


def test_a_namespace_that_can_be_none_is_told(run: Run) -> None:
    (line,) = errors(run, FINE.replace("{name: a}", "\n  name: a\n  namespace: No_Good"))
    assert line == 'stdin:5: ConfigMap/a metadata.namespace: error: namespaces "No_Good" not found'


def test_a_version_in_a_manifest_is_told_as_a_server_tells_it(run: Run) -> None:
    (line,) = errors(run, FINE.replace("{name: a}", '{name: a, resourceVersion: "5"}'))
    assert line.endswith(": error: resourceVersion should not be set on objects to be created")


def test_an_object_needs_a_name(run: Run) -> None:
    (line,) = errors(run, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {}\n")
    assert line.startswith("stdin:3: ConfigMap metadata.name: error: resource name may not be empty")


def test_what_a_manifest_refers_to_is_taken_to_be_there(run: Run) -> None:
    pod = {"serviceAccountName": "runner", "containers": [{"name": "a", "image": "b"}]}
    text = json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "new"}, "spec": pod}
    )
    assert checked(run, text).code == 0
    assert checked(run, f"{text}\n---\n{text}").code == 0


@pytest.mark.usefixtures("folder")
def test_files_behind_a_broken_one_are_read_and_the_break_has_its_line(run: Run) -> None:
    Path("a.yaml").write_text(f"{FINE}---\nkind: [\n")
    Path("b.yaml").write_text("# nothing\n")
    ran = run("check", "-f", ".", "-f", "web.yaml")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0].startswith("a.yaml:6: error: ")
    assert [line.split(":")[0] for line in lines[1:]] == ["web.yaml"] * 6
    assert ran.err.startswith("5 objects: 2 approximated, 1 error, ")


@pytest.mark.usefixtures("folder")
def test_nothing_to_read_is_said(run: Run) -> None:
    Path("empty.yaml").write_text("# nothing\n")
    ran = run("check", "-f", "empty.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: empty.yaml: no objects in it; write at least one document with a kind\n"
    assert run("check").code == run("check", "-f", "missing.yaml").code == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_report_can_be_read_by_programs(run: Run, form: str) -> None:
    ran = run("check", "-f", "web.yaml", "-o", form)
    read = json.loads(ran.out) if form == "json" else yaml.safe_load(ran.out)
    assert set(read) == {"objects", "counts", "remarks"}
    assert read["objects"] == 2
    assert read["counts"] == {"not honoured": 1, "approximated": 1, "gives a pod the machine": 1}
    assert read["remarks"][0] == {
        "file": "web.yaml",
        "line": 16,
        "object": "StatefulSet/web",
        "field": "spec.template.spec.resources",
        "class": "not honoured",
        "reason": WHOLE,
    }
    assert ran.err == ""


@pytest.mark.usefixtures("folder")
def test_what_is_honoured_names_the_tests_that_show_it(run: Run) -> None:
    read = json.loads(run("check", "-f", "web.yaml", "-o", "json", "--all").out)
    (image,) = [one for one in read["remarks"] if one["field"].endswith("containers[0].image")]
    assert image["class"] == "honoured"
    assert all("::test_" in test for test in image["tests"])
    assert image["tests"]


def test_what_a_file_says_commands_no_terminal(run: Run) -> None:
    ran = checked(run, FINE.replace("{name: a}", '{name: "\\e[31mred"}'))
    assert "\x1b" not in ran.out


def test_an_old_version_is_an_error_on_its_own_line_that_says_what_to_write(run: Run) -> None:
    old = MIXED.replace("apiVersion: apps/v1", "apiVersion: apps/v1beta1")
    (line,) = errors(run, old)
    assert line.startswith("stdin:6: StatefulSet/web apiVersion: error: ")
    assert "write apiVersion: apps/v1; besides, spec.selector is required" in line


def test_another_version_of_a_kind_is_judged_as_what_would_be_stored(run: Run) -> None:
    text = """\
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {kind: StatefulSet, name: web}
  maxReplicas: 3
  targetCPUUtilizationPercentage: 70
"""
    ran = checked(run, text)
    assert (ran.code, ran.err) == (0, "1 object: 1 approximated\n")
    assert "kept without effect; nothing is scaled" in ran.out
    (line,) = errors(run, text.replace("maxReplicas", "maxReplica"))
    assert line.startswith("stdin:6: HorizontalPodAutoscaler/web spec.maxReplica: error: unknown field ")
    assert line.endswith('did you mean "maxReplicas"?')
    line = errors(run, text.replace("maxReplicas: 3", "maxReplicas: 0"))[0]
    assert line.startswith("stdin:6: HorizontalPodAutoscaler/web spec.maxReplicas: error: Invalid value: 0")


@pytest.mark.parametrize("name", ["mine", "system-node-critical"])
def test_a_pods_priority_class_is_taken_to_be_there(run: Run, name: str) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
        f"  priorityClassName: {name}\n  preemptionPolicy: PreemptLowerPriority\n"
        "  containers: [{name: a, image: b}]\n"
    )
    assert checked(run, pod).code == 0
