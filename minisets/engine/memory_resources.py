"""Images, volumes and networks of the engine in memory. Called under the engine's lock."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from minisets.engine.interface import Image, Network, Volume
from minisets.errors import EngineConflict, EngineError, EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from minisets.engine.memory_files import File
    from minisets.engine.specs import Login, NetworkSpec, VolumeSpec

ROOT = "/var/lib/docker"
_LOCAL_OPTIONS = ("device", "o", "type")


def carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether all wanted labels are there; an empty value asks only for the label."""
    return all(key in labels and (not value or labels[key] == value) for key, value in wanted.items())


class Images:
    """Every image exists, but those that were said to be missing: they appear when pulled."""

    def __init__(self) -> None:
        self._made: dict[str, Image] = {}
        self._missing: set[str] = set()
        self._refused: dict[str, str] = {}
        self._locked: dict[str, tuple[str, str]] = {}

    def find(self, name: str) -> Image | None:
        """By name or id."""
        for image in self._made.values():
            if name == image.id or tagged(name) in image.tags:
                return image
        if tagged(name) in self._missing or name.startswith("sha256:"):
            return None
        return Image(_hash(tagged(name).encode()), (tagged(name),), (), {}, "amd64")

    def miss(self, name: str) -> None:
        """There is none of this name until it is pulled."""
        self.remove(name)

    def refuse(self, name: str, complaint: str) -> None:
        """It is not there, and pulling fails."""
        self.miss(name)
        self._refused[tagged(name)] = complaint

    def allow(self, name: str) -> None:
        """Pulling works again."""
        self._refused.pop(tagged(name), None)

    def lock(self, name: str, username: str, password: str) -> None:
        """It is not there, and its registry gives it to this user alone."""
        self.miss(name)
        self._locked[tagged(name)] = (username, password)

    def pull(self, name: str, login: Login | None) -> Iterator[str]:
        """Pull it, or fail after the first line, as registries do."""
        yield f"Pulling from {name.partition(':')[0]}"
        if complaint := self._refused.get(tagged(name)):
            raise EngineError(f"image {name}: {complaint}")
        wanted = self._locked.get(tagged(name))
        if wanted and (login is None or wanted != (login.username, login.password)):
            raise EngineError(f"image {name}: pull access denied: unauthorized")
        self._missing.discard(tagged(name))
        yield f"Status: Downloaded newer image for {tagged(name)}"

    def make(self, name: str, root: bytes, changes: tuple[str, ...]) -> str:
        """Import one; of the changes only LABEL is understood."""
        labels: dict[str, str] = {}
        for line in changes:
            instruction, *words = shlex.split(line)
            if instruction.upper() == "LABEL":
                labels.update((key, value) for key, _, value in (word.partition("=") for word in words))
        made = Image(_hash(root + repr(changes).encode()), (tagged(name),), (), labels, "amd64")
        self._made = {id_: image for id_, image in self._made.items() if tagged(name) not in image.tags}
        self._made[made.id] = made
        return made.id

    def add(self, image: Image) -> None:
        """One with whatever a test wants it to have."""
        self._made[image.id] = image

    def matching(self, labels: Mapping[str, str]) -> tuple[Image, ...]:
        """Those that were made or added, by label."""
        return tuple(image for image in self._made.values() if carries(image.labels, labels))

    def remove(self, name: str) -> None:
        """It is gone, until pulled or made again."""
        found = self.find(name)
        if found is not None:
            self._made.pop(found.id, None)
            self._missing.update(found.tags)


@dataclass
class VolumeRecord:
    """A volume and its files."""

    volume: Volume
    files: dict[str, File] = field(default_factory=dict)

    @property
    def is_in_memory(self) -> bool:
        """Whether it is empty again when its last user stops."""
        return self.volume.is_in_memory


class Volumes:
    """Volumes by name."""

    def __init__(self) -> None:
        self.records: dict[str, VolumeRecord] = {}
        self.missing_drivers: set[str] = {"nosuch"}

    def create(self, spec: VolumeSpec) -> Volume:
        """Make it, or hand out whatever has the name, labels unseen: Docker's trap."""
        if spec.driver in self.missing_drivers:
            raise EngineNotFound(
                f"volume {spec.name}: create {spec.name}: error looking up volume plugin {spec.driver}: "
                f'plugin "{spec.driver}" not found'
            )
        present = self.records.get(spec.name)
        if present is not None and present.volume.driver != spec.driver:
            raise EngineConflict(
                f"volume {spec.name}: create {spec.name}: conflict: volume name must be unique"
            )
        if present is None:
            self._check(spec)
            mountpoint = f"{ROOT}/volumes/{spec.name}/_data"
            made = Volume(spec.name, dict(spec.labels), spec.driver, dict(spec.options), mountpoint)
            self.records[spec.name] = VolumeRecord(made)
        return self.records[spec.name].volume

    def _check(self, spec: VolumeSpec) -> None:
        """As Docker's own driver does; any other takes what it is given."""
        if spec.driver != "local":
            return
        for option in sorted(spec.options):
            if option not in _LOCAL_OPTIONS:
                raise EngineError(f'volume {spec.name}: create {spec.name}: invalid option: "{option}"')
        if spec.options and not spec.options.get("device"):
            raise EngineError(f'volume {spec.name}: create {spec.name}: missing required option: "device"')

    def remove(self, name: str, users: Collection[str]) -> None:
        """Remove volume and data; even a stopped container holds it."""
        if name in self.records and users:
            raise EngineConflict(f"volume {name}: remove {name}: volume is in use - [{', '.join(users)}]")
        self.records.pop(name, None)


class Networks:
    """Networks by name; the three that Docker always has are there."""

    def __init__(self) -> None:
        self._by_name = {
            "bridge": Network(_hash(b"bridge"), "bridge", {}, "172.17.0.0/16", "172.17.0.1"),
            "host": Network(_hash(b"host"), "host", {}, "", ""),
            "none": Network(_hash(b"none"), "none", {}, "", ""),
        }

    def all(self) -> tuple[Network, ...]:
        """All of them."""
        return tuple(self._by_name.values())

    def find(self, network: str) -> Network | None:
        """By name or id."""
        return next((one for one in self.all() if network in (one.name, one.id)), None)

    def create(self, spec: NetworkSpec) -> str:
        """Make it; neither its name nor its subnet may be taken."""
        if spec.name in self._by_name:
            raise EngineConflict(f"network {spec.name}: network with name {spec.name} already exists")
        wanted = ip_network(spec.subnet)
        if any(ip_network(one.subnet).overlaps(wanted) for one in self.all() if one.subnet):
            raise EngineConflict(f"network {spec.name}: Pool overlaps with other one on this address space")
        id_ = _hash(f"{spec.name} {spec.subnet}".encode()).removeprefix("sha256:")
        self._by_name[spec.name] = Network(id_, spec.name, dict(spec.labels), spec.subnet, spec.gateway)
        return id_

    def remove(self, network: str) -> None:
        """Remove; whether it is in use is the engine's to know."""
        found = self.find(network)
        if found is not None:
            del self._by_name[found.name]

    def address(self, network: str, wanted: str, taken: Collection[str]) -> str:
        """The wanted address if it is free, else the lowest free one; empty where the network has none."""
        found = self.find(network)
        if found is None:
            raise EngineNotFound(f"network {network} not found")
        if wanted and wanted in taken:
            raise EngineConflict("Address already in use")
        if not found.subnet:
            return ""
        subnet = ip_network(found.subnet)
        if wanted and ip_address(wanted) not in subnet:
            raise EngineError(
                f"Invalid address {wanted}: It does not belong to any of this network's subnets"
            )
        free = (str(host) for host in subnet.hosts() if str(host) not in (found.gateway, *taken))
        return wanted or next(free)


def tagged(name: str) -> str:
    """With `:latest` where neither tag nor digest is named."""
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
