"""Parses the Lucene-like language of Chat's search into a tree; knows no field and no record. Source: README Z4.1.

Terms are `field:value`, a bare word or a quoted phrase; they are joined by AND (also by nothing), OR, NOT, `-`, `+` and
parentheses; a value may be a range, `[A TO B]` with and `{A TO B}` without its ends, or a comparison such as `>=A`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEEPEST = 50  # nested parentheses and NOTs
TOKEN = re.compile(
    r'\s*(?:(?P<sign>[()])|(?P<not>[-+!])(?=\S)|(?:(?P<field>[A-Za-z_]\w*):)?(?P<value>[\[{][^\]}]*[\]}]|"[^"]*"|[^\s()]+))'
)
RANGE = re.compile(r"^([\[{])\s*(\S+)\s+TO\s+(\S+?)\s*([\]}])$")
COMPARISON = re.compile(r"^(>=|<=|>|<)(\S+)$")
WORDS = {"AND", "OR", "NOT", "&&", "||"}


class BadQuery(Exception):
    """The text is not a query; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Term:
    """One test. `field` is "" for words without a field; `is_phrase` when quoted."""

    field: str
    value: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when every part does."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when one part does."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: Node


Node = Term | Every | Either | Not


@dataclass(frozen=True, slots=True)
class Range:
    """`low` and `high` as written, "*" for open; `with_low` and `with_high` include the ends."""

    low: str
    high: str
    with_low: bool = True
    with_high: bool = True


def parse_range(value: str) -> Range | None:
    """Parse a range or a comparison; return None for another value."""
    match = RANGE.match(value)
    if match:
        return Range(match[2], match[3], match[1] == "[", match[4] == "]")
    comparison = COMPARISON.match(value)
    if not comparison:
        return None
    sign, end = comparison.groups()
    if sign.startswith(">"):
        return Range(end, "*", with_low=sign == ">=")
    return Range("*", end, with_high=sign == "<=")


def parse(text: str) -> Node:
    """Parse a whole query. Raises: BadQuery."""
    parser = _Parser(text)
    node = parser.parse_either(0)
    if parser.peek() is not None:
        raise BadQuery("A parenthesis closes that was never opened.")
    return node


class _Parser:
    """Parses the tokens of one query; each method parses one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str | Term]] = []
        place, end = 0, len(text.rstrip())
        while place < end:
            match = TOKEN.match(text, place)
            if match is None:
                raise BadQuery("The query cannot be read.")
            self.tokens.append(_read_token(match))
            place = match.end()
        self.place = 0

    def peek(self) -> str | None:
        """Return the kind of the next token, None at the end."""
        return self.tokens[self.place][0] if self.place < len(self.tokens) else None

    def parse_either(self, depth: int) -> Node:
        """Parse parts joined by OR, which binds weakest."""
        parts = [self.parse_every(depth)]
        while self.peek() == "OR":
            self.place += 1
            parts.append(self.parse_every(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def parse_every(self, depth: int) -> Node:
        """Parse parts joined by AND or by nothing."""
        parts = [self.parse_one(depth)]
        while self.peek() not in (None, "OR", ")"):
            if self.peek() == "AND":
                self.place += 1
            parts.append(self.parse_one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def parse_one(self, depth: int) -> Node:
        """Parse a term, its negation, or a query in parentheses."""
        kind = self.peek()
        if kind is None or kind in ("AND", "OR", ")"):
            raise BadQuery("A term is missing.")
        if depth >= DEEPEST:
            raise BadQuery("The query is nested too deep.")
        value = self.tokens[self.place][1]
        self.place += 1
        if isinstance(value, Term):
            return value
        if kind == "NOT":
            return Not(self.parse_one(depth + 1))
        if kind == "+":
            return self.parse_one(depth + 1)
        node = self.parse_either(depth + 1)
        if self.peek() != ")":
            raise BadQuery("A parenthesis is not closed.")
        self.place += 1
        return node


def _read_token(match: re.Match[str]) -> tuple[str, str | Term]:
    """Return the kind of a token, and its term, "" for an operator."""
    if match["sign"]:
        return match["sign"], ""
    if match["not"]:
        return ("+" if match["not"] == "+" else "NOT"), ""
    field, value = match["field"] or "", match["value"]
    if not field and value in WORDS:
        return {"&&": "AND", "||": "OR"}.get(value, value), ""
    is_phrase = len(value) > 1 and value.startswith('"') and value.endswith('"')
    return "term", Term(field, value[1:-1] if is_phrase else value, is_phrase)
