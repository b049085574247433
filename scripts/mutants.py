"""Change the statefulset's planner at one place at a time, and see whether its tests notice.

One mutant, one forked child: it makes the changed module and runs the tests in-process; they fail, or
take too long, or the mutant survived. Fixed order, no randomness. `mutants-accepted.txt` lists those that
no test can tell from the original, each with its reason. Run by scripts/spec-coverage --mutants.

2026-11-25: Not mutmut 3.8: it changes no conditions, statements, slices, properties, module constants.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import ast
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

WANTED = 90  # percent
SECONDS_EACH = 60
BYTES_EACH = 2 * 2**30  # a loop that no longer ends may collect without end
WIDEST = 100  # of each side of a change; of more only what is around the first difference
# Why the warning: Hypothesis, a plugin of pytest, is here before pytest could rewrite it.
PYTEST = ("-xq", "-pno:cacheprovider", "-Wignore::pytest.PytestAssertRewriteWarning")


@dataclass(frozen=True)
class Place:
    """What is changed, and by which tests it is judged. warm: imported once, before all forks."""

    root: Path = Path(__file__).resolve().parents[1]
    package: str = "minisets.controllers.statefulset"
    modules: tuple[str, ...] = (
        *("plan", "members", "claims", "rollout", "revisions", "retention", "status", "identity"),
    )
    tests: tuple[str, ...] = ("tests/controllers/statefulset",)
    warm: tuple[str, ...] = ("docker", "hypothesis.stateful", "minisets.controllers.garbage")


PAIRS: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    *((ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)),
    *((ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.LShift, ast.RShift)),
    *((ast.Mod, ast.Div), (ast.BitXor, ast.BitAnd), (ast.Pow, ast.MatMult)),
)
SWAPPED = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
RENAMED = {"any": "all", "all": "any", "min": "max", "max": "min"}


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place, in a fixed order."""
    match node:
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=str()):
            yield ast.Constant("mutant")
        case ast.Call():
            yield from _other_calls(node)
        case ast.stmt():
            yield from _other_statements(node)
        case ast.Slice(lower=lower, upper=upper):
            yield _changed(node, lower=upper, upper=lower)
        case ast.Dict(keys=keys, values=values):
            for at in range(1, len(keys)):
                if None in keys[at - 1 : at + 1]:  # a merge: the later one wins
                    order = [*range(at - 1), at, at - 1, *range(at + 1, len(keys))]
                    yield _changed(node, keys=[keys[i] for i in order], values=[values[i] for i in order])
        case _:
            yield from _other_operators(node)


def _other_operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield _changed(node, ops=[*ops[:at], SWAPPED[type(op)](), *ops[at + 1 :]])
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield _changed(node, left=right, right=left)
        case ast.BoolOp(op=op) | ast.BinOp(op=op):
            yield _changed(node, op=SWAPPED[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand


def _other_statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Return(value=ast.Constant(value=None)):
            yield ast.Return(ast.Constant(True))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield from map(ast.Return, (ast.UnaryOp(ast.Not(), value), ast.Constant(None)))
        case ast.Return(value=None) | ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Continue() | ast.Break() | ast.Expr() | ast.Delete() | ast.AugAssign():
            yield ast.Pass()
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPPED:
        yield _changed(node, op=SWAPPED[type(node.op)]())


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    given = node.keywords
    yield from (_changed(node, keywords=[k for k in given if k is not one]) for one in given if one.arg)
    match node:
        case ast.Call(func=ast.Name(id="sorted" | "reversed"), args=[inner, *_]):
            yield inner
        case ast.Call(func=ast.Name(id=name)) if name in RENAMED:
            yield _changed(node, func=ast.Name(RENAMED[name], ast.Load()))


def _changed(node: ast.AST, **fields: Any) -> ast.AST:
    return type(node)(**dict(ast.iter_fields(node)) | fields)


class Mutant(NamedTuple):
    """One change. key: its name for as long as its function stays as it is."""

    key: str
    line: int
    tree: ast.Module
    after: ast.AST
    put: Callable[[ast.AST], None]

    def code(self) -> CodeType:
        """The whole module's. For good: a child has its own tree."""
        self.put(self.after)
        return compile(ast.fix_missing_locations(self.tree), "<mutant>", "exec", dont_inherit=True)


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """All of them, in the order of the source; equal changes of one function are numbered."""
    seen: Counter[str] = Counter()
    for function, around, before, after, put in _changes(tree := ast.parse(source)):
        shown = around if isinstance(before, ast.Constant) else None  # a constant alone says little
        text = ast.unparse(shown or before)
        put(after)
        key = f"{module}.{function or '<module>'}: {_text(text, ast.unparse(shown or after))}"
        put(before)
        seen[key] += 1
        key += f" #{seen[key]}" if seen[key] > 1 else ""
        yield Mutant(key, getattr(before, "lineno", 0), tree, after, put)


def _text(*texts: str) -> str:
    same = next((at for at, chars in enumerate(zip(*texts, strict=False)) if len(set(chars)) > 1), 0)
    at = max(0, same - WIDEST // 3) if max(map(len, texts)) > WIDEST else 0
    shown = (f"{'...' * (at > 0)}{text[at : at + WIDEST]}" for text in texts)
    return " ".join(" -> ".join(shown).split())


def _changes(node: ast.AST, path: str = "") -> Iterator[tuple[str, ast.AST, ast.AST, ast.AST, partial[None]]]:
    for name, inner, put in _program(node):
        others = list(variants(inner))
        if name in ("test", "ifs", "guard"):  # `while True` would only be a wait
            others += map(ast.Constant, (False,) if isinstance(node, ast.While) else (True, False))
        yield from ((path, node, inner, other, put) for other in others)
        yield from _changes(inner, ".".join(filter(None, (path, getattr(inner, "name", "")))))


def _program(node: ast.AST) -> Iterator[tuple[str, ast.AST, partial[None]]]:
    """The nodes right below but annotations and decorators, and what puts another in each one's place."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, list) and name != "decorator_list":
            for at, item in enumerate(value):
                if _is_program(node, item):
                    yield name, item, partial(value.__setitem__, at)
        elif isinstance(value, ast.AST) and name not in ("annotation", "returns"):
            yield name, value, partial(setattr, node, name)


def _is_program(parent: ast.AST, item: object) -> bool:
    match parent, item:
        case _, ast.Expr(value=ast.Constant(value=str())) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return False
        case ast.Call(func=ast.Name(id="cast"), args=[kind, *_]), _:
            return item is not kind
        case _:
            return isinstance(item, ast.AST)


def start(place: Place, module: str, mutant: Mutant | None, log: int) -> int:
    """Fork a child that runs the tests; its exit code tells."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        signal.alarm(SECONDS_EACH)
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES_EACH, BYTES_EACH))
        os.dup2(log, 1)
        os.dup2(log, 2)
        if mutant:
            changed = ModuleType(f"{place.package}.{module}")
            sys.modules[changed.__name__] = changed
            exec(mutant.code(), vars(changed))  # noqa: S102 - the repository's own
        code = int(pytest.main([*PYTEST, *place.tests]))
    except BaseException:  # noqa: BLE001 - a child never goes on with its parent's work
        traceback.print_exc()
    finally:
        os._exit(code)


def survivors(place: Place, module: str, mutants: Sequence[Mutant | None], log: int) -> set[Mutant | None]:
    """Those with which the tests pass; as many children at once as there are processors."""
    running: dict[int, Mutant | None] = {}
    passed = set()
    todo = list(mutants)
    while todo or running:
        if todo and len(running) < (os.cpu_count() or 1):
            mutant = todo.pop(0)
            running[start(place, module, mutant, log)] = mutant
        else:
            pid, status = os.wait()  # bounded: a child has its alarm
            mutant = running.pop(pid)
            passed |= {mutant} if status == 0 else set()
    return passed


def warm_up(place: Place) -> None:
    """Import what every child needs; Hypothesis with few examples, always the same."""
    os.chdir(place.root)
    sys.path.insert(0, str(place.root))
    os.environ.pop("MINISETS_WHOLE_SUITE", None)
    hypothesis.settings.register_profile("mutants", derandomize=True, max_examples=20, database=None)
    hypothesis.settings.load_profile("mutants")
    for name in place.warm:
        __import__(name)
    if early := [name for name in sys.modules if name.startswith(f"{place.package}.")]:
        raise ImportError(f"imported before the first fork: {early}")


def accepted(text: str) -> dict[str, str]:
    """The reason of each accepted mutant, indented below its key; ValueError without one."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if [line.startswith(" ") for line in lines] != [False, True] * (len(lines) // 2):
        raise ValueError("a mutant without its reason below, or a reason without its mutant above")
    return dict(zip(lines[::2], lines[1::2], strict=True))


def judge(place: Place, module: str, reasons: Collection[str], log: int) -> Counter[str]:
    """Print the survivors of a module that nobody accepted, and its score."""
    path = Path(*place.package.split("."), f"{module}.py")
    mutants = list(mutants_of(module, (place.root / path).read_text(encoding="utf-8")))
    passed = survivors(place, module, mutants, log)
    left = {mutant.key: mutant.line for mutant in mutants if mutant in passed}
    mine = {key for key in reasons if key.startswith(f"{module}.")}
    found = (key.partition(": ") for key in left if key not in mine)
    sys.stdout.writelines(f"{path}:{left[a + b + c]}: {c}  ({a})\n" for a, b, c in found)
    stale = sorted(mine - left.keys())
    sys.stdout.writelines(f"accepted, but killed or gone: {key}\n" for key in stale)
    score = Counter(killed=len(mutants) - len(left), accepted=len(mine) - len(stale), stale=len(stale))
    score["due"] = len(mutants) - score["accepted"]
    sys.stdout.write(f"{module}: {_summary(score)}\n")
    return score


def _summary(score: Counter[str]) -> str:
    percent = 100 * score["killed"] / max(1, score["due"])
    return f"{score['killed']} of {score['due']} killed, {percent:.1f} %; {score['accepted']} more accepted"


def main(names: Sequence[str], place: Place) -> int:
    """Judge these modules or all; 1 if too few mutants were killed, 2 if none could be judged."""
    chosen = [Path(name).stem for name in names] or place.modules
    if unknown := set(chosen) - set(place.modules):
        sys.stdout.write(f"mutants: {', '.join(sorted(unknown))}: not of {', '.join(place.modules)}\n")
        return 2
    began, total = time.time(), Counter[str]()
    reasons = accepted((place.root / "scripts/mutants-accepted.txt").read_text(encoding="utf-8"))
    warm_up(place)
    with tempfile.TemporaryFile() as log:
        if not survivors(place, "", [None], log.fileno()):
            log.seek(0)
            sys.stdout.write(f"{log.read().decode()}mutants: the tests fail without any\n")
            return 2
        for module in chosen:
            total.update(judge(place, module, reasons, log.fileno()))
    folders = [*place.tests, place.package.replace(".", "/")]
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py"))
    if changed := [str(file) for file in files if file.stat().st_mtime > began]:
        sys.stdout.write(f"mutants: this says nothing, for {changed[0]} changed meanwhile\n")
        return 2
    sys.stdout.write(f"mutants: {_summary(total)}; {WANTED} % are wanted\n")
    return 1 if 100 * total["killed"] < WANTED * total["due"] or total["stale"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Place()))
