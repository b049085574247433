"""Bodies in Kubernetes' protobuf: what kubectl since 1.32 sends for `create`, `debug` and `auth`. Pure.

Decodes into the same JSON object that a YAML file would give: zero values, which Go always writes, are
left out. Leaves all else to JSON: answers are never protobuf.
Kubernetes: apimachinery pkg/runtime/serializer/protobuf, generated.proto of each group.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from minisets.api import protobuf_messages, protobuf_pods
from minisets.errors import BadRequest, UnsupportedMediaType
from minisets.objects.metadata import micro_timestamp, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BITS = 70

_POINTER = " pointer"

# Field number -> (JSON name, type). `[]x` repeated, `{}x` a map from text, `@X` a message; of `x pointer` a
# zero is kept; `^X`: the fields of message X are ours.
_MESSAGES: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "Unknown": {1: ("typeMeta", "@TypeMeta"), 2: ("raw", "raw")},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        3: ("namespace", "text"),
        5: ("uid", "text"),
        6: ("resourceVersion", "text"),
        7: ("generation", "int"),
        8: ("creationTimestamp", "time"),
        11: ("labels", "{}text"),
        12: ("annotations", "{}text"),
        13: ("ownerReferences", "[]@OwnerReference"),
        14: ("finalizers", "[]text"),
    },
    "OwnerReference": {
        1: ("kind", "text"),
        3: ("name", "text"),
        4: ("uid", "text"),
        5: ("apiVersion", "text"),
        6: ("controller", "bool"),
        7: ("blockOwnerDeletion", "bool"),
    },
    "Namespace": {1: ("metadata", "@ObjectMeta"), 2: ("spec", "@NamespaceSpec")},
    "NamespaceSpec": {1: ("finalizers", "[]text")},
    "ConfigMap": {
        1: ("metadata", "@ObjectMeta"),
        2: ("data", "{}text"),
        3: ("binaryData", "{}bytes"),
        4: ("immutable", "bool"),
    },
    "Secret": {
        1: ("metadata", "@ObjectMeta"),
        2: ("data", "{}bytes"),
        3: ("type", "text"),
        4: ("stringData", "{}text"),
        5: ("immutable", "bool"),
    },
    "ServiceAccount": {
        1: ("metadata", "@ObjectMeta"),
        2: ("secrets", "[]@ObjectReference"),
        3: ("imagePullSecrets", "[]@LocalObjectReference"),
        4: ("automountServiceAccountToken", "bool pointer"),
    },
    "ObjectReference": {
        1: ("kind", "text"),
        2: ("namespace", "text"),
        3: ("name", "text"),
        4: ("uid", "text"),
        5: ("apiVersion", "text"),
        6: ("resourceVersion", "text"),
        7: ("fieldPath", "text"),
    },
    "LocalObjectReference": {1: ("name", "text")},
    "Service": {1: ("metadata", "@ObjectMeta"), 2: ("spec", "@ServiceSpec")},
    "ServiceSpec": {
        1: ("ports", "[]@ServicePort"),
        2: ("selector", "{}text"),
        3: ("clusterIP", "text"),
        4: ("type", "text"),
        5: ("externalIPs", "[]text"),
        7: ("sessionAffinity", "text"),
        8: ("loadBalancerIP", "text"),
        9: ("loadBalancerSourceRanges", "[]text"),
        10: ("externalName", "text"),
        11: ("externalTrafficPolicy", "text"),
        12: ("healthCheckNodePort", "int"),
        13: ("publishNotReadyAddresses", "bool"),
        17: ("ipFamilyPolicy", "text"),
        18: ("clusterIPs", "[]text"),
        19: ("ipFamilies", "[]text"),
        20: ("allocateLoadBalancerNodePorts", "bool pointer"),
        21: ("loadBalancerClass", "text"),
        22: ("internalTrafficPolicy", "text"),
        23: ("trafficDistribution", "text"),
    },
    "ServicePort": {
        1: ("name", "text"),
        2: ("protocol", "text"),
        3: ("port", "int"),
        4: ("targetPort", "int-or-text"),
        5: ("nodePort", "int"),
        6: ("appProtocol", "text"),
    },
    "PodDisruptionBudget": {1: ("metadata", "@ObjectMeta"), 2: ("spec", "@PodDisruptionBudgetSpec")},
    "PodDisruptionBudgetSpec": {
        1: ("minAvailable", "int-or-text pointer"),
        2: ("selector", "@LabelSelector pointer"),
        3: ("maxUnavailable", "int-or-text pointer"),
        4: ("unhealthyPodEvictionPolicy", "text"),
    },
    "LabelSelector": {1: ("matchLabels", "{}text"), 2: ("matchExpressions", "[]@LabelSelectorRequirement")},
    "LabelSelectorRequirement": {1: ("key", "text"), 2: ("operator", "text"), 3: ("values", "[]text")},
    "Eviction": {1: ("metadata", "@ObjectMeta"), 2: ("deleteOptions", "@DeleteOptions")},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "int pointer"),
        2: ("preconditions", "@Preconditions"),
        3: ("orphanDependents", "bool pointer"),
        4: ("propagationPolicy", "text"),
        5: ("dryRun", "[]text"),
    },
    "Preconditions": {1: ("uid", "text"), 2: ("resourceVersion", "text")},
    "IntOrString": {1: ("type", "int"), 2: ("int", "int"), 3: ("text", "text")},
    "Time": {1: ("seconds", "int"), 2: ("nanos", "int")},
    "Quantity": {1: ("text", "text")},
    **protobuf_messages.ACCESS,
    **protobuf_messages.KEPT,
    **protobuf_pods.PODS,
}
_BODIES = (
    *("Namespace", "ConfigMap", "Secret", "ServiceAccount", "Service"),
    *("PodDisruptionBudget", "Eviction", "DeleteOptions"),
    *protobuf_messages.BODIES,
    *protobuf_pods.BODIES,
)


def decoded(body: bytes) -> Object:
    """The object; UnsupportedMediaType for a kind that is only read as JSON, BadRequest for nonsense."""
    if not body.startswith(_MAGIC):
        raise BadRequest("error decoding protobuf: the body does not begin as Kubernetes' protobuf does")
    try:
        envelope = _message("Unknown", body[len(_MAGIC) :])
        types = envelope.get("typeMeta", {})
        if types.get("kind") not in _BODIES:
            raise UnsupportedMediaType(
                f"a {types.get('kind') or 'body'} is not read as {MEDIA_TYPE} here: send application/json"
            )
        spoken = (types.get("apiVersion", ""), types["kind"])
        name = protobuf_messages.OF_VERSIONS.get(spoken, types["kind"])
        return {**types, **_message(name, envelope.get("raw", b""))}
    except (ValueError, IndexError, OverflowError, OSError) as error:
        raise BadRequest(f"error decoding protobuf: {error}") from None


def _message(name: str, data: bytes) -> Object:
    """A message's fields that are known and not zero."""
    found: Object = {}
    for number, raw in _fields(data):
        field, type_ = _MESSAGES[name].get(number, ("", ""))
        if type_.startswith("[]"):
            found.setdefault(field, []).append(_value(type_[2:], raw))
        elif type_.startswith("{}"):
            key, value = _entry(type_[2:], raw)
            found.setdefault(field, {})[key] = value
        elif type_.startswith("^"):
            found |= _message(type_[1:], _bytes(raw))
        elif type_ and ((value := _value(type_.removesuffix(_POINTER), raw)) or type_.endswith(_POINTER)):
            found[field] = value
    return found


def _entry(type_: str, raw: int | bytes) -> tuple[str, Any]:
    pair: dict[int, int | bytes] = {1: b"", 2: b"", **dict(_fields(_bytes(raw)))}
    return _value("text", pair[1]), _value(type_, pair[2])


def _value(type_: str, raw: int | bytes) -> Any:
    match type_:
        case "text":
            return _bytes(raw).decode()
        case "bytes":
            return base64.b64encode(_bytes(raw)).decode()
        case "raw":
            return _bytes(raw)
        case "int":
            return _signed(raw)
        case "bool":
            return bool(_signed(raw))
        case "time":
            seconds = _message("Time", _bytes(raw)).get("seconds")
            return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None
        case "micro-time":
            moment = _message("Time", _bytes(raw))
            whole = datetime.fromtimestamp(moment.get("seconds", 0), UTC)
            return (
                micro_timestamp(whole.replace(microsecond=moment.get("nanos", 0) // 1000)) if moment else None
            )
        case "quantity":
            return _message("Quantity", _bytes(raw)).get("text", "0")
        case "int-or-text":
            either = _message("IntOrString", _bytes(raw))
            return either.get("text", "") if either.get("type") else either.get("int", 0)
        case _:
            return _message(type_.removeprefix("@"), _bytes(raw))


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise ValueError("a number where text or a message is expected")  # noqa: TRY004 - becomes a BadRequest
    return raw


def _signed(raw: int | bytes) -> int:
    if not isinstance(raw, int):
        raise ValueError("text where a number is expected")  # noqa: TRY004 - becomes a BadRequest
    return raw - 2**64 if raw >= 2**63 else raw


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and its value as it stands on the wire."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in _WIDTHS:
            length = _WIDTHS[wire]
        else:
            raise ValueError(f"wire type {wire} at byte {position}")
        if position + length > len(data):
            raise ValueError("it breaks off")
        yield number, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), position
    raise ValueError("a number without an end")
