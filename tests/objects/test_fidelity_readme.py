"""README's part about fields, as scripts/fidelity makes it."""

from pathlib import Path

import pytest

from minisets.objects.fidelity_table import rows
from scripts.fidelity_readme import BEGIN, END, part, rewritten

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_says_what_the_table_says() -> None:
    text = README.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run scripts/fidelity"


def test_only_what_is_between_the_marks_is_rewritten() -> None:
    once = rewritten(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert once == f"before\n{BEGIN}\n{part()}{END}\nafter\n"
    assert rewritten(once) == once


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_readme_without_the_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="does not have the lines"):
        rewritten(text)


def test_every_area_is_told_and_every_reason_in_it() -> None:
    text = part()
    for row in (row for found in rows().values() for row in found):
        assert f"| **{row.area}** |" in text
        assert row.how == "honoured" or f" | {row.why} |\n" in text


def test_a_field_is_told_with_what_holds_it_and_the_values_that_are_meant() -> None:
    text = part()
    assert "`volumeMode` (not Filesystem)" in text
    assert "`type` (LoadBalancer, NodePort)" in text
    assert "`ports.nodePort`" in text
    assert "`emptyDir.mode`" in text


def test_no_value_breaks_the_markdown_table() -> None:
    lines = [line for line in part().splitlines() if line.startswith("|")]
    assert [line for line in lines if line.count("|") != 4] == []
