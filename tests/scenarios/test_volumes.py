"""Volumes and files as containers find them: before their first instruction, and when things change."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from docker.errors import APIError

from minisets.engine import labels
from minisets.objects.metadata import is_true, status_of
from tests.scenarios.bare import BUSY, claim, made, state, waits_for
from tests.scenarios.cluster import PROMPTLY, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

DONE = "done with it"
STAY = "while :; do sleep 0.1; done"
# What every container prints of its volumes: path, type and mode, owner, group, content.
SHOW = """
cd /v && find -L . ! -path '*/..*' ! -name . | sort | while read f; do
  stat -L -c "$f %A %u:%g" $f; [ -d $f ] || { cat $f; echo; }
done
"""


def pod(
    name: str, volumes: Sequence[dict[str, Any]], *containers: dict[str, Any], **spec: Any
) -> dict[str, Any]:
    made = [
        {"name": f"c{number}", "image": BUSY, "command": ["sh", "-c", f"trap 'exit 0' TERM; {STAY}"], **each}
        for number, each in enumerate(containers)
    ]
    fields = {"terminationGracePeriodSeconds": 1, "volumes": list(volumes), "containers": made, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": fields}


def runs(script: str, *mounts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    command = ["sh", "-c", f"trap 'exit 0' TERM; {script}\necho {DONE}; {STAY}"]
    return {"command": command, "volumeMounts": list(mounts), **fields}


def at(name: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **fields}


def config(name: str, kind: str = "ConfigMap", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    """And wait for them."""
    cluster.minisets("up", "-f", "-", given=yaml.safe_dump_all(objects)).succeeded()


def said(cluster: Cluster, name: str) -> list[str]:
    """What the first container printed before it was done with its script."""

    def printed() -> str:
        return cluster.minisets("logs", name, "-c", "c0").succeeded().out

    until(lambda: DONE in printed(), f"the script of {name} to end", SOON)
    return printed().partition(DONE)[0].splitlines()


def inside(cluster: Cluster, name: str, script: str, container: str = "c0") -> str:
    return cluster.inside(name, script, container).strip()


# --- before the first instruction ---


def test_every_file_is_there_with_its_mode_and_owner_before_the_first_instruction(cluster: Cluster) -> None:
    """manifests.md traps 15, 16, 18."""
    downward = {"items": [{"path": "deep/name", "fieldRef": {"fieldPath": "metadata.name"}, "mode": 0o440}]}
    sources = [
        {"configMap": {"name": "whole", "items": [{"key": "b", "path": "both/b"}]}},
        {"secret": {"name": "word", "items": [{"key": "w", "path": "both/w", "mode": 0o400}]}},
        {"downwardAPI": downward},
        {"configMap": {"name": "absent", "optional": True}},
    ]
    picked = [{"key": "a", "path": "x/y/a", "mode": 0o755}, {"key": "none", "path": "none"}]
    volumes = [
        {"name": "whole", "configMap": {"name": "whole"}},
        {
            "name": "picked",
            "configMap": {"name": "whole", "items": picked, "optional": True, "defaultMode": 0o600},
        },
        {"name": "word", "secret": {"secretName": "word", "defaultMode": 0o400}},
        {"name": "many", "projected": {"sources": sources, "defaultMode": 0o444}},
        {"name": "empty", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
    ]
    mounts = [at(str(each["name"]), f"/v/{each['name']}") for each in volumes]
    objects = [
        config("whole", data={"a": "1"}, binaryData={"b": "AAEC"}),
        config("word", "Secret", stringData={"w": "sesame"}),
    ]
    both = [pod("first", volumes, runs(SHOW, *mounts)), pod("grouped", volumes, runs(SHOW, *mounts))]
    both[1]["spec"]["securityContext"] = {"fsGroup": 3000, "runAsUser": 1000}
    apply(cluster, *objects, *both)
    assert said(cluster, "first") == [
        "./empty drwxrwxrwx 0:0",
        "./many drwxr-xr-x 0:0",
        *("./many/both drwxr-xr-x 0:0", "./many/both/b -r--r--r-- 0:0", "\0\1\2"),
        *("./many/both/w -r-------- 0:0", "sesame"),
        *("./many/deep drwxr-xr-x 0:0", "./many/deep/name -r--r----- 0:0", "first"),
        "./memory drwxrwxrwx 0:0",
        "./picked drwxr-xr-x 0:0",
        *("./picked/x drwxr-xr-x 0:0", "./picked/x/y drwxr-xr-x 0:0", "./picked/x/y/a -rwxr-xr-x 0:0", "1"),
        *("./whole drwxr-xr-x 0:0", "./whole/a -rw-r--r-- 0:0", "1", "./whole/b -rw-r--r-- 0:0", "\0\1\2"),
        *("./word drwxr-xr-x 0:0", "./word/w -r-------- 0:0", "sesame"),
    ]
    grouped = said(cluster, "grouped")
    for line in (
        "./empty drwxrwsrwx 0:3000",
        "./memory drwxrwsrwx 0:3000",
        "./word/w -r--r----- 0:3000",
        "./many/both/w -r--r----- 0:3000",
        "./many/both drwxr-sr-x 0:3000",
    ):
        assert line in grouped


def test_a_volume_in_memory_has_its_limit_and_several_containers_share_one(cluster: Cluster) -> None:
    volumes = [{"name": "shared", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}]
    writer = runs("head -c 700000 /dev/zero > /data/first; chmod a-w /data/first", at("shared", "/data"))
    reader = runs("", at("shared", "/seen", readOnly=True))
    apply(cluster, pod("limited", volumes, writer, reader))
    until(lambda: inside(cluster, "limited", "wc -c < /seen/first", "c1") == "700000", "the file", SOON)
    fill = ("dd", "if=/dev/zero", "of=/data/second", "bs=100k", "count=7")
    full = cluster.minisets("exec", "-c", "c0", "limited", "--", *fill)
    assert "No space left on device" in full.failed().err
    cluster.minisets("exec", "-c", "c1", "limited", "--", "touch", "/seen/mine").failed()


# --- what changes ---


def test_files_follow_what_they_are_made_from_and_are_never_missing(cluster: Cluster) -> None:
    sources = [
        {"secret": {"name": "changing"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    volumes = [
        {"name": "config", "configMap": {"name": "changing"}},
        {"name": "later", "configMap": {"name": "later", "optional": True}},
        {"name": "many", "projected": {"sources": sources}},
    ]
    watch = "while :; do cat /config/turn > /dev/null || echo missing; done &"
    mounts = [at("config", "/config"), at("later", "/later"), at("many", "/many")]
    part = at("config", "/part", subPath="turn")
    apply(
        cluster,
        config("changing", data={"turn": "0", "gone": "1"}),
        config("changing", "Secret", stringData={"word": "0"}),
        pod("follows", volumes, runs(watch, *mounts, part)),
    )
    before = cluster.inspected("follows")["Id"]
    for turn in range(1, 9):
        data = {"turn": str(turn), "gone": None, "fresh": "1"}
        cluster.kubectl("patch", "configmap", "changing", "-p", json.dumps({"data": data})).succeeded()
        until(lambda turn=turn: inside(cluster, "follows", "cat /config/turn") == str(turn), "the turn", SOON)  # type: ignore[misc] # a lambda's default

    def names() -> list[str]:
        return inside(cluster, "follows", "ls -A /config").split()

    until(lambda: len(names()) == 4, "the files before to go", SOON)
    assert {"..data", "turn", "fresh"} < set(names())
    assert inside(cluster, "follows", "cat /part") == "0", "a file that is mounted by itself stays"

    cluster.kubectl("patch", "secret", "changing", "-p", '{"stringData": {"word": "1"}}').succeeded()
    cluster.kubectl("label", "pod", "follows", "new=label").succeeded()
    apply(cluster, config("later", data={"there": "now"}))
    until(lambda: inside(cluster, "follows", "cat /many/word") == "1", "the secret", SOON)
    until(lambda: 'new="label"' in inside(cluster, "follows", "cat /many/labels"), "the label", SOON)
    until(lambda: inside(cluster, "follows", "cat /later/there || true") == "now", "the later one", SOON)
    assert "missing" not in said(cluster, "follows")
    assert cluster.inspected("follows")["Id"] == before


def test_a_pod_waits_for_what_it_mounts_and_goes_on_by_itself(cluster: Cluster) -> None:
    """manifests.md trap 15."""
    key = {"name": "late", "items": [{"key": "k", "path": "k"}]}
    volumes = [{"name": "late", "configMap": key}, {"name": "word", "secret": {"secretName": "late"}}]
    made(cluster, pod("patient", volumes, runs("cat /late/k", at("late", "/late"))))
    failed = "MountVolume.SetUp failed for volume"

    def told(text: str) -> None:
        until(lambda: cluster.has_event("patient", text, reason="FailedMount"), text, PROMPTLY)

    told(f'{failed} "late" : configmap "late" not found')
    told(f'{failed} "word" : secret "late" not found')
    assert status_of(cluster.pod("patient"))["phase"] == "Pending"
    assert state(cluster, "patient", "waiting")["reason"] == "ContainerCreating"
    apply(cluster, config("late", data={"other": "1"}), config("late", "Secret", stringData={"a": "1"}))
    told(f'{failed} "late" : configmap references non-existent config key: k')
    cluster.kubectl("patch", "configmap", "late", "-p", '{"data": {"k": "here"}}').succeeded()
    until(lambda: is_true(cluster.pod("patient"), "Ready"), "the pod to go on", PROMPTLY)
    assert said(cluster, "patient") == ["here"]


# --- parts ---


def test_parts_of_volumes_are_mounted_each_in_its_way(cluster: Cluster, tmp_path: Path) -> None:
    """On this engine, of API 1.41, a part is a bind of where the volume lies."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").write_text("of the host")
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "parts"}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "word", "secret": {"secretName": "parts"}},
        {"name": "host", "hostPath": {"path": str(tmp_path)}},
    ]
    env = [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    mounts = [
        at("data", "/one", subPathExpr="of/$(POD)"),
        at("data", "/two", subPath="of/other", readOnly=True),
        at("data", "/whole", readOnly=True),
        at("memory", "/m", subPath="deep/er"),
        at("word", "/etc/word", subPath="w"),
        at("host", "/h", subPath="there", readOnly=True),
        at("host", "/new", subPath="made/here"),
    ]
    script = "echo mine > /one/x; echo mine > /m/x; echo mine > /new/x; cat /etc/word /h/file"
    secret = config("parts", "Secret", stringData={"w": "sesame"})
    apply(cluster, claim("parts"), secret, pod("parts", volumes, runs(script, *mounts, env=env)))
    assert said(cluster, "parts") == ["sesameof the host"]
    assert inside(cluster, "parts", "cd /whole && find . -type f; cat /m/x") == "./of/parts/x\nmine"
    assert (tmp_path / "made/here/x").read_text() == "mine\n"
    for path in ("/two/x", "/whole/x", "/h/x"):
        assert "Read-only" in cluster.minisets("exec", "parts", "--", "touch", path).failed().err
    # Trap: the engine would remove a volume of which only parts are mounted, and the data with it.
    with pytest.raises(APIError, match="volume is in use"):
        cluster.engine.volumes.get(cluster.volume_of("parts")).remove()
    cluster.minisets("delete-pod", "parts").succeeded()
    assert (tmp_path / "there/file").read_text() == "of the host"


@pytest.mark.parametrize("where", ["claim", "hostPath"])
def test_a_link_out_of_a_volume_shows_nothing_of_the_machine(
    cluster: Cluster, tmp_path: Path, where: str
) -> None:
    """CVE-2017-1002101, CVE-2021-25741."""
    name = f"escapes-{where.lower()}"
    source = {
        "claim": {"persistentVolumeClaim": {"claimName": name}},
        "hostPath": {"hostPath": {"path": str(tmp_path)}},
    }
    volumes = [{"name": "data", **source[where]}]
    links = "cd /data; ln -s / root; ln -s ../../../etc up; ln -s none no; mkdir in; ln -s in near"
    apply(cluster, claim(name), pod(f"{name}-writer", volumes, runs(links, at("data", "/data"))))
    until(lambda: "near" in inside(cluster, f"{name}-writer", "ls /data"), "the links", SOON)
    for number, sub_path in enumerate(("root", "root/etc", "up", "no")):
        made(cluster, pod(f"{name}-{number}", volumes, runs("ls /x", at("data", "/x", subPath=sub_path))))
        what = "create subPath directory" if sub_path == "no" else "prepare subPath"
        said_so = f'failed to {what} for volumeMount "data" of container "c0"'
        assert waits_for(cluster, f"{name}-{number}", "CreateContainerConfigError") == said_so
    apply(cluster, pod(f"{name}-near", volumes, runs("touch /x/y", at("data", "/x", subPath="near"))))
    until(
        lambda: "y" in inside(cluster, f"{name}-writer", "ls /data/in"), "what was written through it", SOON
    )


# --- the machine ---


def test_a_path_of_the_machine_has_to_be_what_its_type_says(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / "socket"))
    fine = {
        "": "made-by-the-engine",
        "Directory": "link",
        "DirectoryOrCreate": "new/folder",
        "File": "file",
        "FileOrCreate": "new-file",
        "Socket": "socket",
        "CharDevice": "/dev/null",
    }
    volumes = [
        {"name": f"v{number}", "hostPath": {"path": str(tmp_path / path), "type": kind}}
        for number, (kind, path) in enumerate(fine.items())
    ]
    mounts = [at(str(each["name"]), f"/v/{each['name']}") for each in volumes]
    apply(cluster, pod("typed", volumes, runs("stat -c %F /v/*", *mounts)))
    assert said(cluster, "typed") == [
        *(["directory"] * 3),
        *(["regular empty file"] * 2),
        "socket",
        "character special file",
    ]
    assert (tmp_path / "new/folder").is_dir()
    assert (tmp_path / "new-file").stat().st_mode & 0o777 == 0o644
    left = cluster.engine.api.containers(all=True, filters={"label": f"{labels.KIND}=look"})
    assert not [each for each in left if each["Labels"][labels.CLUSTER] == cluster.name]


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        ("Directory", "none", "is not a directory"),
        ("DirectoryOrCreate", "file", "is not a directory"),
        ("File", "folder", "is not a file"),
        ("FileOrCreate", "folder", "is not a file"),
        ("Socket", "file", "is not a socket file"),
        ("CharDevice", "file", "is not a character device"),
        ("BlockDevice", "/dev/null", "is not a block device"),
    ],
)
def test_a_pod_waits_for_the_path_that_it_wants(
    cluster: Cluster, tmp_path: Path, kind: str, path: str, words: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    where, name = str(tmp_path / path), f"waits-{kind.lower()}"
    volumes = [{"name": "host", "hostPath": {"path": where, "type": kind}}]
    made(cluster, pod(name, volumes, runs("", at("host", "/host"))))
    said_so = f'MountVolume.SetUp failed for volume "host" : hostPath type check failed: {where} {words}'
    until(lambda: cluster.has_event(name, said_so, reason="FailedMount"), said_so, SOON)
    assert state(cluster, name, "waiting")["reason"] == "ContainerCreating"
    assert not [each for each in cluster.containers() if name in each], "nothing of it was made"


# --- to whom data belongs ---


def test_an_ephemeral_volume_lives_and_dies_with_its_pod(cluster: Cluster) -> None:
    template = {"metadata": {"labels": {"for": "scratch"}}, "spec": claim("none")["spec"]}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    apply(cluster, pod("brief", volumes, runs("echo mine > /data/x; cat /data/x", at("scratch", "/data"))))
    assert said(cluster, "brief") == ["mine"]
    volume = cluster.volume_of("brief-scratch")
    assert volume in cluster.volumes()
    cluster.minisets("delete-pod", "brief").succeeded()
    until(lambda: volume not in cluster.volumes(), "the data to go", SOON)
    assert cluster.get("PersistentVolumeClaim", "brief-scratch") is None


def test_the_data_of_a_local_volume_is_given_to_the_group(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    asked = claim("disk")
    asked["spec"] |= {"storageClassName": "", "volumeName": "disk"}
    affinity = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "Exists"}]}]}
    local = {
        "capacity": {"storage": "1Mi"},
        "accessModes": ["ReadWriteOnce"],
        "local": {"path": str(tmp_path)},
        "nodeAffinity": {"required": affinity},
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": local}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "disk"}}]
    user = pod(
        "disk", volumes, runs("echo mine >> /data/file; stat -c '%a %g' /data/file", at("data", "/data"))
    )
    user["spec"]["securityContext"] = {"fsGroup": 3000, "runAsUser": 1000}
    apply(cluster, volume, asked, user)
    assert said(cluster, "disk") == ["660 3000"]
    assert (tmp_path / "file").read_text() == "mine\n"


@pytest.mark.parametrize(("policy", "expected"), [("Always", "660 3000"), ("OnRootMismatch", "600 0")])
def test_a_claims_content_is_given_to_the_group_before_the_first_start(
    cluster: Cluster, policy: str, expected: str
) -> None:
    name = f"owned-{policy.lower()}"
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
    fill = "cd /data; mkdir -m 700 deep; touch deep/file; chmod 400 deep/file; ln -s /etc/passwd l"
    apply(cluster, claim(name), pod(f"{name}-first", volumes, runs(fill, at("data", "/data"))))
    until(lambda: "l" in inside(cluster, f"{name}-first", "ls /data").split(), "the data", SOON)
    show = "stat -c '%n %a %g' /data /data/deep /data/deep/file; echo x >> /data/deep/file && echo written"
    grouped = {"fsGroup": 3000, "fsGroupChangePolicy": policy, "runAsUser": 1000}

    def started(number: int) -> list[str]:
        one = pod(f"{name}-{number}", volumes, runs(show, at("data", "/data")), securityContext=grouped)
        apply(cluster, one)
        return said(cluster, f"{name}-{number}")

    assert started(1) == ["/data 2775 3000", "/data/deep 2770 3000", "/data/deep/file 660 3000", "written"]
    inside(cluster, f"{name}-first", "chgrp 0 /data/deep/file; chmod 600 /data/deep/file")
    assert f"/data/deep/file {expected}" in started(2), "the root is as it should be by now"
    assert inside(cluster, f"{name}-first", "stat -c %a:%g /etc/passwd") == "644:0"
