from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.objects import quantities

SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]


@pytest.mark.parametrize(
    ("given_text", "canonical"),
    [
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1000", "1k"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-0.5", "-500m"),
        ("0.3Ki", "307200m"),
        ("1.5Ki", "1536"),
        ("1e3", "1e3"),
        ("1E", "1E"),
        ("12e4", "120e3"),
        ("0.0000000001", "1n"),
        (2, "2"),
        (0.1, "100m"),
    ],
)
def test_quantities_are_spelled_as_kubernetes_spells_them(given_text: str | float, canonical: str) -> None:
    assert quantities.canonical(given_text) == canonical


@pytest.mark.parametrize(
    "text", ["", "1GB", "Gi", "1 Gi", "1.2.3", "0x10", "1e", "--1", "1i", "1" * 500, True]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantit"):
        quantities.parse(text)


def test_the_refusal_is_in_kubernetes_words() -> None:
    with pytest.raises(ValueError, match="must match the regular expression") as refusal:
        quantities.parse("a lot")
    assert str(refusal.value) == (
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


def test_bytes_and_millicores_are_rounded_up() -> None:
    assert quantities.as_int("1.5Ki") == 1536
    assert quantities.as_int("100m") == 1
    assert quantities.as_milli("0.1001") == 101
    assert quantities.as_milli("2") == 2000


def test_more_than_fits_into_64_bits_is_cut_as_in_kubernetes() -> None:
    assert quantities.as_int("100Ei") == 2**63 - 1


written = st.builds(
    "{}{}".format,
    st.decimals(min_value=-(10**6), max_value=10**6, allow_nan=False, places=3),
    st.sampled_from(SUFFIXES),
)


@given(written)
def test_the_canonical_form_is_equal_and_stays_itself(text: str) -> None:
    canonical = quantities.canonical(text)
    assert quantities.parse(canonical) == quantities.parse(text)
    assert quantities.canonical(canonical) == canonical


@given(st.integers(min_value=-(2**62), max_value=2**62), st.sampled_from(["BinarySI", "DecimalSI"]))
def test_a_formatted_number_reads_as_itself(number: int, form: quantities.Form) -> None:
    assert quantities.parse(quantities.format(Decimal(number), form)) == number
