"""Reads kubectl's label selectors: `app=web,tier in (a,b),env!=prod,!canary` into requirements.

Decides syntax only, with Kubernetes' wording; leaves to `labels.py` what a requirement matches.
Kubernetes: apimachinery pkg/labels/selector.go, Lexer and Parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from minisets.errors import BadRequest
from minisets.objects import names
from minisets.objects.causes import rendered

_TOKEN = re.compile(r"\s*(?:(?P<symbol>==|!=|[=!(),<>])|(?P<word>[^\s=!(),<>]+))")
_OPERATORS = ("=", "!=", "==", "in", "notin", ">", "<")
_END = ""


@dataclass(frozen=True, order=True)
class Requirement:
    """One condition on one label; operator is one of `= == != in notin exists ! > <`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Token:
    text: str
    is_word: bool = False


class _Parser:
    """Recursive descent over the tokens; `in` and `notin` are operators only where one is due."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        if self._peek().text == _END:
            return found
        if not self._starts_requirement():
            raise BadRequest(f"found '{self._peek().text}', expected: !, identifier, or 'end of string'")
        while True:
            try:
                found.append(self._requirement())
            except BadRequest as error:
                raise BadRequest(f"unable to parse requirement: {error}") from None
            token = self._take()
            if token.text == _END:
                return found
            if token.text != ",":
                raise BadRequest(f"found '{token.text}', expected: ',' or 'end of string'")
            if not self._starts_requirement():
                raise BadRequest(f"found '{self._peek().text}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        absent = self._peek().text == "!"
        if absent:
            self._take()
        key = self._take()
        if not key.is_word:
            raise BadRequest(f"found '{key.text}', expected: identifier")
        _check(names.qualified_name(key.text), "<nil>", key.text)
        if absent:
            return Requirement(key.text, "!")
        if self._peek().text in {",", _END}:
            return Requirement(key.text, "exists")
        operator = self._take().text
        if operator not in _OPERATORS:
            raise BadRequest(f"found '{operator}', expected: {', '.join(_OPERATORS)}")
        values = self._set() if operator in {"in", "notin"} else (self._exact(),)
        for index, value in enumerate(values):
            _check_value(operator, value, index)
            _check(names.label_value(value), f"values[{index}][{key.text}]", value)
        return Requirement(key.text, operator, values)

    def _exact(self) -> str:
        if self._peek().text in {",", _END}:
            return ""
        token = self._take()
        if not token.is_word:
            raise BadRequest(f"found '{token.text}', expected: identifier")
        return token.text

    def _set(self) -> tuple[str, ...]:
        opening = self._take()
        if opening.text != "(":
            raise BadRequest(f"found '{opening.text}' expected: '('")
        values: set[str] = set()
        while True:
            values.add(self._take().text if self._peek().is_word else "")
            token = self._take()
            if token.text == ")":
                return tuple(sorted(values))
            if token.text != ",":
                raise BadRequest(f"found '{token.text}', expected: ',' or ')'")

    def _starts_requirement(self) -> bool:
        return self._peek().is_word or self._peek().text == "!"

    def _peek(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        token = self._tokens[self._position]
        # Why: the end is never passed, so that a selector that breaks off is told as one.
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token


def parse(text: str) -> tuple[Requirement, ...]:
    """The requirements, sorted by key; BadRequest in Kubernetes' words for anything else."""
    return tuple(sorted(_Parser(text).requirements(), key=lambda requirement: requirement.key))


def _tokens(text: str) -> list[_Token]:
    found = [
        _Token(match["symbol"]) if match["symbol"] else _Token(match["word"], is_word=True)
        for match in _TOKEN.finditer(text)
    ]
    return [*found, _Token(_END)]


def _check(complaints: list[str], path: str, value: str) -> None:
    if complaints:
        raise BadRequest(f"{path}: Invalid value: {rendered(value)}: {'; '.join(complaints)}")


def _check_value(operator: str, value: str, index: int) -> None:
    if operator in {"<", ">"} and not re.fullmatch(r"[+-]?[0-9]+", value):
        says = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise BadRequest(f"values[{index}]: Invalid value: {rendered(value)}: {says}")
