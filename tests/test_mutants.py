"""scripts/mutants.py: which changes it makes, and on a small tree of its own which of them it finds alive."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scripts.mutants import accepted, mutants_of

REPOSITORY = Path(__file__).parents[1]


def changes(source: str) -> list[str]:
    """Each change of a module called `it`, with its function in front where there is one."""
    keys = (mutant.key for mutant in mutants_of("it", textwrap.dedent(source)))
    return [key.removeprefix("it.").removeprefix("<module>: ") for key in keys]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a == b", "a == b -> a != b"),
        ("a < b", "a < b -> a <= b"),
        ("a >= b", "a >= b -> a > b"),
        ("a < b < c", "a < b < c -> a < b <= c"),
        ("a in b", "a in b -> a not in b"),
        ("a is not b", "a is not b -> a is b"),
        ("a and b", "a and b -> a or b"),
        ("not a", "not a -> a"),
        ("a + b", "a + b -> a - b"),
        ("a | b", "a | b -> b | a"),
        ("x = 3", "x = 3 -> x = 4"),
        ("a > 3", "a > 3 -> a > 2"),
        ("f(a=True)", "a=True -> a=False"),
        ("a.get('b')", "a.get('b') -> a.get('mutant')"),
        ("x = f'{a} is gone'", "f'{a} is gone' -> f'{a}mutant'"),
        ("a.b()", "a.b() -> pass"),
        ("a += b", "a += b -> pass"),
        ("a += b", "a += b -> a -= b"),
        ("a['b'] = c", "a['b'] = c -> pass"),
        ("del a", "del a -> pass"),
        ("for a in b: continue", "continue -> pass"),
        ("for a in b: break", "break -> pass"),
        ("a[b:]", "b: -> :b"),
        ("a(b, c=d)", "a(b, c=d) -> a(b)"),
        ("sorted(a, key=b)", "sorted(a, key=b) -> a"),
        ("reversed(a)", "reversed(a) -> a"),
        ("any(a)", "any(a) -> all(a)"),
        ("x = {**a, 'b': c}", "{**a, 'b': c} -> {'b': c, **a}"),
        ("if a: b()", "a -> True"),
        ("if a: b()", "a -> False"),
        ("a if b else c", "b -> True"),
        ("[a for a in b if a]", "a -> False"),
        ("while a: b()", "a -> False"),
        ("def f(): return a", "f: return a -> return None"),
        ("def f(): return a", "f: return a -> return not a"),
        ("def f():\n if a: return", "f: return -> pass"),
        ("def f(): return None", "f: return None -> return True"),
        ("def f(): return 1", "f: return 1 -> return 2"),
        ("class C:\n def f(self): return a", "C.f: return a -> return None"),
        ("def f(a=1): pass", "f: a=1 -> a=2"),
    ],
)
def test_it_makes_a_change(source: str, wanted: str) -> None:
    assert wanted in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        'def f():\n """A docstring."""',
        "if TYPE_CHECKING:\n a = 1",
        "a: dict[str, Literal['b']]",
        "def f(a: 'b | c') -> 'd':\n pass",
        "@dataclass(frozen=True)\nclass A:\n pass",
        "import a",
        "a = cast('list[b]', c)",
        "a = None",
    ],
)
def test_it_leaves_alone_what_the_program_does_not_do(source: str) -> None:
    assert changes(source) == []


def test_a_loop_is_not_made_endless_by_its_condition() -> None:
    assert "a -> True" not in changes("while a: b()")


def test_every_mutant_is_python() -> None:
    source = """
        def f(a, *b, c=1):
            yield from (not x for x in reversed(a[:2]) if x > c)
            a.d -= 1
            return {**a, 'd': f'{c:>3}!'} if b else ''
    """
    for at in range(len(changes(source))):
        assert list(mutants_of("it", textwrap.dedent(source)))[at].code()


def test_equal_changes_of_one_function_are_told_apart() -> None:
    found = changes("def f(): return a['b'] + a['b']")
    assert found[-2:] == ["f: a['b'] -> a['mutant']", "f: a['b'] -> a['mutant'] #2"]


def test_of_a_long_change_what_is_around_the_difference_is_shown() -> None:
    terms = " and ".join(f"term_{n}" for n in range(40))
    first = changes(f"x = ({terms}) == last or other")[1]
    assert first.startswith("..."), first
    assert "term_39) == last -> ..." in first
    assert first.endswith("term_39) != last")


def test_an_accepted_mutant_needs_a_reason() -> None:
    text = "# Why\n\nplan.f: a -> b\n    it is a set: order is nothing\nplan.f: a -> b #2\n    likewise\n"
    assert list(accepted(text)) == ["plan.f: a -> b", "plan.f: a -> b #2"]
    for wrong in ("plan.f: a -> b\n", "plan.f: a -> b\nplan.f: c -> d\n  so\n", "  so\n"):
        with pytest.raises(ValueError, match="a mutant without its reason below"):
            accepted(wrong)


class Tree:
    """A package `house` of two modules with the same function: one is tested well, one is not."""

    FUNCTION = "def fits(size, limit):\n    return size <= limit\n"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("house", "tests", "scripts"):
            (folder / name).mkdir()
        for name in ("tested", "careless"):
            (folder / f"house/{name}.py").write_text(self.FUNCTION)
        self.accept("")
        self.test("fits(1, 2) and fits(2, 2) and not fits(3, 2)", "fits(1, 2) and not fits(3, 2)")

    def test(self, tested: str, careless: str) -> None:
        for name, condition in (("tested", tested), ("careless", careless)):
            text = f"from house.{name} import fits\n\n\ndef test_{name}():\n    assert {condition}\n"
            (self.folder / f"tests/test_{name}.py").write_text(text)

    def accept(self, text: str) -> None:
        (self.folder / "scripts/mutants-accepted.txt").write_text(text)

    def judge(self, *modules: str) -> tuple[int, list[str]]:
        """Exit code and lines. In a process of its own: it forks, and imports `house`."""
        text = f"""
            import sys
            from pathlib import Path
            from scripts.mutants import Place, main

            place = Place(Path({str(self.folder)!r}), "house", ("tested", "careless"), ("tests",), ())
            sys.exit(main(sys.argv[1:], place))
        """
        made = subprocess.run(
            [sys.executable, "-u", "-c", textwrap.dedent(text), *modules],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not made.stderr
        return made.returncode, made.stdout.splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_an_undertested_function_has_a_survivor_and_a_tested_one_none(tree: Tree) -> None:
    assert tree.judge() == (
        1,
        [
            "tested: 3 of 3 killed, 100.0 %; 0 more accepted",
            "house/careless.py:2: size <= limit -> size < limit  (careless.fits)",
            "careless: 2 of 3 killed, 66.7 %; 0 more accepted",
            "mutants: 5 of 6 killed, 83.3 %; 0 more accepted; 90 % are wanted",
        ],
    )


def test_what_is_edited_while_it_runs_is_not_judged(tree: Tree) -> None:
    text = "import os\nimport time\n\n\ndef test_edits():\n    os.utime(__file__, (time.time() + 9,) * 2)\n"
    (tree.folder / "tests/test_edits.py").write_text(text)
    code, lines = tree.judge()
    assert (code, lines[-1]) == (2, "mutants: this says nothing, for tests/test_edits.py changed meanwhile")


def test_modules_are_chosen_by_name_or_path(tree: Tree) -> None:
    code, lines = tree.judge("house/tested.py")
    assert (code, lines[-1]) == (0, "mutants: 3 of 3 killed, 100.0 %; 0 more accepted; 90 % are wanted")
    assert tree.judge("other") == (2, ["mutants: other: not of tested, careless"])


def test_an_accepted_survivor_is_not_due(tree: Tree) -> None:
    tree.accept("careless.fits: size <= limit -> size < limit\n    no two are of one size\n")
    code, lines = tree.judge("careless")
    assert (code, lines[0]) == (0, "careless: 2 of 2 killed, 100.0 %; 1 more accepted")


def test_an_accepted_mutant_that_a_test_kills_must_leave_the_list(tree: Tree) -> None:
    tree.accept("tested.fits: size <= limit -> size < limit\n    no two are of one size\n")
    code, lines = tree.judge("tested")
    assert code == 1
    assert lines[0] == "accepted, but killed or gone: tested.fits: size <= limit -> size < limit"


def test_tests_that_fail_without_a_mutant_judge_nothing(tree: Tree) -> None:
    tree.test("fits(3, 2)", "fits(3, 2)")
    code, lines = tree.judge()
    assert (code, lines[-1]) == (2, "mutants: the tests fail without any")
    assert any("assert fits(3, 2)" in line for line in lines)
