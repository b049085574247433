from __future__ import annotations

from typing import Any

import pytest

from minisets.errors import BadRequest
from minisets.objects.selectors import LabelSelector

WEB = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "written", "matches"),
    [
        ("", "", True),
        ("app=web", "app=web", True),
        ("app==web", "app==web", True),
        ("app!=web", "app!=web", False),
        ("env!=prod", "env!=prod", True),
        (" tier in ( front , back ) ,app", "app,tier in (back,front)", True),
        ("tier notin (front)", "tier notin (front)", False),
        ("env notin (prod)", "env notin (prod)", True),
        ("app,!env", "app,!env", True),
        ("!app", "!app", False),
        ("env=", "env=", False),
        ("tier in (,front)", "tier in (,front)", True),
        ("weight>5", "weight>5", True),
        ("weight<5", "weight<5", False),
        ("app>5", "app>5", False),
        ("in in (in)", "in in (in)", False),
        ("example.com/app=web", "example.com/app=web", False),
    ],
)
def test_kubectls_grammar_matches_and_prints_itself(text: str, written: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    selector = LabelSelector.parse(text)

    assert str(selector) == written
    assert selector.matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",app", "found ',', expected: !, identifier, or 'end of string'"),
        ("app,", "found '', expected: identifier after ','"),
        ("app web", "unable to parse requirement: found 'web', expected: =, !=, ==, in, notin, >, <"),
        ("app=web tier", "found 'tier', expected: ',' or 'end of string'"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'"),
        ("app=(web)", "unable to parse requirement: found '(', expected: identifier"),
        ("!=web", "found '!=', expected: !, identifier, or 'end of string'"),
        ("!app=web", "found '=', expected: ',' or 'end of string'"),
        (
            "weight>many",
            (
                'unable to parse requirement: values[0]: Invalid value: "many":'
                " for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
        (
            "app=-",
            (
                'unable to parse requirement: values[0][app]: Invalid value: "-": a valid label'
                " must be an empty"
                " string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
                " end with an"
                " alphanumeric character (e.g. 'MyValue', or 'my_value', or '12345', regex used for"
                " validation"
                " is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ),
        ),
        (
            "a/b/c",
            (
                'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must'
                " consist of"
                " alphanumeric characters, '-', '_' or '.', and must start and end with an"
                " alphanumeric character"
                " (e.g. 'MyName', or 'my.name', or '123-abc', regex used for validation is"
                " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/'"
                " (e.g. 'example.com/MyName')"
            ),
        ),
    ],
)
def test_what_is_no_selector_is_refused_with_kubernetes_words(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        LabelSelector.parse(text)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("selector", "written", "matches"),
    [
        (None, "", False),
        ({}, "", True),
        ({"matchLabels": {"tier": "front", "app": "web"}}, "app=web,tier=front", True),
        (
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]},
            "tier in (back,front)",
            True,
        ),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, "!app", False),
        ({"matchExpressions": [{"key": "app", "operator": "Resembles"}]}, "", False),
    ],
)
def test_an_objects_selector_matches_and_prints_itself(
    selector: dict[str, Any] | None,
    written: str,
    matches: bool,  # noqa: FBT001 - a table's column
) -> None:
    """The text is what Scale's status.selector carries (A-99)."""
    found = LabelSelector.of(selector)

    assert str(found) == written
    assert found.matches(WEB) is matches


def test_nothing_and_everything_are_told_apart() -> None:
    assert LabelSelector.of({}).is_empty()
    assert LabelSelector.parse("").is_empty()
    assert not LabelSelector.of(None).is_empty()


def test_a_services_map_asks_for_every_label() -> None:
    assert LabelSelector.of_map({"app": "web"}).matches(WEB)
    assert not LabelSelector.of_map({"app": "web", "env": "prod"}).matches(WEB)
