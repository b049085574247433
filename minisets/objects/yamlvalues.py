"""What a plain YAML scalar means, as Kubernetes' YAML library reads it (YAML 1.1 with Go's numbers).

Kubernetes: sigs.k8s.io/yaml, goyaml.v2 resolve.go. Dates and `1:30` are strings, `0755` is octal, `yes`
and `on` are booleans, `1e3` is a number; NaN and infinity have no JSON and are refused.
"""

from __future__ import annotations

import base64
import binascii
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    spelling: value
    for value, words in ((True, ("yes", "true", "on")), (False, ("no", "false", "off")))
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}
_NUMBERLIKE = re.compile(r"[-+.0-9]")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([0-9]+))")
_NO_NUMBERS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WHOLE = 1e21  # from here on Go writes a float with an exponent
_LONGEST = 400  # digits: more is no number that anybody means, and Python refuses some thousands

TAGS = frozenset({"str", "int", "float", "bool", "null", "binary", "timestamp"})

Scalar = str | int | float | bool | None


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar; ValueError for NaN and infinity."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if not _NUMBERLIKE.match(text) or len(text) > _LONGEST:
        return text
    if _NO_NUMBERS.fullmatch(text):
        raise ValueError(f"{text} has no form in JSON")
    digits = text.replace("_", "")
    if (found := _INTEGER.fullmatch(digits)) is not None:
        sign, *rest = found.groups()
        number = next(int(part, base) for part, base in zip(rest, (16, 2, 8, 10), strict=True) if part)
        return -number if sign == "-" else number
    return _float(digits) if _FLOAT.fullmatch(digits) else text


def _float(digits: str) -> int | float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits} is too large for a number in JSON")
    # Why: the YAML goes to the API as JSON that Go writes, and Go writes 3.0 as 3.
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag, e.g. `!!str 5`; ValueError where it does not fit."""
    if tag == "str":
        return text
    if tag == "binary":
        try:
            return base64.b64decode(text, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("!!binary that is no base64 of UTF-8 text") from None
    value = plain(text)
    if isinstance(value, bool):
        fits = tag == "bool"
    elif value is None:
        fits = tag == "null"
    elif isinstance(value, str):
        fits = tag == "timestamp"
    else:
        fits = tag == "float" or (tag == "int" and isinstance(value, int))
    if not fits:
        raise ValueError(f"{text!r} is no !!{tag}")
    return value


def key(value: Scalar) -> str:
    """A mapping's key as JSON has it: numbers and booleans become text; ValueError for null."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise ValueError("a key that is null")
