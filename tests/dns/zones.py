"""Zones and questions as text: what the room's tests compare."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from minisets.dns.answers import Question, answer
from minisets.dns.feed import zone_of
from minisets.settings import Settings

if TYPE_CHECKING:
    from minisets.dns.zone import Zone
    from minisets.objects.kinds import Object

SUBNET = IPv4Network("10.213.0.0/16")
SETTINGS = Settings(cluster="minisets", subnet=SUBNET)
NGINX = "nginx.default.svc.cluster.local"


def service(name: str, namespace: str = "default", **spec: object) -> Object:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": "None", "ports": [{"name": "web", "port": 80}], **spec},
    }


def endpoint(address: str, hostname: str = "", **conditions: bool | None) -> Object:
    named = {"hostname": hostname} if hostname else {}
    return {"addresses": [address], "conditions": conditions or {"ready": True}, **named}


def slice_of(service_name: str, *endpoints: Object, namespace: str = "default", **more: object) -> Object:
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service_name}-abcde",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service_name},
        },
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": [{"name": "web", "port": 80, "protocol": "TCP"}],
        **more,
    }


def web() -> Zone:
    """The article's zone: two ready pods behind the headless nginx."""
    pods = (endpoint("10.213.64.1", "web-0"), endpoint("10.213.64.2", "web-1"))
    return zone_of([service("nginx")], [slice_of("nginx", *pods)], SETTINGS, 7)


def asked(zone: Zone, name: str, type_: str = "A") -> str:
    return str(answer(Question(name, type_), zone))
