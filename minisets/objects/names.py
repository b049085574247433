"""What Kubernetes accepts as a name, key, label, port name, ...; each rule returns its complaints.

An empty list means that the value is fine. Facts only; leaves to `validation/` which rule a field has.
Kubernetes: apimachinery pkg/util/validation/validation.go, pkg/api/validate/content.
"""

from __future__ import annotations

import ipaddress
import re

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HEADER = "[-A-Za-z0-9]+"
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"

_QUALIFIED_SAYS = (
    "must consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character"
)
_ENDS = "and must start and end with an alphanumeric character"
_LABEL_SAYS = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS}"
_SUBDOMAIN_SAYS = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}"
)
_LABEL_VALUE_SAYS = (
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"
)

_REASON_SAYS = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric"
    " characters or '_,:', and must end with an alphanumeric character or '_'"
)

_MAX_LABEL = 63
_MAX_SUBDOMAIN = 253
_MAX_PORT_NAME = 15
_MAX_ID = 2**31 - 1


def dns_label(value: str) -> list[str]:
    """RFC 1123 label: statefulsets, services, namespaces, containers, volumes."""
    complaints = _no_longer_than(_MAX_LABEL, value)
    if not re.fullmatch(_LABEL, value):
        if re.fullmatch(_SUBDOMAIN, value):
            complaints.append("must not contain dots")
        else:
            complaints.append(_pattern(_LABEL_SAYS, _LABEL, "my-name", "123-abc"))
    return complaints


def dns_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomain: most objects' names."""
    complaints = _no_longer_than(_MAX_SUBDOMAIN, value)
    if not re.fullmatch(_SUBDOMAIN, value):
        complaints.append(_pattern(_SUBDOMAIN_SAYS, _SUBDOMAIN, "example.com"))
    return complaints


def path_segment(value: str) -> list[str]:
    """What fits between two slashes of a URL: the names of events and of disruption budgets."""
    if value in {".", ".."}:
        return [f"may not be '{value}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in value]


def masked_prefix(prefix: str) -> str:
    """A generateName with its trailing dash replaced, so that the rules for names fit it."""
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix


def qualified_name(value: str) -> list[str]:
    """Keys of labels and annotations, finalizers, resources: `name` or `example.com/name`."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        pattern = _pattern(_QUALIFIED_SAYS, _QUALIFIED, "MyName", "my.name", "123-abc")
        optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {pattern} {optional}"]
    complaints: list[str] = []
    if slash and not prefix:
        complaints.append("prefix part must be non-empty")
    elif slash:
        complaints += [f"prefix part {complaint}" for complaint in dns_subdomain(prefix)]
    if not name:
        complaints.append("name part must be non-empty")
    elif len(name.encode()) > _MAX_LABEL:
        complaints.append(f"name part must be no more than {_MAX_LABEL} bytes")
    if not re.fullmatch(_QUALIFIED, name):
        pattern = _pattern(_QUALIFIED_SAYS, _QUALIFIED, "MyName", "my.name", "123-abc")
        complaints.append(f"name part {pattern}")
    return complaints


def label_value(value: str) -> list[str]:
    """The value of a label; may be empty."""
    complaints: list[str] = []
    if len(value.encode()) > _MAX_LABEL:
        complaints.append(f"must be no more than {_MAX_LABEL} bytes")
    if not re.fullmatch(_LABEL_VALUE, value):
        complaints.append(_pattern(_LABEL_VALUE_SAYS, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return complaints


def port_name(value: str) -> list[str]:
    """The name of a container's port."""
    complaints = _no_longer_than(_MAX_PORT_NAME, value)
    if not re.fullmatch("[-a-z0-9]+", value):
        complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in value:
        complaints.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        complaints.append("must not begin or end with a hyphen")
    return complaints


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    complaints = _no_longer_than(_MAX_SUBDOMAIN, value)
    if not re.fullmatch(_CONFIG_KEY, value):
        says = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        complaints.append(_pattern(says, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in {".", ".."}:
        complaints.append(f"must not be '{value}'")
    elif value.startswith(".."):
        complaints.append("must not start with '..'")
    return complaints


def variable_name(value: str) -> list[str]:
    """The name of an environment variable, as relaxed since 1.34."""
    if all(" " <= character <= "~" and character != "=" for character in value):
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]


def header_name(value: str) -> list[str]:
    """The name of an HTTP header in a probe or hook."""
    if re.fullmatch(_HEADER, value):
        return []
    says = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [_pattern(says, _HEADER, "X-Header-Name")]


def condition_reason(value: str) -> list[str]:
    """Why a condition is as it is, in one word."""
    if re.fullmatch(_REASON, value):
        return []
    return [
        _pattern(_REASON_SAYS, _REASON, "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
    ]


def percent(value: str) -> list[str]:
    """A share such as `25%`."""
    if re.fullmatch(_PERCENT, value):
        return []
    says = "a valid percent string must be a numeric string followed by an ending '%'"
    return [_pattern(says, _PERCENT, "1%", "93%")]


def in_range(value: int, low: int, high: int) -> list[str]:
    """A number between two, both inclusive."""
    return [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


def port_number(value: int) -> list[str]:
    """A TCP or UDP port, not 0."""
    return in_range(value, 1, 65535)


def unix_id(value: int) -> list[str]:
    """A user's or group's number."""
    return in_range(value, 0, _MAX_ID)


def ip_address(value: str) -> list[str]:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def _no_longer_than(limit: int, value: str) -> list[str]:
    return [f"must be no more than {limit} characters"] if len(value.encode()) > limit else []


def _pattern(says: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}'," for example in examples)
    return f"{says} (e.g. {shown} regex used for validation is '{pattern}')"
