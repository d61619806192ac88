"""Templates of people's own: fields and conditions, no code; rendering takes time linear in the text.

`{{field}}` is replaced. `{{#field}}...{{/field}}` stays where the field is not empty, `{{^field}}...{{/field}}` where
it is. Fields of labels read `label:name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LABEL = "label:"
FIELDS = (
    "title", "body", "facts", "advice", "kind", "event", "severity", "transition", "tenant", "team", "subject", "time",
    "link", "act_link", "spent", "limit", "percent", "member", "period_start", "period_end", "forecast", "used_up",
    "actual", "expected", "impact",
)  # fmt: skip
MAX_DEPTH = 8
MAX_RENDERED = 20_000

_TAG = re.compile(r"\{\{\s*([#^/]?)\s*([^{}]*?)\s*\}\}")


class TemplateError(ValueError):
    """The text is not a template; the message says where and why."""


@dataclass(frozen=True)
class _Text:
    text: str


@dataclass(frozen=True)
class _Field:
    name: str


@dataclass(frozen=True)
class _Section:
    name: str
    inverted: bool
    parts: tuple[_Part, ...]


_Part = _Text | _Field | _Section


@dataclass(frozen=True)
class Template:
    """A text that was understood."""

    parts: tuple[_Part, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """The text for these values; a field without a value is empty. Cut at MAX_RENDERED characters."""
        return "".join(_rendered(self.parts, values))[:MAX_RENDERED]


def parse(text: str) -> Template:
    """The template a text stands for.

    Raises:
        TemplateError: an unknown field, or a section that is not closed.
    """
    stack: list[tuple[str, bool, int, list[_Part]]] = [("", False, 0, [])]
    position = 0
    for tag in _TAG.finditer(text):
        _plain(text, position, tag.start(), stack[-1][3])
        position = tag.end()
        sign, name = tag[1], tag[2]
        _check(name, tag.start())
        if sign in ("#", "^"):
            if len(stack) > MAX_DEPTH:
                raise TemplateError(f"more than {MAX_DEPTH} sections within each other at position {tag.start()}")
            stack.append((name, sign == "^", tag.start(), []))
        elif sign == "/":
            opened, inverted, start, parts = stack.pop()
            if not stack or opened != name:
                expected = f"expected {{{{/{opened}}}}}, which opened at position {start}" if opened else "none is open"
                raise TemplateError(f"{{{{/{name}}}}} at position {tag.start()} closes no section: {expected}")
            stack[-1][3].append(_Section(name, inverted, tuple(parts)))
        else:
            stack[-1][3].append(_Field(name))
    _plain(text, position, len(text), stack[-1][3])
    if len(stack) > 1:
        name, _, start, _ = stack[-1]
        raise TemplateError(f"the section {name!r} at position {start} is not closed: add {{{{/{name}}}}}")
    return Template(tuple(stack[0][3]))


def _plain(text: str, start: int, end: int, parts: list[_Part]) -> None:
    part = text[start:end]
    for brackets in ("{{", "}}"):
        if brackets in part:
            raise TemplateError(f"{brackets} at position {start + part.index(brackets)} belongs to no {{{{field}}}}")
    if part:
        parts.append(_Text(part))


def _check(name: str, position: int) -> None:
    if name not in FIELDS and not (name.startswith(LABEL) and len(name) > len(LABEL)):
        raise TemplateError(f"no field {name!r} (position {position}): use {', '.join(FIELDS)} or {LABEL}<name>")


def _rendered(parts: tuple[_Part, ...], values: Mapping[str, str]) -> list[str]:
    rendered: list[str] = []
    for part in parts:
        match part:
            case _Text(text):
                rendered.append(text)
            case _Field(name):
                rendered.append(values.get(name, ""))
            case _Section(name, inverted, inner):
                if bool(values.get(name)) is not inverted:
                    rendered += _rendered(inner, values)
    return rendered
