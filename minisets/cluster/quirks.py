"""What kind of engine this is, and what the control container must be told because of it. Pure.

Derived from what the engine says of itself (`/info`, `/version`) and from its address; no person is asked.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.engine.docker_address import Address

Kind = Literal["Docker Engine", "rootless Docker", "Docker Desktop", "Podman"]
THE_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class Quirks:
    """An engine's kind; where it has its own socket; what its containers need to be allowed to open that.

    socket: a path as the engine sees it, not we: Docker Desktop's lies in its virtual machine.
    """

    kind: Kind
    socket: str = THE_SOCKET
    security: tuple[str, ...] = ()
    userns: str = ""


def quirks(
    info: Mapping[str, Any], version: Mapping[str, Any], address: Address, platform: str = sys.platform
) -> Quirks:
    """`platform`: of the machine that we run on, as `sys.platform` names it."""
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    kind = _kind(info, version, options)
    # Why: SELinux keeps containers from the socket; remapped user ids do not own it.
    security = ("label=disable",) if any("name=selinux" in option for option in options) else ()
    userns = "host" if any("name=userns" in option for option in options) else ""
    return Quirks(kind, _socket(kind, address, platform), security, userns)


def _kind(info: Mapping[str, Any], version: Mapping[str, Any], options: list[str]) -> Kind:
    parts = [str(part.get("Name") or "") for part in version.get("Components") or ()]
    if any("podman" in part.lower() for part in parts):
        return "Podman"
    if str(info.get("OperatingSystem") or "").startswith("Docker Desktop"):
        return "Docker Desktop"
    return "rootless Docker" if any("name=rootless" in option for option in options) else "Docker Engine"


def _socket(kind: Kind, address: Address, platform: str) -> str:
    """Ours and the engine's are one where both are on this Linux; elsewhere a virtual machine is between."""
    if kind == "Docker Desktop" or platform != "linux" or address.socket is None:
        return THE_SOCKET
    return str(address.socket)
