"""The filter language of budgets and queries: AIP-160's comparisons over cost dimensions.

    team = "search" AND (model = "gpt-4o" OR tag:feature = "answers") AND NOT environment = "test"

Grammar: `filter = or`; `or = and {"OR" and}`; `and = not {"AND" not}`; `not = ["NOT"] (comparison | "(" or ")")`;
`comparison = dimension ("=" | "!=") value`; a value is quoted, or a bare word. `value` ending in `*` matches a prefix.
One parse, two readings: a predicate over a record, and ClickHouse SQL with bound parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.common.dimensions import TAG_PREFIX, is_dimension

Record = TypeVar("Record")

MAX_LENGTH = 4_096
MAX_DEPTH = 32

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_][\w:./@-]*)|(?P<number>-?[\w.:/@-]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<sign>!=|=|\(|\)))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Comparison:
    """`dimension = value`, or its negation."""

    dimension: str
    value: str
    negated: bool = False
    prefix: bool = False


@dataclass(frozen=True)
class And:
    operands: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    operands: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    operand: Filter


Filter = Comparison | And | Or | Not

EVERYTHING = And(())


class FilterError(ValueError):
    """The text is not a filter; the message says where and why."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(text: str) -> Filter:
    """The filter a text stands for; an empty text is the filter that lets everything pass.

    Raises:
        FilterError: with the position of what could not be read.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(f"a filter has at most {MAX_LENGTH} characters, this one {len(text)}")
    if not text.strip():
        return EVERYTHING
    parser = _Parser(list(_tokens(text)), len(text))
    parsed = parser.disjunction(0)
    parser.expect_end()
    return parsed


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterError(f"cannot read {text[position : position + 12]!r} at position {position}")
        kind = match.lastgroup or ""
        value = match[kind]
        if kind == "quoted":
            value = re.sub(r"\\(.)", r"\1", value)
        yield _Token(kind, value, match.start(kind))
        position = match.end()


class _Parser:
    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = end

    def disjunction(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} nested parentheses")
        operands = [self._conjunction(depth)]
        while self._take_word("OR"):
            operands.append(self._conjunction(depth))
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            raise FilterError(f"expected AND, OR or the end at position {token.position}, found {token.text!r}")

    def _conjunction(self, depth: int) -> Filter:
        operands = [self._negation(depth)]
        while self._take_word("AND"):
            operands.append(self._negation(depth))
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _negation(self, depth: int) -> Filter:
        if self._take_word("NOT"):
            return Not(self._operand(depth))
        return self._operand(depth)

    def _operand(self, depth: int) -> Filter:
        token = self._take("a dimension or (")
        if token.kind == "sign" and token.text == "(":
            inner = self.disjunction(depth + 1)
            closing = self._take(")")
            if (closing.kind, closing.text) != ("sign", ")"):
                raise FilterError(f"expected ) at position {closing.position}, found {closing.text!r}")
            return inner
        if token.kind == "sign" or not is_dimension(token.text):
            raise FilterError(f"no dimension {token.text!r} (position {token.position})")
        sign = self._take("= or !=")
        if sign.kind != "sign" or sign.text not in ("=", "!="):
            raise FilterError(f"expected = or != at position {sign.position}, found {sign.text!r}")
        value = self._take("a value")
        if value.kind == "sign":
            raise FilterError(f"expected a value at position {value.position}, found {value.text!r}")
        prefix = value.kind == "quoted" and value.text.endswith("*")
        return Comparison(token.text, value.text[:-1] if prefix else value.text, sign.text == "!=", prefix)

    def _take(self, expected: str) -> _Token:
        if self._next == len(self._tokens):
            raise FilterError(f"expected {expected} at position {self._end}, found the end")
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _take_word(self, word: str) -> bool:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind == "word" and token.text == word:
                self._next += 1
                return True
        return False


def predicate(parsed: Filter, reader: Callable[[str], Callable[[Record], str]]) -> Callable[[Record], bool]:
    """A function that tells whether a record passes. `reader(dimension)` gives how to read one dimension off it."""
    match parsed:
        case Comparison(dimension, value, negated, prefix):
            read = reader(dimension)
            if prefix:
                return lambda record: read(record).startswith(value) is not negated
            return lambda record: (read(record) == value) is not negated
        case And((first, second)):
            one, two = predicate(first, reader), predicate(second, reader)
            return lambda record: one(record) and two(record)  # several times as fast as a generator
        case And(operands):
            tests = [predicate(operand, reader) for operand in operands]
            return lambda record: all(test(record) for test in tests)
        case Or((first, second)):
            one, two = predicate(first, reader), predicate(second, reader)
            return lambda record: one(record) or two(record)
        case Or(operands):
            tests = [predicate(operand, reader) for operand in operands]
            return lambda record: any(test(record) for test in tests)
        case Not(operand):
            test = predicate(operand, reader)
            return lambda record: not test(record)


def to_sql(parsed: Filter, columns: Mapping[str, str], tags_column: str, parameters: dict[str, str]) -> str:
    """A ClickHouse condition that reads the same. Values go into `parameters`, never into the text.

    Args:
        parsed: the filter.
        columns: SQL of each dimension.
        tags_column: a `Map(String, String)` column.
        parameters: receives the bound values, under names not yet in it.

    Raises:
        FilterError: a dimension that `columns` does not have.
    """

    def bind(value: str) -> str:
        name = f"f{len(parameters)}"
        parameters[name] = value
        return f"{{{name}:String}}"

    def column(dimension: str) -> str:
        if dimension.startswith(TAG_PREFIX):
            return f"{tags_column}[{bind(dimension[len(TAG_PREFIX) :])}]"
        if dimension not in columns:
            raise FilterError(f"{dimension!r} cannot be filtered on here")
        return columns[dimension]

    match parsed:
        case Comparison(dimension, value, negated, prefix):
            if prefix:
                condition = f"startsWith({column(dimension)}, {bind(value)})"
                return f"NOT {condition}" if negated else condition
            return f"{column(dimension)} {'!=' if negated else '='} {bind(value)}"
        case And(operands):
            return " AND ".join(f"({to_sql(o, columns, tags_column, parameters)})" for o in operands) or "1"
        case Or(operands):
            return " OR ".join(f"({to_sql(o, columns, tags_column, parameters)})" for o in operands)
        case Not(operand):
            return f"NOT ({to_sql(operand, columns, tags_column, parameters)})"


def dimensions_of(parsed: Filter) -> frozenset[str]:
    """Every dimension the filter looks at."""
    match parsed:
        case Comparison(dimension):
            return frozenset({dimension})
        case And(operands) | Or(operands):
            return frozenset().union(*(dimensions_of(operand) for operand in operands))
        case Not(operand):
            return dimensions_of(operand)


def literal(value: str) -> str:
    """The value as it is written inside a filter."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
