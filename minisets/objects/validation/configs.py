"""Rules for ConfigMaps and Secrets: keys, sizes, what a type of Secret must hold, `immutable`.

Kubernetes: core validation.go ValidateConfigMap, ValidateSecret and their updates.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, forbidden, immutable, invalid, required, too_long
from minisets.objects.metadata import annotations_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object

_LIMIT = 1024 * 1024
_ACCOUNT = "kubernetes.io/service-account.name"
_NEEDED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_HOLD_JSON = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")


def check_config_map(config_map: Object) -> Causes:
    """Sound keys in either map, none in both, 1 MiB in all."""
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    for key in data:
        yield from each_invalid(f"data[{key}]", key, names.config_key(key))
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key, value in binary.items():
        yield from each_invalid(f"binaryData[{key}]", key, names.config_key(key))
        yield from _check_base64(f"binaryData[{key}]", value)
    texts = sum(len(value.encode()) for value in data.values())
    if texts + _decoded_size(binary) > _LIMIT:
        yield too_long("", _LIMIT)


def check_config_map_update(new: Object, old: Object) -> Causes:
    """One that is immutable stays as it is."""
    yield from _check_immutable(new, old, ("data", "binaryData"))
    yield from check_config_map(new)


def check_secret(secret: Object) -> Causes:
    """Sound keys, 1 MiB in all, what its type asks for."""
    data = secret.get("data") or {}
    for key, value in data.items():
        yield from each_invalid(f"data[{key}]", key, names.config_key(key))
        yield from _check_base64(f"data[{key}]", value)
    if _decoded_size(data) > _LIMIT:
        yield too_long("data", _LIMIT)
    kind = secret.get("type") or ""
    if kind == "kubernetes.io/service-account-token" and not annotations_of(secret).get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        yield required("data[username]")
        yield required("data[password]")
    for key in _NEEDED_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif kind in _HOLD_JSON and not _is_json_object(data[key]):
            yield invalid(f"data[{key}]", "<secret contents redacted>", "must be a JSON object")


def check_secret_update(new: Object, old: Object) -> Causes:
    """The type stays; one that is immutable stays whole."""
    yield from immutable("type", new.get("type"), old.get("type"))
    yield from _check_immutable(new, old, ("data",))
    yield from check_secret(new)


def _check_immutable(new: Object, old: Object, fields: tuple[str, ...]) -> Causes:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", "field is immutable when `immutable` is set")
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            yield forbidden(field, "field is immutable when `immutable` is set")


def _check_base64(path: str, value: str) -> Causes:
    """Differs: upstream fails to decode the whole object; this names the key."""
    if _decoded(value) is None:
        yield invalid(path, "<contents redacted>", "must be base64 encoded")


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode("".join(value.splitlines()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _decoded_size(data: Mapping[str, str]) -> int:
    return sum(len(_decoded(value) or b"") for value in data.values())


def _is_json_object(value: str) -> bool:
    try:
        return isinstance(json.loads(_decoded(value) or b""), dict)
    except ValueError:
        return False
