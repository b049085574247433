"""Defaults of the volumes of a pod: the source, file modes, hostPath's type.

Kubernetes: core/v1 defaults.go SetDefaults_Volume and SetDefaults_*VolumeSource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill
from minisets.objects.defaulting.images import pull_policy
from minisets.objects.defaulting.storage import default_claim_spec, default_host_path

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

FILE_MODE = 0o644
TOKEN_LIFETIME = 3600


def default_pod_volume(volume: Object) -> None:
    """A volume without a source is an emptyDir."""
    if not any(value is not None for name, value in volume.items() if name != "name"):
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if (source := volume.get(name)) is not None:
            fill(source, defaultMode=FILE_MODE)
    default_host_path(volume)
    _default_files((volume.get("downwardAPI") or {}).get("items"))
    for source in (volume.get("projected") or {}).get("sources") or ():
        _default_files((source.get("downwardAPI") or {}).get("items"))
        if (token := source.get("serviceAccountToken")) is not None:
            fill(token, expirationSeconds=TOKEN_LIFETIME)
    template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if template is not None:
        default_claim_spec(template.setdefault("spec", {}))
    if (image := volume.get("image")) is not None:
        fill(image, pullPolicy=pull_policy(image.get("reference") or ""))


def _default_files(items: list[Object] | None) -> None:
    for item in items or ():
        if item.get("fieldRef") is not None:
            fill(item["fieldRef"], apiVersion="v1")
        if item.get("resourceFieldRef") is not None:
            fill(item["resourceFieldRef"], divisor="0")
