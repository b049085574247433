"""Where the files of a cluster lie on this machine. Decides names; reads and writes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Why: the name becomes part of container, volume and network names, joined with `_`.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")

DATABASE = "state.db"
"""Where a state lies that is one, on the host or in the control container's volume."""


LOGINS = "config.json"
"""Likewise, where the server finds what registries want to know of who pulls, in Docker's own form."""


@dataclass(frozen=True)
class Places:
    """The files of one cluster."""

    cluster: str
    state: Path
    kubeconfig: Path

    @property
    def database(self) -> Path:
        """What is stored; a cluster in memory has none."""
        return self.state / DATABASE

    @property
    def engine(self) -> Path:
        """Which engine the cluster has: `docker` or `memory`."""
        return self.state / "engine"

    @property
    def lock(self) -> Path:
        """Held by the server, with its process id in it."""
        return self.state / "state.db.lock"

    @property
    def process(self) -> Path:
        """Which process serves, and where: JSON."""
        return self.state / "daemon.json"

    @property
    def subnet(self) -> Path:
        """The subnet of last time: what is stored has addresses in it."""
        return self.state / "subnet"

    @property
    def port(self) -> Path:
        """The port that is kept over restarts."""
        return self.state / "port"


def places(cluster: str, home: Path, environment: Mapping[str, str]) -> Places:
    """The places of a cluster, by MINISETS_HOME, else by the XDG rules; UsageError for a bad name."""
    if not _NAME.fullmatch(cluster):
        raise UsageError(
            f'cluster name "{cluster}" is not usable: at most 40 lower-case letters, digits and inner dashes'
        )
    if root := environment.get("MINISETS_HOME"):
        base = home / root
        return Places(cluster, base / cluster, base / cluster / "kubeconfig.yaml")
    state = home / (environment.get("XDG_STATE_HOME") or ".local/state") / "minisets" / cluster
    return Places(cluster, state, home / ".kube" / "minisets" / f"{cluster}.yaml")
