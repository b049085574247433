"""Kubernetes quantities: `512Mi`, `0.5`, `250m`, `1e3`. Reading, comparing, canonical form.

Kubernetes: apimachinery pkg/api/resource/quantity.go. Values are exact (`Decimal`), rounded up to a nano.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_UP, Context, Decimal
from typing import Literal

Form = Literal["BinarySI", "DecimalSI", "DecimalExponent"]

PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([a-zA-Z]*|[eE][+-]?[0-9]{1,3})")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_LARGEST = Decimal(2**63 - 1)
_NANO = Decimal("1e-9")
_EXACT = Context(prec=1200)  # more digits than a quantity of LONGEST characters can have
LONGEST = 120


def _read(text: str) -> tuple[Decimal, Form]:
    found = _QUANTITY.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    number, suffix = Decimal(found[1]), found[2]
    form: Form
    if suffix in _DECIMAL:
        value, form = number.scaleb(3 * _DECIMAL[suffix], _EXACT), "DecimalSI"
    elif suffix in _BINARY:
        value, form = _EXACT.multiply(number, Decimal(1024 ** _BINARY[suffix])), "BinarySI"
    elif suffix[0] in "eE" and suffix[1:]:
        value, form = number.scaleb(int(suffix[1:]), _EXACT), "DecimalExponent"
    else:
        raise ValueError("unable to parse quantity's suffix")
    value = value.quantize(_NANO, ROUND_UP, _EXACT)
    return (min(value, _LARGEST) if form == "BinarySI" else value), form


def _text(value: str | float | Decimal) -> str:
    if isinstance(value, bool):
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")  # noqa: TRY004 - one kind of failure for one wrong manifest
    return value if isinstance(value, str) else str(value)


def parse(value: str | float) -> Decimal:
    """The quantity's exact value; ValueError, in Kubernetes' words, where it is none."""
    return _read(_text(value))[0]


def canonical(value: str | float) -> str:
    """Kubernetes' own spelling: `1024Mi` -> `1Gi`, `0.5` -> `500m`, `1000m` -> `1`; ValueError as `parse`."""
    number, form = _read(_text(value))
    return format(number, form)


def format(value: Decimal, like: Form = "DecimalSI") -> str:  # noqa: A001 - read as quantities.format
    """The shortest exact spelling in that form; binary suffixes only from 1024 up and for whole numbers."""
    if not value:
        return "0"
    whole = value == value.to_integral_value()
    if like == "BinarySI" and whole and abs(value) >= 1024:
        number, steps = int(value), 0
        while number % 1024 == 0 and steps < len(_BINARY):
            number, steps = number // 1024, steps + 1
        return f"{number}{next((suffix for suffix, step in _BINARY.items() if step == steps), '')}"
    number, steps = int(value.quantize(_NANO, ROUND_UP, _EXACT).scaleb(9, _EXACT)), -3
    limit = max(_DECIMAL.values()) if like != "DecimalExponent" else 300
    while number % 1000 == 0 and steps < limit:
        number, steps = number // 1000, steps + 1
    if like == "DecimalExponent":
        return f"{number}e{3 * steps}" if steps else str(number)
    return f"{number}{next(suffix for suffix, step in _DECIMAL.items() if step == steps)}"


def as_int(value: str | float) -> int:
    """The value as a whole number (bytes), rounded up."""
    return int(parse(value).to_integral_value(ROUND_CEILING))


def as_milli(value: str | float) -> int:
    """The value in thousandths (millicores), rounded up."""
    return int(parse(value).scaleb(3, _EXACT).to_integral_value(ROUND_CEILING))
