import pytest

from minisets.objects import yamlvalues


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("True", True),
        ("0755", 493),
        ("0o755", 493),
        ("0x1F", 31),
        ("0b101", 5),
        ("08", 8),
        ("-12", -12),
        ("1_000", 1000),
        ("1e3", 1000),
        ("3.0", 3),
        ("0.5", 0.5),
        (".5", 0.5),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("1:30", "1:30"),
        ("512Mi", "512Mi"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("9" * 500, "9" * 500),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_kubernetes(text: str, value: object) -> None:
    found = yamlvalues.plain(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [".nan", ".inf", "-.Inf", "1e999"])
def test_numbers_that_json_does_not_have_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        yamlvalues.plain(text)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [("str", "5", "5"), ("int", "5", 5), ("float", "5", 5), ("null", "", None), ("binary", "aGk=", "hi")],
)
def test_explicit_tags(tag: str, text: str, value: object) -> None:
    assert yamlvalues.tagged(tag, text) == value


@pytest.mark.parametrize(("tag", "text"), [("int", "x"), ("bool", "1"), ("binary", "/w=="), ("int", "1.5")])
def test_an_explicit_tag_that_does_not_fit_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match="!!"):
        yamlvalues.tagged(tag, text)


def test_keys_become_text() -> None:
    assert [yamlvalues.key(value) for value in ("a", 80, True)] == ["a", "80", "true"]
    with pytest.raises(ValueError, match="null"):
        yamlvalues.key(None)
