"""The control container as values: its rights, what it is told, and what an inspection of one tells."""

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from minisets.cluster import container
from minisets.cluster.container import Inspected, Wanted
from minisets.cluster.quirks import THE_SOCKET, Quirks
from minisets.engine import labels
from minisets.settings import Settings
from minisets.store.sqlite import SCHEMA

SUBNET = IPv4Network("10.213.0.0/16")
WANTED = Wanted(
    cluster="db",
    subnet=SUBNET,
    image="minisets.local/control:0123456789ab",
    content="0123456789ab",
    port=40123,
    quirks=Quirks("Docker Engine"),
)


def inspected(body: dict[str, Any], **state: object) -> dict[str, Any]:
    """What an engine tells of a container that it made from the body of a create call."""
    networks = body["NetworkingConfig"]["EndpointsConfig"]
    return {
        "Id": "c0ffee",
        "Name": "/db",
        "Image": "sha256:beef",
        "RestartCount": 2,
        "Config": {"Image": body["Image"], "Labels": body["Labels"]},
        "State": {"Status": "running", "ExitCode": 0, "Error": "", "StartedAt": "2026-12-01T10:00:00Z"}
        | state,
        "NetworkSettings": {"Networks": {name: {"IPAddress": "10.213.0.2"} for name in networks}},
    }


# --- what is created ---


def test_it_may_do_nothing_but_open_the_engines_socket() -> None:
    """DESIGN decision 2, whole: another entry here is another right, and wants a reason there."""
    assert container.body(WANTED)["HostConfig"] == {
        "NetworkMode": "db",
        "PortBindings": {"6443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "40123"}]},
        "RestartPolicy": {"Name": "always"},
        "CapDrop": ["ALL"],
        "ReadonlyRootfs": True,
        "Privileged": False,
        "SecurityOpt": ["no-new-privileges"],
        "UsernsMode": "",
        "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "Mounts": [
            {
                "Type": "volume",
                "Source": "db",
                "Target": "/var/lib/minisets",
                "VolumeOptions": {"NoCopy": True},
            },
            {"Type": "bind", "Source": THE_SOCKET, "Target": "/var/run/docker.sock"},
        ],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}},
        "Init": False,
    }


def test_it_is_the_uid_that_owns_the_socket_and_has_its_clusters_name() -> None:
    body = container.body(WANTED)
    assert (body["User"], body["Hostname"], body["Image"]) == ("0", "db", WANTED.image)
    assert body["Healthcheck"] == {"Test": ["NONE"]}
    assert (body["StopSignal"], body["StopTimeout"]) == ("SIGTERM", 15)


@pytest.mark.parametrize("cluster", ["minisets", "db"])
def test_its_address_is_the_first_after_the_gateway_in_its_clusters_network(cluster: str) -> None:
    body = container.body(replace(WANTED, cluster=cluster))
    assert body["NetworkingConfig"]["EndpointsConfig"] == {
        cluster: {"IPAMConfig": {"IPv4Address": "10.213.0.2"}}
    }
    assert body["HostConfig"]["NetworkMode"] == cluster


def test_no_environment_is_set_and_no_secret_named() -> None:
    body = container.body(WANTED)
    assert "Env" not in body
    text = json.dumps(body).lower()
    for word in ("token", "secret", "password", "begin ", ".key", ".crt"):
        assert word not in text


@pytest.mark.parametrize(
    ("quirks", "socket", "security", "userns"),
    [
        pytest.param(Quirks("Docker Engine"), THE_SOCKET, [], "", id="plain"),
        pytest.param(
            Quirks("Docker Engine", security=("label=disable",)),
            THE_SOCKET,
            ["label=disable"],
            "",
            id="selinux",
        ),
        pytest.param(Quirks("Docker Engine", userns="host"), THE_SOCKET, [], "host", id="userns-remap"),
        pytest.param(
            Quirks("rootless Docker", "/run/user/1000/docker.sock"),
            "/run/user/1000/docker.sock",
            [],
            "",
            id="rootless",
        ),
    ],
)
def test_what_its_engine_needs_is_added_and_nothing_else(
    quirks: Quirks, socket: str, security: list[str], userns: str
) -> None:
    plain, body = container.body(WANTED), container.body(replace(WANTED, quirks=quirks))
    host = body["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges", *security]
    assert host["UsernsMode"] == userns
    binds = [mount for mount in host["Mounts"] if mount["Type"] == "bind"]
    assert binds == [{"Type": "bind", "Source": socket, "Target": THE_SOCKET}]
    for changed in ("SecurityOpt", "UsernsMode", "Mounts"):
        del host[changed], plain["HostConfig"][changed]
    assert body == plain


def test_process_1_is_the_dns_server_and_its_command_the_control_plane() -> None:
    body = container.body(WANTED)
    assert body["Entrypoint"] == ["python3", "-m", "minisets.dns"]
    at = body["Cmd"].index("--")
    assert body["Cmd"][:at] == ["--address", "10.213.0.2", "--keep", "/var/lib/minisets/zone"]
    server = body["Cmd"][at + 1 :]
    assert server[:4] == ["python3", "-m", "minisets", "daemon"]
    assert tuple(server[4:]) == WANTED.settings.to_argv()
    assert all(isinstance(word, str) for word in body["Cmd"])


def test_the_server_inside_is_told_where_it_listens_and_keeps_its_state() -> None:
    settings = WANTED.settings
    assert (settings.cluster, settings.port, settings.subnet) == ("db", 6443, SUBNET)
    assert IPv4Address(settings.host).is_unspecified, "a published port arrives at the container's address"
    assert (str(settings.state), settings.engine) == ("/var/lib/minisets", "docker")


def test_its_certificate_is_good_for_the_names_by_which_pods_know_it() -> None:
    assert container.hosts(Settings(subnet=SUBNET)) == (
        "10.213.0.2",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    )


@pytest.mark.parametrize("subnet", ["10.213.0.0/24", "192.168.7.0/24", "10.0.0.0/8"])
def test_any_subnet_that_can_be_cut_in_four_has_an_address_for_it(subnet: str) -> None:
    body = container.body(replace(WANTED, subnet=IPv4Network(subnet)))
    address = container.hosts(Settings(subnet=IPv4Network(subnet)))[0]
    assert address in body["Cmd"]
    assert address in str(body["NetworkingConfig"])


# --- what is found ---


def test_what_was_created_is_read_again() -> None:
    assert container.read(inspected(container.body(WANTED)), "db") == Inspected(
        id="c0ffee",
        image="minisets.local/control:0123456789ab",
        state="running",
        exit_code=0,
        error="",
        started_at="2026-12-01T10:00:00Z",
        restarts=2,
        is_connected=True,
        content="0123456789ab",
        port=40123,
        schema=SCHEMA,
    )


def test_how_it_ended_is_read() -> None:
    found = container.read(
        inspected(container.body(WANTED), Status="exited", ExitCode=137, Error="OOM, perhaps"), "db"
    )
    assert found is not None
    assert (found.state, found.exit_code, found.error) == ("exited", 137, "OOM, perhaps")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({labels.CLUSTER: "minisets"}, id="another-clusters"),
        pytest.param({labels.CLUSTER: ""}, id="no-clusters"),
        pytest.param({labels.KIND: "container"}, id="a-pods"),
        pytest.param({labels.KIND: "image"}, id="of-our-image-by-a-stranger"),
        pytest.param({labels.KIND: ""}, id="of-no-kind"),
    ],
)
def test_a_container_that_is_not_this_clusters_server_is_not_read(change: dict[str, str]) -> None:
    told = inspected(container.body(WANTED))
    told["Config"]["Labels"] |= change
    assert container.read(told, "db") is None


@pytest.mark.parametrize("own", [None, {}, {labels.CLUSTER: "db"}])
def test_a_container_with_hardly_a_label_is_not_read(own: dict[str, str] | None) -> None:
    told = inspected(container.body(WANTED))
    told["Config"]["Labels"] = own
    assert container.read(told, "db") is None


@pytest.mark.parametrize("text", [None, "", "many", "-1", "4.5", "0x1f", " 1"])
@pytest.mark.parametrize("name", [labels.PORT, labels.SCHEMA])
def test_a_damaged_number_is_none(name: str, text: str | None) -> None:
    told = inspected(container.body(WANTED))
    told["Config"]["Labels"].pop(name)
    if text is not None:
        told["Config"]["Labels"][name] = text
    found = container.read(told, "db")
    assert found is not None
    assert (found.port if name == labels.PORT else found.schema) == 0


def test_a_content_that_is_not_told_is_nobodys() -> None:
    told = inspected(container.body(WANTED))
    del told["Config"]["Labels"][labels.CONTENT]
    found = container.read(told, "db")
    assert found is not None
    assert found.content == ""


@pytest.mark.parametrize(
    "networks",
    [
        pytest.param(None, id="no-settings"),
        pytest.param({}, id="nothing-said"),
        pytest.param({"Networks": None}, id="none"),
        pytest.param({"Networks": {}}, id="disconnected"),
        pytest.param({"Networks": {"bridge": {}}}, id="on-another"),
    ],
)
def test_one_that_is_off_its_network_is_told(networks: dict[str, Any] | None) -> None:
    told = inspected(container.body(WANTED)) | {"NetworkSettings": networks}
    found = container.read(told, "db")
    assert found is not None
    assert not found.is_connected


def test_what_an_engine_leaves_out_reads_as_empty() -> None:
    """Podman answers with fewer fields."""
    body = container.body(WANTED)
    found = container.read(
        {
            "Id": "c0ffee",
            "Image": "sha256:beef",
            "Config": {"Labels": body["Labels"]},
            "State": {"Status": "created"},
        },
        "db",
    )
    assert found is not None
    assert (found.image, found.state, found.exit_code, found.error) == ("sha256:beef", "created", 0, "")
    assert (found.started_at, found.restarts, found.is_connected) == ("", 0, False)
