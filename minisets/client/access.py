"""How to reach one cluster's API: address, authority and token; to and from a kubeconfig. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import yaml

from minisets.errors import MinisetsError


@dataclass(frozen=True)
class Access:
    """The server's URL, its certificate authority (PEM) and a bearer token."""

    url: str
    authority: str
    token: str

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("https://").rpartition(":")
        return host, int(port)


def kubeconfig(access: Access, cluster: str) -> str:
    """A kubeconfig whose cluster, user and context carry the cluster's name."""
    return _kubeconfig(access, cluster, (cluster, {"token": access.token}), cluster)


def kubeconfig_for(access: Access, cluster: str, name: str, token: str) -> str:
    """Likewise for somebody else, who comes with a token of their own."""
    return _kubeconfig(access, cluster, (name, {"token": token}), f"{name}@{cluster}")


def kubeconfig_with(access: Access, cluster: str, name: str, certificate: str, key: str) -> str:
    """Likewise for somebody who comes with a certificate (PEM) and no token."""
    user = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    return _kubeconfig(access, cluster, (name, user), f"{name}@{cluster}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _kubeconfig(access: Access, cluster: str, user: tuple[str, dict[str, str]], context: str) -> str:
    name, how = user
    authority = _base64(access.authority)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": cluster, "cluster": {"server": access.url, "certificate-authority-data": authority}}
        ],
        "users": [{"name": name, "user": how}],
        "contexts": [
            {"name": context, "context": {"cluster": cluster, "user": name, "namespace": "default"}}
        ],
        "current-context": context,
    }
    return yaml.safe_dump(config, sort_keys=False)


def access_in(text: str, source: str) -> Access:
    """What a kubeconfig of ours says; MinisetsError, naming the source, where it says something else."""
    try:
        config: dict[str, Any] = yaml.safe_load(text)
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        found = Access(str(cluster["server"]), authority, str(config["users"][0]["user"]["token"]))
        _ = found.address  # a ValueError where there is no port
        return found
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise MinisetsError(
            f"{source} is not a kubeconfig of minisets: remove it, and `minisets up` writes it anew"
        ) from error
