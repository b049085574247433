"""From a pod's spec to what the engine is told when a container or a sandbox is made. Pure.

Leaves values of the environment to `environment.py`, mounts to `mounts.py`, names to `carry.py`, users and
profiles to `isolation.py`.
Kubernetes: kuberuntime generateContainerConfig, generatePodSandboxConfig.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from minisets.engine.specs import Attachment, ContainerSpec, Mount
from minisets.kubelet.admission import sysctls_of
from minisets.kubelet.environment import expand
from minisets.kubelet.failures import NotYet
from minisets.kubelet.isolation import confinement_of, groups_of, user_of
from minisets.kubelet.ports import published
from minisets.objects.metadata import name_of, namespace_of, spec_of
from minisets.objects.quantities import as_int, as_milli
from minisets.settings import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.kubelet.actions import CreateContainer
    from minisets.kubelet.containers import Wanted
    from minisets.objects.kinds import Object

RESOLV_CONF, HOSTS = "MINISETS_RESOLV_CONF", "MINISETS_HOSTS"
"""In which variables of its environment `pause` finds the texts of the pod's files."""
_LOCALHOST = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_LONGEST_HOSTNAME = 63
_LONGEST_OF_KERNEL = 64
_SMALLEST_SHARES = 2


@dataclass(frozen=True)
class Surroundings:
    """What a container's spec depends on besides the pod. target: whose processes it sees; empty: its own."""

    cluster: str
    image: str
    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    image_user: str = ""
    target: str = ""


def container_spec(
    pod: Object, one: Wanted, action: CreateContainer, name: str, around: Surroundings
) -> ContainerSpec:
    """One of the pod's containers, in the sandbox that the action names."""
    spec = one.spec
    security = spec.get("securityContext") or {}
    capabilities = security.get("capabilities") or {}
    own = labels.pod_labels(around.cluster, pod, one.name, one.kind, action.restart, spec_hash=one.spec_hash)
    return ContainerSpec(
        name=name,
        image=around.image,
        labels={**own, labels.SANDBOX: action.sandbox, labels.BACKOFF: str(action.backoff)},
        entrypoint=_expanded(spec.get("command"), around.env),
        arguments=_expanded(spec.get("args"), around.env),
        env=tuple(around.env.items()),
        working_dir=spec.get("workingDir") or "",
        user=user_of(pod, spec, around.image_user),
        joins=action.sandbox,
        joins_pid=action.sandbox if spec_of(pod).get("shareProcessNamespace") else around.target,
        host_pid=bool(spec_of(pod).get("hostPID")),
        host_ipc=bool(spec_of(pod).get("hostIPC")),
        mounts=around.mounts,
        stop_timeout=timedelta(seconds=int(spec_of(pod).get("terminationGracePeriodSeconds") or 0)),
        memory_bytes=_memory(spec),
        nano_cpus=_millicores(spec, "limits") * 1_000_000,
        cpu_shares=_shares(spec),
        privileged=bool(security.get("privileged")),
        cap_add=tuple(capabilities.get("add") or ()),
        cap_drop=tuple(capabilities.get("drop") or ()),
        groups=groups_of(pod),
        confinement=confinement_of(pod, spec),
        no_new_privileges=security.get("allowPrivilegeEscalation") is False,
        read_only_root=bool(security.get("readOnlyRootFilesystem")),
        tty=bool(spec.get("tty")),
        stdin=bool(spec.get("stdin")),
        stdin_once=bool(spec.get("stdin") and spec.get("stdinOnce")),
    )


def sandbox_spec(
    pod: Object, name: str, image: str, attempt: int, resolv_conf: str, around: SandboxSurroundings
) -> ContainerSpec:
    """The container that owns the pod's network, names and volumes.

    Why no domain name: Kubernetes sets none, and an engine without root may not; the domain is in /etc/hosts.
    """
    files = {RESOLV_CONF: resolv_conf, HOSTS: hosts(pod, around.address)}
    return ContainerSpec(
        name=name,
        image=image,
        labels=labels.pod_labels(around.cluster, pod, "", "sandbox", attempt),
        env=tuple((name, text) for name, text in files.items() if text),
        hostname=known_as(pod),
        hosts=_aliases(pod) if not around.address else (),
        host_ipc=bool(spec_of(pod).get("hostIPC")),
        ports=published(pod),
        sysctls=sysctls_of(pod),
        attachment=Attachment(around.network, around.address) if around.network else None,
        mounts=around.mounts,
    )


@dataclass(frozen=True)
class SandboxSurroundings:
    """What a sandbox's spec depends on besides the pod."""

    cluster: str
    network: str
    address: str
    mounts: tuple[Mount, ...]


def known_as(pod: Object) -> str:
    """What the pod's kernel calls it: its hostname, or with `setHostnameAsFQDN` all of its name.

    Empty, for the machine's own, on the machine's network. NotYet: the kernel would not have a name so long.
    """
    if spec_of(pod).get("hostNetwork"):
        return ""
    domain = domainname(pod)
    if not (spec_of(pod).get("setHostnameAsFQDN") and domain):
        return hostname(pod)
    full = f"{hostname(pod)}.{domain}"
    if len(full) > _LONGEST_OF_KERNEL:
        raise NotYet(
            f"Failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
            f"({_LONGEST_OF_KERNEL} characters is the max, {len(full)} characters requested)",
            "FailedCreatePodSandBox",
        )
    return full


def hostname(pod: Object) -> str:
    """The pod's own name, or what it asks to be called (A-126)."""
    asked = spec_of(pod).get("hostnameOverride") or spec_of(pod).get("hostname") or name_of(pod)
    return str(asked)[:_LONGEST_HOSTNAME].rstrip("-.")


def domainname(pod: Object) -> str:
    """`<subdomain>.<namespace>.svc.cluster.local`, empty without a subdomain or with a name put over it."""
    subdomain = spec_of(pod).get("subdomain")
    is_named = bool(subdomain) and not spec_of(pod).get("hostnameOverride")
    return f"{subdomain}.{namespace_of(pod)}.svc.{DOMAIN}" if is_named else ""


def hosts(pod: Object, address: str) -> str:
    """The text of the pod's /etc/hosts; empty, for what the engine writes, where the pod has no address.

    Kubernetes: pkg/kubelet/kubelet_pods.go `managedHostsFileContent`, `hostsEntriesFromHostAliases`.
    """
    if not address:
        return ""
    own, domain = hostname(pod), domainname(pod)
    names = f"{own}.{domain}\t{own}" if domain else own
    aliases = [
        "\t".join([alias["ip"], *(alias.get("hostnames") or ())]) + "\n"
        for alias in spec_of(pod).get("hostAliases") or ()
    ]
    added = ["\n# Entries added by HostAliases.\n", *aliases] if aliases else []
    return "".join([_LOCALHOST, f"{address}\t{names}\n", *added])


def _aliases(pod: Object) -> tuple[tuple[str, str], ...]:
    """What stands in /etc/hosts besides what the engine writes."""
    every = spec_of(pod).get("hostAliases") or ()
    return tuple((alias["ip"], name) for alias in every for name in alias.get("hostnames") or ())


def dns_policy(pod: Object) -> str:
    """Kubernetes: getPodDNSType: the cluster's names are not for the machine's network unless asked for."""
    policy = str(spec_of(pod).get("dnsPolicy") or "ClusterFirst")
    return "Default" if policy == "ClusterFirst" and spec_of(pod).get("hostNetwork") else policy


def resolv_conf(pod: Object, dns: str) -> str:
    """The text of the pod's /etc/resolv.conf (A-127); empty: what the engine writes. `dns`: our server."""
    policy = dns_policy(pod)
    own = spec_of(pod).get("dnsConfig") or {}
    servers: list[str] = []
    searches: list[str] = []
    options: list[str] = []
    if policy in ("ClusterFirst", "ClusterFirstWithHostNet") and dns:
        servers = [dns]
        searches = [f"{namespace_of(pod)}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN]
        options = ["ndots:5"]
    elif policy != "None":
        return ""
    servers += [one for one in own.get("nameservers") or () if one not in servers]
    searches += [one for one in own.get("searches") or () if one not in searches]
    options = _merged_options(options, own.get("options") or ())
    lines = [f"nameserver {server}" for server in servers]
    lines += [f"search {' '.join(searches)}"] if searches else []
    lines += [f"options {' '.join(options)}"] if options else []
    return "\n".join(lines) + "\n"


def _merged_options(options: list[str], own: Sequence[dict[str, Any]]) -> list[str]:
    """The pod's own options replace ours of the same name."""
    merged = {one.partition(":")[0]: one for one in options}
    for one in own:
        merged[one["name"]] = f"{one['name']}:{one['value']}" if one.get("value") else one["name"]
    return list(merged.values())


def _expanded(words: Sequence[str] | None, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """None and empty both mean: what the image says."""
    return tuple(expand(word, env) for word in words) if words else None


def _memory(spec: dict[str, Any]) -> int:
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    return as_int(limit) if limit else 0


def _millicores(spec: dict[str, Any], kind: str) -> int:
    value = ((spec.get("resources") or {}).get(kind) or {}).get("cpu")
    return as_milli(value) if value else 0


def _shares(spec: dict[str, Any]) -> int:
    """Kubernetes: calculateLinuxResources, cm.MilliCPUToShares: who asks for nothing weighs least.

    Why never 0: the engine would take it for 1024, more than what most ask for.
    """
    return max(_SMALLEST_SHARES, _millicores(spec, "requests") * 1024 // 1000)
