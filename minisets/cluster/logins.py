"""A person's own `docker login`, handed to the server as a kubelet finds it: `config.json` in its state.

Only for the registries of the images at hand, and only where the person has a login; by archive, as the keys
are, so that no client of the API sees it. Kubernetes: credentialprovider config.go (<root-dir>/config.json).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minisets.engine import archives
from minisets.errors import MinisetsError
from minisets.objects.metadata import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from minisets.objects.kinds import Object

Auths = dict[str, dict[str, str]]
"""Registry -> what Docker's own file says of it."""

LONGEST = 1 << 20
_HUB, _HUBS_LOGIN = "docker.io", "https://index.docker.io/v1/"


def images_of(objects: Iterable[Object]) -> Iterator[str]:
    """The images that pods and statefulsets name; of other kinds nobody has looked at the form."""
    for obj in objects:
        match obj["kind"]:
            case "Pod":
                yield from _images_in(spec_of(obj))
            case "StatefulSet":
                yield from _images_in(spec_of(spec_of(obj).get("template") or {}))


def _images_in(pod: dict[str, Any]) -> Iterator[str]:
    for field in ("initContainers", "containers"):
        yield from (str(one["image"]) for one in pod.get(field) or () if one.get("image"))


def of_person(images: Iterable[str], environ: Mapping[str, str]) -> Auths:
    """What the docker command would log in with, credential helpers asked. MinisetsError: one fails."""
    config = _config(environ)
    if not any(config.get(field) for field in ("auths", "credsStore", "credHelpers")):
        return {}
    # Why here: Docker's SDK takes longer to import than most commands to run.
    from docker import auth, errors  # noqa: PLC0415

    try:
        known = auth.load_config(config_dict=config)
        registries = {auth.resolve_repository_name(image)[0] for image in images}
        found = {registry: known.resolve_authconfig(registry) for registry in sorted(registries)}
    except errors.DockerException as error:
        raise MinisetsError(f"your docker login cannot be read: {error}") from error
    return {
        _HUBS_LOGIN if registry == _HUB else registry: {"auth": _together(login)}
        for registry, login in found.items()
        if login and _name(login)
    }


def merged(held: bytes | None, found: Auths) -> Auths:
    """What the server has, with what was found over it."""
    try:
        old = json.loads(held or b"{}").get("auths")
    except (ValueError, AttributeError):
        old = {}
    return {**(old or {}), **found}


def archive(name: str, auths: Auths) -> bytes:
    """A tar with the file in it, for root's eyes only."""
    return archives.archive([archives.file(name, 0o600, json.dumps({"auths": auths}).encode())])


def _config(environ: Mapping[str, str]) -> dict[str, Any]:
    """Docker's own file; empty where there is none that can be read."""
    folder = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME') or '/'}/.docker"
    try:
        found = json.loads((Path(folder) / "config.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(login: Mapping[str, Any]) -> str:
    return str(login.get("username") or login.get("Username") or "")


def _together(login: Mapping[str, Any]) -> str:
    password = login.get("password") or login.get("Password") or ""
    return base64.b64encode(f"{_name(login)}:{password}".encode()).decode()
