"""Our values as Docker's JSON, and back."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minisets.engine import docker_translate as translate
from minisets.engine.interface import PathStat
from minisets.engine.specs import Attachment, ContainerSpec, Mount, PublishedPort


def made(**changes: Any) -> dict[str, Any]:
    return translate.container_config(ContainerSpec("web-0", "nginx", {}, **changes))


def host(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = made(**changes)["HostConfig"]
    return body


def test_what_is_not_said_is_left_to_the_image() -> None:
    body = made()
    assert not {"Entrypoint", "Cmd", "Env", "WorkingDir", "User", "Hostname", "StopTimeout"} & set(body)
    assert not {"Memory", "NanoCpus", "Privileged", "CapAdd", "Mounts"} & set(body["HostConfig"])


def test_command_and_arguments_are_entrypoint_and_cmd() -> None:
    body = made(entrypoint=("sh", "-c"), arguments=("true",), env=(("A", "1"), ("B", "x=y")))
    assert (body["Entrypoint"], body["Cmd"], body["Env"]) == (["sh", "-c"], ["true"], ["A=1", "B=x=y"])


def test_a_sandbox_has_an_address_and_lends_its_ipc() -> None:
    body = made(attachment=Attachment("minisets", "10.0.0.9"))
    assert (body["HostConfig"]["NetworkMode"], body["HostConfig"]["IpcMode"]) == ("minisets", "shareable")
    assert body["NetworkingConfig"] == {
        "EndpointsConfig": {"minisets": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}}
    }


def test_a_container_joins_its_sandboxs_network_and_ipc_and_its_process_ids_only_if_asked() -> None:
    joined = host(joins="abc")
    assert (joined["NetworkMode"], joined["IpcMode"]) == ("container:abc", "container:abc")
    assert "PidMode" not in joined
    assert host(joins="abc", joins_pid="def")["PidMode"] == "container:def"


def test_input_stays_open_for_the_next_one_who_attaches_unless_it_is_for_one_only() -> None:
    several, one = made(stdin=True), made(stdin=True, stdin_once=True)
    assert [(body["OpenStdin"], body["StdinOnce"]) for body in (several, one)] == [
        (True, False),
        (True, True),
    ]


def test_a_containers_ports_are_those_of_the_machine_that_lead_to_it() -> None:
    ports = (PublishedPort(80, "tcp", "127.0.0.1", 8080), PublishedPort(80, "tcp", "10.0.0.1", 81))
    body = made(ports=ports)
    assert body["ExposedPorts"] == {"80/tcp": {}}
    assert body["HostConfig"]["PortBindings"] == {
        "80/tcp": [
            {"HostIp": "127.0.0.1", "HostPort": "8080"},
            {"HostIp": "10.0.0.1", "HostPort": "81"},
        ]
    }


def test_the_machines_namespaces_win_over_a_sandboxs() -> None:
    shared = host(joins="abc", joins_pid="abc", host_pid=True, host_ipc=True)
    assert (shared["NetworkMode"], shared["IpcMode"], shared["PidMode"]) == ("container:abc", "host", "host")


def test_what_a_container_may_do_to_the_kernel_is_said_in_the_engines_words() -> None:
    body = host(
        sysctls=(("net.ipv4.tcp_syncookies", "0"),),
        confinement=(("seccomp", "unconfined"), ("apparmor", "mine")),
        no_new_privileges=True,
        hosts=(("10.0.0.1", "db"),),
    )
    assert body["Sysctls"] == {"net.ipv4.tcp_syncookies": "0"}
    assert body["SecurityOpt"] == ["no-new-privileges", "seccomp=unconfined", "apparmor=mine"]
    assert body["ExtraHosts"] == ["db:10.0.0.1"]


def test_a_volume_of_the_containers_own_carries_labels() -> None:
    (mount,) = host(mounts=(Mount("volume", "/lent", labels={"own": "yes"}),))["Mounts"]
    assert mount["Source"] == ""
    assert mount["VolumeOptions"] == {"NoCopy": True, "Labels": {"own": "yes"}}


@pytest.mark.parametrize("network", ["host", "none"])
def test_a_network_without_addresses_gets_none(network: str) -> None:
    body = made(attachment=Attachment(network))
    assert body["HostConfig"]["NetworkMode"] == network
    assert "NetworkingConfig" not in body


def test_a_container_of_no_network_has_none() -> None:
    assert host()["NetworkMode"] == "none"


def test_mounts_are_never_filled_from_the_image() -> None:
    mounts = (
        Mount("volume", "/data", "www-web-0"),
        Mount("bind", "/host", "/srv", read_only=True),
        Mount("tmpfs", "/tmp", size_bytes=1024),  # noqa: S108 - a container's
        Mount("tmpfs", "/run"),
    )
    assert host(mounts=mounts)["Mounts"] == [
        {
            "Type": "volume",
            "Target": "/data",
            "ReadOnly": False,
            "Source": "www-web-0",
            "VolumeOptions": {"NoCopy": True},
        },
        {"Type": "bind", "Target": "/host", "ReadOnly": True, "Source": "/srv"},
        {"Type": "tmpfs", "Target": "/tmp", "ReadOnly": False, "TmpfsOptions": {"SizeBytes": 1024}},  # noqa: S108
        {"Type": "tmpfs", "Target": "/run", "ReadOnly": False},
    ]


def test_a_part_of_a_volume_is_asked_for_by_its_path() -> None:
    (mount,) = host(mounts=(Mount("volume", "/data", "www", sub_path="a/b"),))["Mounts"]
    assert mount["VolumeOptions"] == {"NoCopy": True, "Subpath": "a/b"}


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"propagation": "rslave"}, {"Propagation": "rslave"}),
        ({"read_only": True, "recursion": "no"}, {"ReadOnlyNonRecursive": True}),
        ({"read_only": True, "recursion": "forced"}, {"ReadOnlyForceRecursive": True}),
        ({"recursion": "forced"}, None),
        ({"read_only": True}, None),
    ],
)
def test_how_far_a_bind_reaches(changes: dict[str, Any], options: dict[str, Any] | None) -> None:
    (mount,) = host(mounts=(Mount("bind", "/host", "/srv", **changes),))["Mounts"]
    assert mount.get("BindOptions") == options


def test_a_bind_by_name_says_how_far_it_reaches_too() -> None:
    mount = Mount("bind", "/a", "/srv/a", is_made=True, propagation="rshared")
    assert host(mounts=(mount,))["Binds"] == ["/srv/a:/a:rw,rshared"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0o644, PathStat("file", 0o644)),
        (1 << 31 | 1 << 22 | 0o775, PathStat("directory", 0o2775)),
        (1 << 31 | 1 << 20 | 0o777, PathStat("directory", 0o1777)),
        (1 << 27 | 0o777, PathStat("symlink", 0o777)),
        (1 << 26 | 1 << 21 | 0o666, PathStat("character device", 0o666)),
        (1 << 26 | 0o660, PathStat("block device", 0o660)),
        (1 << 25 | 0o600, PathStat("pipe", 0o600)),
        (1 << 24 | 0o755, PathStat("socket", 0o755)),
        (1 << 23 | 0o755, PathStat("file", 0o4755)),
    ],
)
def test_what_lies_at_a_path_is_read_from_gos_file_mode(mode: int, expected: PathStat) -> None:
    body = {"name": "x", "size": 0, "mode": mode, "mtime": "", "linkTarget": ""}
    assert translate.path_stat(base64.b64encode(json.dumps(body).encode()).decode()) == expected


def test_a_path_that_may_be_missing_is_bound_in_the_form_that_makes_it() -> None:
    mounts = (
        Mount("bind", "/a", "/srv/a", is_made=True),
        Mount("bind", "/b", "/srv/b", read_only=True, is_made=True),
        Mount("bind", "/c", "/srv/with:colon", is_made=True),
    )
    assert host(mounts=mounts)["Binds"] == ["/srv/a:/a:rw", "/srv/b:/b:ro"]
    assert [mount["Source"] for mount in host(mounts=mounts)["Mounts"]] == ["/srv/with:colon"]


def test_the_grace_is_the_stop_timeout_even_when_it_is_nothing() -> None:
    assert made(stop_timeout=timedelta(0))["StopTimeout"] == 0
    assert made(stop_timeout=timedelta(seconds=30))["StopTimeout"] == 30


def test_nothing_restarts_or_removes_a_container_but_us() -> None:
    plain = host()
    assert plain["RestartPolicy"] == {"Name": "no"}
    assert "AutoRemove" not in plain
    assert plain["Init"] is False


def test_labels_are_asked_for_with_and_without_a_value() -> None:
    assert translate.label_filters({"a": "1", "b": ""}) == {"label": ["a=1", "b"]}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"a": "1"}, True),
        ({"a": ""}, True),
        ({"a": "1", "b": "2"}, True),
        ({"a": "1", "b": "3"}, False),
        ({"a": "1", "c": ""}, False),
    ],
)
def test_what_a_list_shows_is_looked_at_again(asked: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    """Podman lists volumes with any of the labels asked for: a claim's would go as if its pod's own."""
    assert translate.carries({"Labels": {"a": "1", "b": "2"}}, asked) is expected
    assert translate.carries({"Labels": None}, asked) is (asked == {})


def test_a_network_of_two_pools_shows_the_first_one_of_ipv4() -> None:
    body = {"Id": "1", "Name": "n", "IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "10.0.0.0/8"}]}}
    assert translate.network(body).subnet == "10.0.0.0/8"
    assert translate.network({"Id": "1", "Name": "host", "IPAM": {"Config": None}}).subnet == ""


def test_an_event_is_told_without_its_details() -> None:
    nanoseconds = 1_700_000_000_500_000_000
    actor = {"ID": "abc", "Attributes": {"name": "web-0"}}
    body = {"Type": "container", "Action": "health_status: healthy", "Actor": actor, "timeNano": nanoseconds}
    event = translate.event(body)
    assert (event.kind, event.action, event.id) == ("container", "health_status", "abc")
    assert event.time == datetime(2023, 11, 14, 22, 13, 20, 500_000, UTC)


def test_a_pull_reads_as_the_docker_command_prints_it() -> None:
    step = {"id": "ab12", "status": "Downloading", "progress": "[=>  ] 1MB/9MB"}
    assert translate.progress(step) == "ab12: Downloading [=>  ] 1MB/9MB"
    assert translate.progress({"status": "Status: done"}) == "Status: done"


def test_names_of_legacy_links_and_of_nothing_are_passed_over() -> None:
    listed = {"Id": "1", "Names": ["/other/alias", "/web-0"], "State": "running", "Labels": None}
    assert translate.summary(listed).name == "web-0"
    untagged = {"Id": "1", "RepoTags": ["<none>:<none>"], "RepoDigests": None, "Config": {"Labels": None}}
    assert translate.image(untagged).tags == ()


def test_a_container_made_from_a_copy_of_ours_is_not_ours() -> None:
    """It has all our labels from its image, as `docker commit web-0` made it."""
    ours = {"Labels": {"dev.minisets.sandbox": "f00"}, "HostConfig": {"NetworkMode": "container:f00"}}
    assert not translate.is_a_copy(ours)
    assert translate.is_a_copy({**ours, "HostConfig": {"NetworkMode": "default"}})
    assert not translate.is_a_copy({"Labels": None, "HostConfig": {"NetworkMode": "minisets"}})


def test_a_container_made_from_a_copy_of_the_control_container_is_not_ours() -> None:
    labels = {"dev.minisets.kind": "control", "dev.minisets.cluster": "minisets"}
    assert not translate.is_a_copy({"Labels": labels, "Names": ["/minisets"]})
    assert translate.is_a_copy({"Labels": labels, "Names": ["/mine"]})


def test_a_list_without_networks_is_known_by_the_label_of_the_sandbox() -> None:
    """Podman's has none: it takes an inspection to tell ours from a copy."""
    assert translate.joins_a_sandbox({"Labels": {"dev.minisets.sandbox": "f00"}, "HostConfig": None})
    assert not translate.joins_a_sandbox({"Labels": None})


def stats(**memory: Any) -> dict[str, Any]:
    return {
        "read": "2026-11-23T12:00:00.5Z",
        "cpu_stats": {"cpu_usage": {"total_usage": 7_000_000_000}},
        "memory_stats": memory,
    }


@pytest.mark.parametrize(
    ("memory", "held"),
    [
        ({"usage": 1000, "stats": {"inactive_file": 300}}, 700),
        ({"usage": 1000, "stats": {"total_inactive_file": 400, "inactive_file": 300}}, 600),
        ({"usage": 100, "stats": {"inactive_file": 300}}, 0),
        ({"usage": 1000}, 1000),
    ],
    ids=["cgroup 2", "cgroup 1", "more cache than memory", "no details"],
)
def test_what_is_used_is_without_the_cache_that_nobody_touches(memory: dict[str, Any], held: int) -> None:
    found = translate.usage(stats(**memory))
    assert found is not None
    assert (found.cpu_nanoseconds, found.memory_bytes) == (7_000_000_000, held)


def test_of_a_container_that_does_not_run_nothing_is_used() -> None:
    assert translate.usage({"read": "0001-01-01T00:00:00Z", "cpu_stats": {}, "memory_stats": {}}) is None
    assert translate.usage({"read": "2026-11-23T12:00:00Z", "memory_stats": {}}) is None


@pytest.mark.parametrize(
    ("body", "running", "code", "has_begun"),
    [
        ({"Running": False, "ExitCode": None, "Pid": 0}, False, None, False),
        ({"Running": True, "ExitCode": None, "Pid": 0}, True, None, False),
        ({"Running": True, "ExitCode": None, "Pid": 7}, True, None, True),
        ({"Running": False, "ExitCode": 3, "Pid": 7}, False, 3, True),
        ({"Running": False, "ExitCode": 126, "Pid": 0}, False, 126, True),
    ],
)
def test_a_command_has_begun_once_it_had_a_process_or_will_have_none(
    body: dict[str, Any], code: int | None, *, running: bool, has_begun: bool
) -> None:
    found = translate.exec_state(body)
    assert (found.running, found.exit_code, found.has_begun) == (running, code, has_begun)


def test_an_images_own_health_check_is_switched_off() -> None:
    assert translate.container_config(ContainerSpec("a", "b", {}))["Healthcheck"] == {"Test": ["NONE"]}
