"""What a class asks the engine for, and what it is refused."""

from typing import TYPE_CHECKING, Any

import pytest

from minisets.kubelet.volumes.classes import Recipe, Refused, recipe
from minisets.settings import PROVISIONER, TMPFS

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

EXPORT = {"type": "nfs", "device": ":/srv", "o": "addr=10.0.0.1"}


def of(
    parameters: dict[str, str] | None = None, *options: str, provisioner: str = PROVISIONER, size: str = "1Gi"
) -> Recipe:
    storage_class: Object = {"metadata": {"name": "fast"}, "provisioner": provisioner}
    claim: dict[str, Any] = {"spec": {"resources": {"requests": {"storage": size}}}}
    return recipe({**storage_class, "parameters": parameters or {}, "mountOptions": list(options)}, claim)


def test_parameters_are_a_driver_and_its_options() -> None:
    """A-139."""
    assert of() == Recipe("local", {})
    assert of({"driver": "vieux/sshfs", "sshcmd": "me@there:/data"}) == Recipe(
        "vieux/sshfs", {"sshcmd": "me@there:/data"}
    )
    assert of(EXPORT) == Recipe("local", EXPORT)


def test_what_is_meant_for_a_csi_drivers_sidecars_is_no_option() -> None:
    reserved = {"csi.storage.k8s.io/fstype": "ext4", "csi.storage.k8s.io/node-stage-secret-name": "it"}
    assert of({"driver": "fast", "a": "b", **reserved}) == Recipe("fast", {"a": "b"})
    with pytest.raises(Refused, match=r'unknown parameter key "csi.storage.k8s.io/other" with reserved'):
        of({"csi.storage.k8s.io/other": "x"})


def test_mount_options_are_for_what_the_engine_mounts() -> None:
    assert of(EXPORT, "nfsvers=4.1", "hard").options["o"] == "addr=10.0.0.1,nfsvers=4.1,hard"
    for parameters in ({}, {"driver": "vieux/sshfs"}):
        with pytest.raises(Refused) as refused:
            of(parameters, "hard", "ro")
        assert str(refused.value) == (
            "Mount options are not supported by the provisioner but StorageClass "
            '"fast" has mount options [hard ro]'
        )


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "none", "o": "bind", "device": "/etc"},
        {"o": "bind", "device": "/etc"},
        {"device": "/etc"},
        {"type": "nfs", "o": "addr=a, BIND", "device": "/etc"},
        {"type": "tmpfs", "o": "rbind", "device": "/etc"},
        {"type": "ext4", "device": "/dev/sda1"},
        {"type": "overlay", "device": "overlay", "o": "lowerdir=/etc,upperdir=/x,workdir=/y"},
    ],
)
def test_a_class_never_has_a_path_of_the_machine_mounted(parameters: dict[str, str]) -> None:
    with pytest.raises(Refused, match="name a path or a device of the machine, the same one for every claim"):
        of(parameters)


def test_a_class_in_memory_is_capped_at_what_the_claim_asks_for() -> None:
    found = of(provisioner=TMPFS, size="64Mi")
    assert found == Recipe("local", {"type": "tmpfs", "device": "tmpfs", "o": "mode=0755,size=67108864"})
    assert of(None, "noexec", "size=1g", provisioner=TMPFS, size="1k").options["o"].endswith(",size=1000")
    with pytest.raises(Refused, match=r"takes no parameters \(driver\)"):
        of({"driver": "x"}, provisioner=TMPFS)
    with pytest.raises(Refused, match="a path or a device of the machine"):
        of(None, "bind", provisioner=TMPFS)
