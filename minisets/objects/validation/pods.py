"""Rules for pods and pod templates.

Kubernetes: core validation.go ValidatePodSpec, ValidatePodCreate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, forbidden, invalid, nonnegative, one_of, required
from minisets.objects.metadata import meta, spec_of
from minisets.objects.validation.containers import check_all_containers, check_images, check_no_ephemeral
from minisets.objects.validation.labels import check_labels
from minisets.objects.validation.metadata import check_annotations
from minisets.objects.validation.placement import check_placement
from minisets.objects.validation.pod_volumes import check_pod_volumes, known_volumes
from minisets.objects.validation.security import check_pod_security

if TYPE_CHECKING:
    from collections.abc import Collection

    from minisets.objects.kinds import Object

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LATEST = 2**31 - 1


def check_pod(pod: Object) -> Causes:
    """A pod that is about to be created."""
    yield from check_stored_pod(pod)
    yield from check_no_ephemeral("spec", spec_of(pod), "cannot be set on create")
    if spec_of(pod).get("nodeName") and spec_of(pod).get("schedulingGates"):
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def check_pod_template(path: str, template: Object, claim_names: Collection[str]) -> Causes:
    """A template; claim_names are volumes that its controller will add."""
    yield from check_labels(f"{path}.labels", meta(template).get("labels"))
    yield from check_annotations(f"{path}.annotations", meta(template).get("annotations"))
    spec = spec_of(template)
    yield from check_pod_spec(f"{path}.spec", spec, claim_names)
    yield from check_no_ephemeral(f"{path}.spec", spec, "ephemeral containers not allowed in pod template")


def check_pod_spec(path: str, spec: Object, claim_names: Collection[str] = ()) -> Causes:
    """What pods and templates have alike."""
    if spec.get("terminationGracePeriodSeconds") is None:
        yield required(f"{path}.terminationGracePeriodSeconds")
    volumes = spec.get("volumes") or []
    yield from check_pod_volumes(f"{path}.volumes", volumes, claim_names)
    yield from check_all_containers(path, spec, known_volumes(volumes, claim_names))
    if spec.get("hostNetwork"):
        yield from _check_host_network(path, spec)
    yield from one_of(f"{path}.restartPolicy", spec.get("restartPolicy") or "", _RESTART_POLICIES)
    yield from _check_names_resolution(path, spec)
    yield from check_pod_security(f"{path}.securityContext", spec.get("securityContext"))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.shareProcessNamespace", spec["shareProcessNamespace"], detail)
    yield from check_placement(path, spec)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        where = f"{path}.readinessGates[{index}].conditionType"
        yield from each_invalid(where, kind, names.qualified_name(kind))
    yield from _check_names(path, spec)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        complaints = names.in_range(deadline, 1, _LATEST)
        yield from each_invalid(f"{path}.activeDeadlineSeconds", deadline, complaints)


def check_stored_pod(pod: Object) -> Causes:
    """What holds for a pod at any time."""
    spec = spec_of(pod)
    yield from check_pod_spec("spec", spec)
    yield from nonnegative(
        "spec.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds") or 0
    )
    yield from check_images("spec", spec)


def _check_names_resolution(path: str, spec: Object) -> Causes:
    policy = spec.get("dnsPolicy") or ""
    yield from one_of(f"{path}.dnsPolicy", policy, _DNS_POLICIES)
    config = spec.get("dnsConfig") or {}
    if policy == "None" and not config:
        yield required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    elif policy == "None" and not config.get("nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield required(f"{path}.dnsConfig.nameservers", detail)
    for index, address in enumerate(config.get("nameservers") or ()):
        where = f"{path}.dnsConfig.nameservers[{index}]"
        yield from each_invalid(where, address, names.ip_address(address))


def _check_names(path: str, spec: Object) -> Causes:
    for field, rule in (
        ("serviceAccountName", names.dns_subdomain),
        ("nodeName", names.dns_subdomain),
        ("hostname", names.dns_label),
        ("subdomain", names.dns_label),
        ("priorityClassName", names.dns_subdomain),
        ("runtimeClassName", names.dns_subdomain),
    ):
        if value := spec.get(field):
            yield from each_invalid(f"{path}.{field}", value, rule(value))
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        address = alias.get("ip") or ""
        yield from each_invalid(f"{path}.hostAliases[{index}].ip", address, names.ip_address(address))


def _check_host_network(path: str, spec: Object) -> Causes:
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            host_port = port.get("hostPort") or 0
            if host_port and host_port != port.get("containerPort"):
                where = f"{path}.containers[{index}].ports[{position}].hostPort"
                yield invalid(where, host_port, "must match `containerPort` when `hostNetwork` is true")
