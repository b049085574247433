"""scripts/spec_coverage.py, on small trees of its own."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from scripts.spec_coverage import Item, citations_in, ids_in, items_in, main

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = """
    # What there is.

    # A.1 Order
    A-1  One after the other
    A-2  All at once

    # A.2 Evictions
    A-10  Nobody is asked [out: nothing is evicted]
    A-11  Probes [later: pods]
"""


class Checkout:
    """A repository with a list, and beside it a spec or none."""

    def __init__(self, folder: Path, items: str = ITEMS) -> None:
        self.root = folder / "checkout"
        self.spec = folder / "shared/spec/statefulset.md"
        self.write("tests/spec-items.txt", items)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def test(self, *docstrings: str, path: str = "tests/room/test_it.py") -> None:
        """A test module with a test for each docstring."""
        tests = (f'def test_{at}():\n    """{words}"""\n' for at, words in enumerate(docstrings))
        self.write(path, "\n".join(tests))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize(
    ("words", "cited"),
    [
        ("A-4.", ["A-4"]),
        ("A-4, A-6: and why.", ["A-4", "A-6"]),
        ("A-24 (ii), A-25.", ["A-24", "A-25"]),
        ("A-69..A-72", ["A-69", "A-70", "A-71", "A-72"]),
        ("A-60 to A-62, A-65", ["A-60", "A-61", "A-62", "A-65"]),
        ("A-145...A-146", ["A-145", "A-146"]),
        ("A-145…A-146", ["A-145", "A-146"]),
        ("A-8 would let two of them write to A-9's data", ["A-8", "A-9"]),
        ("SHA-1, trap D5, AA-4", []),
    ],
)
def test_ids_and_ranges_are_read_out_of_the_words(words: str, cited: list[str]) -> None:
    assert ids_in(words) == cited


def test_functions_methods_modules_and_machines_cite_and_nothing_else_does() -> None:
    source = '''
        """A-1."""

        # A-90
        def helper():
            """A-91."""

        @pytest.mark.parametrize("n", [1])
        def test_function(n):
            """A-2."""
            # A-92
            say("A-93")

            def test_within():
                """A-94."""

        async def test_coroutine():
            """A-3."""

        class TestClass:
            """A-95."""

            def test_method(self):
                """A-4."""

            def also_a_helper(self):
                """A-96."""

        class Machine(RuleBasedStateMachine):
            @rule(pod=pods)
            def delete(self, pod):
                """A-5."""

            @stateful.invariant()
            def one_at_a_time(self):
                """A-6."""

            @initialize()
            def begin(self):
                """A-7."""
    '''
    cited = list(citations_in(textwrap.dedent(source), "test_it.py"))
    assert [one.id for one in cited] == ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7"]
    assert cited[1].where == "test_it.py:9"


def test_the_list_is_read_with_its_sections_and_marks() -> None:
    assert items_in(textwrap.dedent(ITEMS)) == [
        Item("A-1", "A.1", "One after the other"),
        Item("A-2", "A.1", "All at once"),
        Item("A-10", "A.2", "Nobody is asked", "out", "nothing is evicted"),
        Item("A-11", "A.2", "Probes", "later", "pods"),
    ]


@pytest.mark.parametrize(
    "line", ["A-1", "A-1  Words [out]", "A-1  Words [out: ]", "A-1  Words [never: no]", f"A-1  {'x' * 101}"]
)
def test_a_line_that_is_no_item_fails(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout = Checkout(tmp_path, line)
    assert main(checkout.root) == 1
    assert capsys.readouterr().out.startswith("tests/spec-items.txt: line 1 is not")


def test_all_is_well_where_every_item_is_cited_or_marked(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.test("A-1.", "A-2.")
    assert main(checkout.root) == 0
    assert capsys.readouterr().out == (
        "spec-coverage: 3 items, 2 cited, 1 out of scope with reasons; "
        "1 items are for later: 0 of them cited\n"
    )


def test_an_item_that_no_test_cites_fails(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.test("A-1, A-11.")
    assert main(checkout.root) == 1
    assert capsys.readouterr().out == (
        "no test cites A-2: All at once\n"
        "spec-coverage: 3 items, 1 cited, 1 out of scope with reasons; "
        "1 items are for later: 1 of them cited\n"
    )


def test_a_citation_of_no_item_fails(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.test("A-1, A-2.", "A-999.")
    assert main(checkout.root) == 1
    assert "tests/room/test_it.py:4 cites A-999, which is no item\n" in capsys.readouterr().out


def test_contracts_and_models_cite_and_other_files_beside_tests_do_not(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.test("A-1.", path="tests/contracts/store.py")
    checkout.test("A-2.", path="tests/room/make.py")
    assert main(checkout.root) == 1
    assert "no test cites A-2" in capsys.readouterr().out
    checkout.write(
        "tests/models/world.py", 'class World:\n    @rule()\n    def act(self):\n        """A-2."""\n'
    )
    assert main(checkout.root) == 0


def test_an_item_that_is_listed_twice_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout = Checkout(tmp_path, "# A.1 Order\nA-1  One\nA-1  Two\n")
    checkout.test("A-1.")
    assert main(checkout.root) == 1
    assert capsys.readouterr().out.startswith("listed twice: A-1\n")


def test_a_spec_beside_the_checkout_must_list_the_same_items(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.test("A-1, A-2.")
    checkout.spec.parent.mkdir(parents=True)
    spec = "### A.1 Order\n- A-1 One. (See A-2.)\n- A-2 All.\n### A.2 Evictions (many)\n- A-10 x\n- A-11 x\n"
    checkout.spec.write_text(spec)
    assert main(checkout.root) == 0
    checkout.spec.write_text(spec.replace("- A-11 x", "- A-12 x\n### A.3 More\n- A-2 moved"))
    capsys.readouterr()
    assert main(checkout.root) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not listed as")]
    assert wrong == [f"not listed as the spec has it: {item}" for item in ("A-2", "A-11", "A-12")]
