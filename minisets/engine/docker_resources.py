"""What an engine keeps beside containers: images, volumes, networks.

Leaves containers and what runs in them to `docker.py`, words to `docker_translate.py`.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from docker.auth import encode_header, get_config_header, resolve_repository_name
from docker.types import IPAMConfig
from docker.utils import parse_repository_tag

from minisets.engine import docker_translate as translate
from minisets.engine.docker_calls import DockerCalls
from minisets.engine.docker_errors import translated
from minisets.engine.docker_streams import lines_of_json
from minisets.errors import EngineError, EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.engine.interface import Image, Network, Volume
    from minisets.engine.specs import Login, NetworkSpec, VolumeSpec


class DockerResources(DockerCalls):
    """Those of one engine."""

    # --- images ---

    def inspect_image(self, image: str) -> Image | None:
        """The local image, or None."""
        try:
            with translated(f"image {image}"):
                return translate.image(self._raw.inspect_image(image))
        except EngineNotFound:
            return None

    def pull_image(self, image: str, login: Login | None = None) -> Iterator[str]:
        """Pull as the lines are asked for; without a login, with the docker command's own."""
        repository, tag = parse_repository_tag(image)
        with translated(f"image {image}"):
            if login is None:
                header = get_config_header(self._client, resolve_repository_name(repository)[0])
            else:
                header = encode_header(translate.login_header(login))
            wire = self._open(
                "POST",
                "images/create",
                {"fromImage": repository, "tag": tag or "latest"},
                headers={"X-Registry-Auth": header.decode()} if header else {},
            )
        with contextlib.closing(wire):
            for body in lines_of_json(wire):
                if complaint := body.get("error"):
                    raise EngineError(f"image {image}: {complaint}")
                yield translate.progress(body)

    def import_image(self, name: str, root: bytes, changes: tuple[str, ...]) -> str:
        """Make an image from a tar of its root file system and Dockerfile lines."""
        repository, tag = parse_repository_tag(name)
        with translated(f"image {name}"):
            answer = self._client.import_image_from_data(
                root, repository=repository, tag=tag or "latest", changes=list(changes)
            )
        last = json.loads(str(answer).strip().splitlines()[-1])
        if complaint := last.get("error"):
            raise EngineError(f"image {name}: {complaint}")
        made = str(last["status"])
        # Why again: Podman's import knows no tag, and names it `latest`.
        with translated(f"image {name}"):
            self._client.tag(made, repository, tag or "latest")
        return made

    def list_images(self, labels: Mapping[str, str]) -> tuple[Image, ...]:
        """Local images with all of these labels; without architecture, stop signal and user."""
        with translated("images"):
            found = self._client.images(filters=translate.label_filters(labels))
        return tuple(translate.image(body) for body in found if translate.carries(body, labels))

    def remove_image(self, image: str) -> None:
        """Remove by id or name; a missing one is no error."""
        with contextlib.suppress(EngineNotFound), translated(f"image {image}"):
            self._client.remove_image(image)

    # --- volumes and networks ---

    def create_volume(self, spec: VolumeSpec) -> Volume:
        """Create, or return the one that has the name: compare its labels with the spec's."""
        with translated(f"volume {spec.name}"):
            made = self._client.create_volume(spec.name, spec.driver, dict(spec.options), dict(spec.labels))
            if translate.volume(made).labels != spec.labels:
                # Trap: of a volume that the engine has known since before its own start, it answers without
                # labels here (moby volume/service/store.go, create), and with them when it is inspected.
                made = self._client.inspect_volume(spec.name)
        return translate.volume(made)

    def inspect_volume(self, name: str) -> Volume | None:
        """The volume of that name, or None."""
        try:
            with translated(f"volume {name}"):
                return translate.volume(self._client.inspect_volume(name))
        except EngineNotFound:
            return None

    def list_volumes(self, labels: Mapping[str, str]) -> tuple[Volume, ...]:
        """Volumes with all of these labels."""
        with translated("volumes"):
            found = self._client.volumes(filters=translate.label_filters(labels))
        return tuple(
            translate.volume(body) for body in found.get("Volumes") or () if translate.carries(body, labels)
        )

    def remove_volume(self, name: str) -> None:
        """Remove volume and data; a missing one is no error."""
        with contextlib.suppress(EngineNotFound), translated(f"volume {name}"):
            self._client.remove_volume(name)

    def create_network(self, spec: NetworkSpec) -> str:
        """The new id."""
        ipam = IPAMConfig()
        ipam.update(translate.network_ipam(spec.subnet, spec.gateway, spec.ip_range))
        with translated(f"network {spec.name}"):
            made = self._client.create_network(
                spec.name, "bridge", ipam=ipam, labels=dict(spec.labels), check_duplicate=True
            )
        return str(made["Id"])

    def list_networks(self) -> tuple[Network, ...]:
        """All networks, ours or not."""
        with translated("networks"):
            return tuple(translate.network(body) for body in self._client.networks())

    def remove_network(self, network: str) -> None:
        """Remove; a missing one is no error."""
        with contextlib.suppress(EngineNotFound), translated(f"network {network}"):
            self._client.remove_network(network)
