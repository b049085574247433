from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.validation import validate, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any


def port(number: int, name: str | None = None, **more: Any) -> Object:
    named = {} if name is None else {"name": name}
    return {"port": number, "protocol": "TCP", "targetPort": number, **named, **more}


def test_the_good_service_is_accepted(service: Object) -> None:
    assert validate("Service", service) == ()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("metadata.name", "1st", []),
        ("metadata.name", "a.b", ['metadata.name: Invalid value: "a.b": must not contain dots']),
        ("spec.ports", [], []),
        (
            "spec.ports",
            [port(80), port(81)],
            [f"spec.ports[{index}].name: Required value" for index in (0, 1)],
        ),
        ("spec.ports", [port(80, "a"), port(81, "a")], ['spec.ports[1].name: Duplicate value: "a"']),
        (
            "spec.ports",
            [port(80, "a"), port(80, "b")],
            ['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}'],
        ),
        (
            "spec.ports",
            [port(0)],
            [
                f"spec.ports[0].{field}: Invalid value: 0: must be between 1 and 65535, inclusive"
                for field in ("port", "targetPort")
            ],
        ),
        (
            "spec.ports.0.nodePort",
            30080,
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            "spec.type",
            "Cluster",
            [
                (
                    'spec.type: Unsupported value: "Cluster": supported values:'
                    ' "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
                ),
            ],
        ),
        (
            "spec.sessionAffinity",
            "Sticky",
            ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"'],
        ),
        (
            "spec.clusterIPs",
            ["10.0.0.1"],
            ['spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`'],
        ),
        (
            "spec.externalIPs",
            ["nowhere"],
            [
                (
                    'spec.externalIPs[0]: Invalid value: "nowhere":'
                    " must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                ),
                "spec.externalTrafficPolicy: Required value",
            ],
        ),
    ],
)
def test_one_broken_field_is_refused_with_kubernetes_words(
    service: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    assert said(validate("Service", broken(service, path, value))) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["spec.ports: Required value"]),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        ({"type": "ExternalName", "externalName": "db.example.com."}, []),
        (
            {"type": "NodePort", "clusterIP": "None", "ports": [port(80)]},
            ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
        ),
        (
            {"clusterIP": "10.0.0.256", "ports": [port(80)]},
            [
                (
                    'spec.clusterIPs[0]: Invalid value: "10.0.0.256":'
                    " must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                ),
            ],
        ),
    ],
)
def test_what_a_service_needs_depends_on_its_type(
    said: Callable[[Iterable[Cause]], list[str]], spec: Object, expected: list[str]
) -> None:
    service = with_defaults("Service", {"metadata": {"name": "db", "namespace": "default"}, "spec": spec})

    assert said(validate("Service", service)) == expected


def with_address(service: Object, address: str) -> Object:
    return {**service, "spec": {**service["spec"], "clusterIP": address, "clusterIPs": [address]}}


def test_an_address_stays_once_it_is_given(
    service: Object, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    old = with_address(service, "10.0.0.1")

    assert said(validate_update("Service", with_address(service, "10.0.0.2"), old)) == [
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ]
    assert said(validate_update("Service", service, old)) == [
        'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    ]


def test_an_address_may_come_after_the_service(service: Object) -> None:
    old = {**service, "spec": {**service["spec"], "clusterIP": "", "clusterIPs": []}}

    assert validate_update("Service", with_address(service, "10.0.0.1"), old) == ()


def test_an_address_may_go_when_the_service_becomes_an_external_name(service: Object) -> None:
    external = {**service, "spec": {"type": "ExternalName", "externalName": "example.com"}}

    new = with_defaults("Service", external)

    assert validate_update("Service", new, with_address(service, "10.0.0.1")) == ()
