"""Services and EndpointSlices into a zone; the control plane's side of the room.

Decides which endpoint has which name (A-130 to A-134). Leaves readiness to the slices' conditions.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from minisets.dns.names import endpoint_label, port_name, reverse_name, service_name
from minisets.dns.zone import Records, Server, Zone
from minisets.objects.metadata import key_of, labels_of, name_of, namespace_of, spec_of
from minisets.settings import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.settings import Settings
    from minisets.store.interface import Change

_SERVICE = "kubernetes.io/service-name"
_KEY = "zone"


class Feed:
    """A controller with one key: the zone is made anew and handed on whenever something changed."""

    name = "dns"
    kinds = ("Service", "EndpointSlice")

    def __init__(self, reader: Reader, settings: Settings, publish: Callable[[Zone], None]) -> None:
        self._reader = reader
        self._settings = settings
        self._publish = publish

    def keys(self, change: Change) -> Iterable[str]:
        """Any change concerns the zone."""
        del change
        return (_KEY,)

    def reconcile(self, key: str) -> timedelta | None:
        """Read, build, hand on."""
        del key
        services = self._reader.list("Service")
        slices = self._reader.list("EndpointSlice")
        version = min(services.version, slices.version)
        self._publish(zone_of(services.items, slices.items, self._settings, version))
        return None


def zone_of(services: Iterable[Object], slices: Iterable[Object], settings: Settings, version: int) -> Zone:
    """The whole zone. Pure."""
    by_service: dict[str, list[Object]] = defaultdict(list)
    for held in slices:
        name = labels_of(held).get(_SERVICE)
        if name and held.get("addressType") == "IPv4":
            by_service[f"{namespace_of(held)}/{name}"].append(held)
    zone = _Building()
    zone.texts(f"dns-version.{DOMAIN}", "1.1.0")
    for service in services:
        zone.service(service, by_service[key_of(service)])
    return Zone(DOMAIN, settings.network, settings.subnet, version, zone.finished())


class _Building:
    """Names on their way to Records."""

    def __init__(self) -> None:
        self._addresses: dict[str, dict[str, None]] = defaultdict(dict)
        self._servers: dict[str, dict[Server, None]] = defaultdict(dict)
        self._pointers: dict[str, dict[str, None]] = defaultdict(dict)
        self._aliases: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._empty: set[str] = set()

    def texts(self, name: str, text: str) -> None:
        self._texts[name] = text

    def service(self, service: Object, slices: Sequence[Object]) -> None:
        spec = spec_of(service)
        name = service_name(name_of(service), namespace_of(service), DOMAIN)
        if spec.get("type") == "ExternalName":
            self._aliases[name] = str(spec.get("externalName", "")).rstrip(".")
            return
        if spec.get("clusterIP") != "None":
            # Differs: approximated, see the room's charter; with no ready pod the name still exists.
            self._empty.add(name)
        for held in slices:
            for endpoint in held.get("endpoints") or ():
                # Kubernetes: discovery/v1 EndpointConditions; a condition that nobody set means ready.
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    self._endpoint(name, endpoint, held.get("ports") or ())

    def _endpoint(
        self, service: str, endpoint: Mapping[str, object], ports: Iterable[Mapping[str, object]]
    ) -> None:
        addresses = endpoint.get("addresses")
        for address in addresses if isinstance(addresses, list) else ():
            own = f"{endpoint_label(str(endpoint.get('hostname') or ''), address)}.{service}"
            self._addresses[service][address] = None
            self._addresses[own][address] = None
            self._pointers[reverse_name(address)][own] = None
            for port in ports:
                if port.get("name") and port.get("port"):
                    protocol = str(port.get("protocol") or "TCP").lower()
                    server = Server(int(str(port["port"])), own)
                    self._servers[port_name(str(port["name"]), protocol, service)][server] = None

    def finished(self) -> dict[str, Records]:
        names = {
            *self._addresses,
            *self._servers,
            *self._pointers,
            *self._aliases,
            *self._texts,
            *self._empty,
        }
        return {
            name: Records(
                addresses=tuple(self._addresses.get(name, ())),
                servers=tuple(self._servers.get(name, ())),
                alias=self._aliases.get(name, ""),
                texts=(self._texts[name],) if name in self._texts else (),
                pointers=tuple(self._pointers.get(name, ())),
            )
            for name in sorted(names)
        }
