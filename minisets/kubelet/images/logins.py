"""Which logins a pod's imagePullSecrets, and the node, have for an image. Pure.

A secret names registries, with a path or with `*` for a part of the host; the longest name that fits comes
first. After the secrets' comes the node's own, which a person's `docker login` left in the state.
Kubernetes: pkg/credentialprovider keyring.go (BasicDockerKeyring, URLsMatch), config.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from minisets.engine.specs import Login
from minisets.kubelet.environment import data_of
from minisets.objects.kinds import Ref
from minisets.objects.metadata import namespace_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

_HUB = "docker.io"
_HUBS_LOGIN = "index.docker.io"
_VERSIONS = ("/v1/", "/v2/")


def pull_secrets(pod: Object, reader: Reader) -> tuple[list[Object], list[str]]:
    """The secrets that the pod names, and the names of those that are not there."""
    names = [str(one.get("name") or "") for one in spec_of(pod).get("imagePullSecrets") or ()]
    found = {name: reader.get(Ref("Secret", namespace_of(pod), name)) for name in filter(None, names)}
    return [one for one in found.values() if one], [name for name, one in found.items() if not one]


def logins_for(image: str, secrets: Iterable[Object], of_node: bytes = b"") -> tuple[Login, ...]:
    """The logins to try, in this order; none: nobody has to say who they are. of_node: Docker's own file."""
    in_secrets = [entry for secret in secrets for entry in _entries(_config(secret))]
    return (*_fitting(image, in_secrets), *_fitting(image, _entries(_auths(of_node))))


def _fitting(image: str, entries: Iterable[tuple[str, Login]]) -> tuple[Login, ...]:
    target = _full(image)
    known = sorted(entries, key=lambda entry: entry[0])
    fitting = [entry for entry in reversed(known) if _fits(entry[0], target)]
    if not fitting and target.partition("/")[0] == _HUB:
        fitting = [entry for entry in known if entry[0] == _HUBS_LOGIN]
    return tuple(login for _, login in fitting)


def _full(image: str) -> str:
    """`nginx:1` as `docker.io/library/nginx`. Kubernetes: parsers.ParseImageName."""
    name = image.partition("@")[0]
    head, slash, rest = name.partition("/")
    is_host = bool(slash) and (head == "localhost" or bool({".", ":"} & set(head)))
    path = rest if is_host else name
    path = path.rpartition(":")[0] or path
    if is_host and head not in (_HUB, _HUBS_LOGIN):
        return f"{head}/{path}"
    return f"{_HUB}/{path}" if "/" in path else f"{_HUB}/library/{path}"


def _fits(glob: str, target: str) -> bool:
    """Host part by part, the port as it is, and the beginning of the path."""
    (host, port, path), (their_host, their_port, their_path) = _parts(glob), _parts(target)
    if port != their_port or not their_path.startswith(path) or len(host) != len(their_host):
        return False
    return all(fnmatchcase(theirs, ours) for ours, theirs in zip(host, their_host, strict=True))


def _parts(url: str) -> tuple[list[str], str, str]:
    place, _, path = url.partition("/")
    host, _, port = place.partition(":")
    return host.split("."), port, path


def _entries(config: dict[str, Any]) -> Iterator[tuple[str, Login]]:
    """Registry and login; what nobody can read is nobody's login."""
    for server, entry in config.items():
        if isinstance(entry, dict) and (login := _login(server, entry)):
            yield _key(server), login


def _config(secret: Object) -> dict[str, Any]:
    data = data_of(secret)
    if secret.get("type") == "kubernetes.io/dockerconfigjson":
        return _auths(data.get(".dockerconfigjson", b""))
    return _read(data.get(".dockercfg", b""))


def _auths(text: bytes) -> dict[str, Any]:
    found = _read(text).get("auths")
    return found if isinstance(found, dict) else {}


def _read(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _login(server: str, entry: dict[str, Any]) -> Login | None:
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        try:
            username, _, password = base64.b64decode(str(auth)).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
    return Login(server, username, password) if username else None


def _key(server: str) -> str:
    """`https://index.docker.io/v1/` as `index.docker.io`."""
    place, slash, path = (
        server.partition("://")[2].partition("/") if "://" in server else server.partition("/")
    )
    path = slash + path
    if path.startswith(_VERSIONS):
        path = path[3:]
    return place if path in ("", "/") else place + path
