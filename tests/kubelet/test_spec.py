from datetime import timedelta
from typing import Any

import pytest

from minisets.engine.specs import Attachment, ContainerSpec, PublishedPort
from minisets.kubelet.actions import CreateContainer
from minisets.kubelet.containers import mains
from minisets.kubelet.failures import NotYet
from minisets.kubelet.isolation import root_refused
from minisets.kubelet.spec import (
    SandboxSurroundings,
    Surroundings,
    container_spec,
    domainname,
    hostname,
    hosts,
    resolv_conf,
    sandbox_spec,
)
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import container

ACTION = CreateContainer("nginx", "container", 2, 1, "id-sandbox", "a test")


def built(pod_fields: dict[str, Any] | None = None, *, image_user: str = "", **fields: Any) -> ContainerSpec:
    pod = good_pod(**(pod_fields or {}))
    pod["spec"]["containers"] = [container(**fields)]
    around = Surroundings("minisets", "nginx:1.27", {"A": "1"}, (), image_user)
    return container_spec(pod, mains(pod)[0], ACTION, "web-0", around)


def test_command_and_args_are_entrypoint_and_arguments_with_variables_replaced() -> None:
    spec = built(command=["sh", "-c"], args=["echo $(A) $(hostname)"])
    assert spec.entrypoint == ("sh", "-c")
    assert spec.arguments == ("echo 1 $(hostname)",)
    assert (built().entrypoint, built().arguments) == (None, None)


def test_it_joins_the_sandbox_and_says_which_and_which_restart_it_is() -> None:
    spec = built()
    assert spec.joins == "id-sandbox"
    assert spec.hostname == ""
    assert spec.labels["dev.minisets.sandbox"] == "id-sandbox"
    assert spec.labels["dev.minisets.restart"] == "2"
    assert spec.labels["dev.minisets.backoff"] == "1"
    assert spec.labels["dev.minisets.pod-uid"] == "uid-1"
    assert spec.stop_timeout == timedelta(seconds=30)


def test_resources_become_the_engines_limits() -> None:
    resources = {"limits": {"memory": "64Mi", "cpu": "1500m"}, "requests": {"cpu": "250m"}}
    spec = built(resources=resources)
    assert (spec.memory_bytes, spec.nano_cpus, spec.cpu_shares) == (64 * 1024**2, 1_500_000_000, 256)


def test_who_asks_for_no_cpu_weighs_less_than_who_does() -> None:
    assert built().cpu_shares == 2


def test_security_is_the_containers_before_the_pods() -> None:
    whole = {
        "securityContext": {"runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 3000, "supplementalGroups": [4]}
    }
    own = {
        "runAsUser": 5,
        "privileged": True,
        "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
    }
    assert (built(whole).user, built(whole).groups) == ("1000:2000", ("3000", "4"))
    spec = built(whole, securityContext=own)
    assert spec.user == "5:2000"
    assert (spec.privileged, spec.read_only_root, spec.no_new_privileges) == (True, True, True)
    assert (spec.cap_add, spec.cap_drop) == (("NET_ADMIN",), ("ALL",))
    assert built().user == ""


@pytest.mark.parametrize(
    ("context", "image_user", "user"),
    [
        ({}, "app", ""),
        ({"runAsGroup": 9}, "app:app", "app:9"),
        ({"runAsGroup": 9}, "", "0:9"),
        ({"runAsUser": 0}, "app", "0"),
    ],
)
def test_a_group_alone_goes_with_the_images_user(context: dict[str, Any], image_user: str, user: str) -> None:
    assert built(securityContext=context, image_user=image_user).user == user


@pytest.mark.parametrize(
    ("whole", "own", "confinement"),
    [
        ({}, {}, ()),
        ({"seccompProfile": {"type": "RuntimeDefault"}}, {}, ()),
        ({"seccompProfile": {"type": "Unconfined"}}, {}, (("seccomp", "unconfined"),)),
        ({"seccompProfile": {"type": "Unconfined"}}, {"seccompProfile": {"type": "RuntimeDefault"}}, ()),
        ({}, {"appArmorProfile": {"type": "Unconfined"}}, (("apparmor", "unconfined"),)),
        (
            {},
            {"appArmorProfile": {"type": "Localhost", "localhostProfile": "mine"}},
            (("apparmor", "mine"),),
        ),
    ],
)
def test_profiles_are_the_engines_own_unless_another_is_asked_for(
    whole: dict[str, Any], own: dict[str, Any], confinement: tuple[tuple[str, str], ...]
) -> None:
    assert built({"securityContext": whole}, securityContext=own).confinement == confinement


def test_the_machines_process_ids_and_ipc_are_shared_where_the_pod_asks() -> None:
    spec = built({"hostPID": True, "hostIPC": True})
    assert (spec.host_pid, spec.host_ipc) == (True, True)
    assert (built().host_pid, built().host_ipc) == (False, False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("web-0", "nginx.default.svc.cluster.local")),
        ({"hostnameOverride": "any.name"}, ("any.name", "")),
        ({"hostname": "db", "subdomain": None}, ("db", "")),
        ({"hostname": None}, ("web-0", "nginx.default.svc.cluster.local")),
        ({"hostname": "a" * 80}, ("a" * 63, "nginx.default.svc.cluster.local")),
    ],
)
def test_a_pods_own_name(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    """A-126."""
    pod = good_pod(**fields)
    assert (hostname(pod), domainname(pod)) == expected


CLUSTER_FIRST = (
    "nameserver 10.97.0.1\n"
    "search default.svc.cluster.local svc.cluster.local cluster.local\n"
    "options ndots:5\n"
)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, CLUSTER_FIRST),
        ({"dnsPolicy": "Default"}, ""),
        ({"hostNetwork": True}, ""),
        ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, CLUSTER_FIRST),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a.b"]}},
            "nameserver 1.1.1.1\nsearch a.b\n",
        ),
        (
            {
                "dnsConfig": {
                    "searches": ["a.b"],
                    "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
                }
            },
            CLUSTER_FIRST.replace(" cluster.local\n", " cluster.local a.b\n").replace(
                "ndots:5", "ndots:2 edns0"
            ),
        ),
    ],
)
def test_whom_a_pod_asks_for_names(fields: dict[str, Any], text: str) -> None:
    """A-127."""
    assert resolv_conf(good_pod(**fields), "10.97.0.1") == text


OWN = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
ALIASES = [{"ip": "10.1.2.3", "hostnames": ["a.b", "c"]}, {"ip": "127.0.0.1", "hostnames": ["d"]}]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, f"{OWN}10.97.64.1\tweb-0.nginx.default.svc.cluster.local\tweb-0\n"),
        ({"subdomain": ""}, f"{OWN}10.97.64.1\tweb-0\n"),
        (
            {"subdomain": "", "hostAliases": ALIASES},
            f"{OWN}10.97.64.1\tweb-0\n\n# Entries added by HostAliases.\n10.1.2.3\ta.b\tc\n127.0.0.1\td\n",
        ),
    ],
)
def test_a_pods_hosts_file_is_kubernetes_own(fields: dict[str, Any], text: str) -> None:
    """Kubernetes: managedHostsFileContent; hostsEntriesFromHostAliases."""
    assert hosts(good_pod(**fields), "10.97.64.1") == text
    assert hosts(good_pod(**fields), "") == ""


def test_the_sandbox_has_the_names_the_address_and_the_text() -> None:
    around = SandboxSurroundings("minisets", "minisets", "10.97.64.1", ())
    spec = sandbox_spec(good_pod(), "web-0_sandbox", "pause", 1, "nameserver 10.97.0.1\n", around)
    assert spec.attachment == Attachment("minisets", "10.97.64.1")
    assert spec.hostname == "web-0"
    assert spec.env == (
        ("MINISETS_RESOLV_CONF", "nameserver 10.97.0.1\n"),
        ("MINISETS_HOSTS", hosts(good_pod(), "10.97.64.1")),
    )
    assert spec.labels["dev.minisets.kind"] == "sandbox"


def sandbox(address: str = "10.97.64.1", **fields: Any) -> ContainerSpec:
    around = SandboxSurroundings("minisets", "minisets" if address else "host", address, ())
    return sandbox_spec(good_pod(**fields), "web-0_sandbox", "pause", 0, "", around)


def test_the_kernel_may_know_the_pod_by_its_whole_name() -> None:
    """A-126. Kubernetes: setHostnameAsFQDN, as far as a kernel's name may be long."""
    assert sandbox(setHostnameAsFQDN=True).hostname == "web-0.nginx.default.svc.cluster.local"
    assert sandbox(setHostnameAsFQDN=True, subdomain="").hostname == "web-0"
    with pytest.raises(NotYet, match="is too long"):
        sandbox(setHostnameAsFQDN=True, hostname="a" * 60)


def test_a_pod_on_the_machines_network_is_called_as_the_machine_and_has_its_aliases() -> None:
    spec = sandbox("", hostNetwork=True, hostAliases=ALIASES)
    assert spec.hostname == ""
    assert spec.hosts == (("10.1.2.3", "a.b"), ("10.1.2.3", "c"), ("127.0.0.1", "d"))
    assert sandbox(hostAliases=ALIASES).hosts == (), "they are in the text"


def test_host_ports_are_published_for_this_machine_unless_the_pod_says_for_whom() -> None:
    ports = [
        {"containerPort": 80, "hostPort": 8080},
        {"containerPort": 53, "hostPort": 53, "protocol": "UDP", "hostIP": "0.0.0.0"},  # noqa: S104 - in a manifest
        {"containerPort": 9},
    ]
    assert sandbox(containers=[container(ports=ports)]).ports == (
        PublishedPort(80, "tcp", "127.0.0.1", 8080),
        PublishedPort(53, "udp", "0.0.0.0", 53),  # noqa: S104 - likewise
    )
    assert sandbox(containers=[container(ports=ports)], hostNetwork=True).ports == ()


def test_kernel_settings_are_the_sandboxs() -> None:
    asked = {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}]}
    assert sandbox(securityContext=asked).sysctls == (("net.ipv4.tcp_syncookies", "0"),)


def test_a_sandbox_without_a_network_of_its_own() -> None:
    around = SandboxSurroundings("minisets", "", "", ())
    assert sandbox_spec(good_pod(), "web-0_sandbox", "pause", 0, "", around).attachment is None


@pytest.mark.parametrize(
    ("pod_says", "container_says", "image_user", "refusal"),
    [
        ({}, {}, "", ""),
        ({"runAsNonRoot": True}, {}, "1000:0", ""),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, "", ""),
        ({"runAsNonRoot": True}, {"runAsUser": 5}, "", ""),
        ({"runAsNonRoot": True}, {}, "", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, {}, "0:0", "container has runAsNonRoot and image will run as root"),
        ({"runAsUser": 0}, {"runAsNonRoot": True}, "7", "container's runAsUser breaks non-root policy"),
        ({}, {"runAsNonRoot": True}, "nginx", "image has non-numeric user (nginx), cannot verify"),
    ],
)
def test_who_must_not_be_root_is_not(
    pod_says: dict[str, Any], container_says: dict[str, Any], image_user: str, refusal: str
) -> None:
    """Kubernetes: verifyRunAsNonRoot."""
    pod = good_pod(securityContext=pod_says)
    pod["spec"]["containers"] = [container(securityContext=container_says)]
    said = root_refused(pod, mains(pod)[0], image_user)
    assert (refusal in said) if refusal else not said
