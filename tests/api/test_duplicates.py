"""Which fields stand twice in a JSON body, whatever its shape and size."""

import time

import pytest

from minisets.api.duplicates import duplicates


@pytest.mark.parametrize(("body", "found"), [
    (b'{"a":1,"b":{"a":1}}', ()),
    (b'{"a":1,"a":2,"a":3}', ("a",)),
    (b'{"a":{"b":1,"b":2},"c":[0,{"d":1,"d":2}]}', ("a.b", "c[1].d")),
    (b'{"a":{"lost":1,"lost":2},"a":{"b":1}}', ("a",)),
    (b'[{"a":1,"a":2}]', ("[0].a",)),
    (b"a: 1", ()),
    (b"[" * 100_000, ()),
])  # fmt: skip
def test_each_field_that_stands_twice_is_named_by_its_path(body: bytes, found: tuple[str, ...]) -> None:
    assert duplicates(body) == found


def test_one_among_very_many_fields_holds_nobody_up() -> None:
    """Why: a body of the largest size would else keep one thread, and with it all, for hours."""
    fields = ",".join(f'"k{number}":1' for number in range(50_000))
    began = time.monotonic()
    assert duplicates(b"{" + fields.encode() + b',"k7":2}') == ("k7",)
    assert time.monotonic() - began < 10
