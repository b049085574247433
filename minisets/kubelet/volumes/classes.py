"""What a StorageClass asks of the engine for a claim: a volume driver and its options. Pure.

    docker.minisets.dev    parameters.driver (else `local`); the other parameters are that driver's options
    minisets.dev/tmpfs     memory, no more than the claim asks for

Leaves making the volume, and what the engine says to that, to `claim_volumes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError
from minisets.kubelet.volumes.remote import LOCAL_DRIVER, driver_and_options
from minisets.objects.metadata import name_of, spec_of
from minisets.objects.quantities import as_int
from minisets.settings import TMPFS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.objects.kinds import Object

# Kubernetes: external-provisioner pkg/controller removePrefixedParameters.
_RESERVED = "csi.storage.k8s.io/"
_FOR_SECRETS = ("provisioner", "controller-publish", "node-stage", "node-publish", "controller-expand")
_KNOWN = frozenset(
    {
        "fstype",
        *(f"{use}-secret-{part}" for use in (*_FOR_SECRETS, "node-expand") for part in ("name", "namespace")),
    }
)
# Why a list of what may be: `none`, overlay and every disk's file system name what the machine has.
_ELSEWHERE = ("tmpfs", "nfs", "nfs4", "cifs", "smb3", "ceph")
_OF_THE_MACHINE = frozenset({"bind", "rbind", "move", "remount"})
# Why mode: what `mount` gives a tmpfs differs between kernels and engines.
_FOLDER_MODE = "mode=0755"


class Refused(MinisetsError):
    """The claim gets no volume as things are: why, and what to do."""


@dataclass(frozen=True)
class Recipe:
    """How a claim's Docker volume is made."""

    driver: str = LOCAL_DRIVER
    options: Mapping[str, str] = field(default_factory=dict)


def recipe(storage_class: Object, claim: Object) -> Recipe:
    """Raises Refused where the class asks for what is not given to a claim."""
    parameters = _own_parameters(storage_class)
    mount_options = tuple(storage_class.get("mountOptions") or ())
    if storage_class.get("provisioner") == TMPFS:
        return _in_memory(claim, parameters, mount_options)
    driver, options = driver_and_options(parameters)
    if mount_options:
        options = _with_mount_options(storage_class, driver, options, mount_options)
    if driver == LOCAL_DRIVER:
        _refuse_the_machine(options)
    return Recipe(driver, options)


def _own_parameters(storage_class: Object) -> dict[str, str]:
    """Those that are for the provisioner: what a CSI driver's sidecars read is no option."""
    given: dict[str, str] = dict(storage_class.get("parameters") or {})
    for key in given:
        if key.startswith(_RESERVED) and key.removeprefix(_RESERVED) not in _KNOWN:
            raise Refused(
                "failed to strip CSI Parameters of prefixed keys: found unknown parameter key "
                f'"{key}" with reserved namespace {_RESERVED}'
            )
    return {key: value for key, value in given.items() if not key.startswith(_RESERVED)}


def _in_memory(claim: Object, parameters: Mapping[str, str], mount_options: Sequence[str]) -> Recipe:
    """The size comes last, where no mount option takes it back."""
    if parameters:
        raise Refused(
            f"{TMPFS} takes no parameters ({', '.join(sorted(parameters))}): make the class anew without them"
        )
    size = as_int(spec_of(claim)["resources"]["requests"]["storage"])
    words = (_FOLDER_MODE, *mount_options, f"size={size}")
    options = {"type": "tmpfs", "device": "tmpfs", "o": ",".join(words)}
    _refuse_the_machine(options)
    return Recipe(options=options)


def _with_mount_options(
    storage_class: Object, driver: str, options: Mapping[str, str], mount_options: Sequence[str]
) -> dict[str, str]:
    """Docker's own driver mounts what has a type; nobody else is told how to mount."""
    if driver != LOCAL_DRIVER or not options.get("type"):
        raise Refused(
            "Mount options are not supported by the provisioner but StorageClass "
            f'"{name_of(storage_class)}" has mount options [{" ".join(mount_options)}]'
        )
    return {**options, "o": ",".join(filter(None, (options.get("o"), *mount_options)))}


def _refuse_the_machine(options: Mapping[str, str]) -> None:
    """Every claim of the class would have one and the same folder, and that one the machine's."""
    words = {word.strip().lower() for word in options.get("o", "").split(",")}
    mounts = bool(options.keys() & {"type", "device", "o"})
    if mounts and (options.get("type") not in _ELSEWHERE or words & _OF_THE_MACHINE):
        raise Refused(
            "the class's parameters name a path or a device of the machine, the same one for every claim: "
            "make the class anew without type, device and o, or with a type of "
            f"{', '.join(_ELSEWHERE)}; for a folder of the machine use a PersistentVolume with hostPath"
        )
