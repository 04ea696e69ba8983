"""The code that a site developer pastes: the files of static/snippets with one integration's values, never a secret.

The files themselves are what the tests run or parse; here only the words between @ signs are filled in. What the
developer still has to fill in is a gap, which the page marks.
"""

import html
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from django.contrib.staticfiles import finders

from linking.dashboard.setup.snippet_words import SNIPPETS, SnippetGroup, SnippetWords
from linking.dashboard.shell.parts import Text

# Characters of Unicode's private area, so that no text of ours and no value has them.
_GAP_OPENS, _GAP_CLOSES = "\ue000", "\ue001"
_GAP = re.compile(f"{_GAP_OPENS}([^{_GAP_CLOSES}]*){_GAP_CLOSES}")
# The comment above a line that only the developer can write.
_OWN_LINE = re.compile(r"((?://|#) Yours: .*)")


class SnippetMissing(Exception):
    """A file of static/snippets is not where it should be: the installation is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePart:
    """A stretch of code; `is_gap` where the developer has to fill something in."""

    text: str
    is_gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A piece of code, its title and what to mind.

    `parts` make up `text`. `vendor_parts` is the script of Zendesk that belongs to it, empty without one, and stands on
    the page before the snippet where `is_vendor_first`.
    """

    key: str
    title: Text
    note: Text
    text: str
    parts: tuple[CodePart, ...]
    vendor_parts: tuple[CodePart, ...] = ()
    is_vendor_first: bool = False

    @property
    def has_gaps(self) -> bool:
        """Whether the developer has to fill something in."""
        return any(part.is_gap for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnippetRow:
    """Snippets for one kind of program: pages, apps, servers, or a try."""

    group: SnippetGroup
    snippets: tuple[Snippet, ...]


def build_snippets(
    *, names: Sequence[str], values: Mapping[str, str], gaps: Mapping[str, str]
) -> tuple[SnippetRow, ...]:
    """Return the snippets of the files `names`, in their order, by group.

    `values` are by the word between @ signs; `gaps` say what belongs in the place of a word that has no value.

    Raises: SnippetMissing.
    """
    filled = dict(values) | {word: f"{_GAP_OPENS}{text}{_GAP_CLOSES}" for word, text in gaps.items()}
    words = [(name, SNIPPETS[name]) for name in names]
    return tuple(
        SnippetRow(group=group, snippets=tuple(_build_snippet(name, words=one, values=filled) for name, one in row))
        for group, row in groupby(words, key=lambda pair: pair[1].group)
    )


def fill(*, name: str, values: Mapping[str, str]) -> str:
    """Return the file `name` with `values` in it, each quoted as its language wants.

    Raises: SnippetMissing.
    """
    text, quote = _read_file(name), _QUOTES.get(name.rpartition(".")[2])
    for word, value in values.items():
        if quote is None:
            text = text.replace(f"@{word}@", html.escape(value) if name.endswith(".html") else shlex.quote(value))
        else:
            text = text.replace(f'"@{word}@"', quote(value))
    return text


def _build_snippet(name: str, *, words: SnippetWords, values: Mapping[str, str]) -> Snippet:
    text = fill(name=name, values=values)
    return Snippet(
        key=words.key,
        title=words.title,
        note=words.note,
        text=_GAP.sub(r"\1", text),
        parts=_split(text),
        vendor_parts=_split(fill(name=words.vendor_file, values=values)) if words.vendor_file else (),
        is_vendor_first=words.is_vendor_first,
    )


def _split(text: str) -> tuple[CodePart, ...]:
    marked = _OWN_LINE.sub(rf"{_GAP_OPENS}\1{_GAP_CLOSES}", text)
    # A pattern with one group splits into what is outside and inside of it in turn.
    pieces = enumerate(_GAP.split(marked))
    return tuple(CodePart(text=piece, is_gap=place % 2 == 1) for place, piece in pieces if piece)


@lru_cache(maxsize=32)
def _read_file(name: str) -> str:
    path = finders.find(f"snippets/{name}")
    if not path:
        raise SnippetMissing(name)
    return Path(path).read_text(encoding="utf-8")


def _quote_json(value: str) -> str:
    # `<` is written as an escape too, so that the snippet can stand inside a page's script element.
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _quote_with_dollars(value: str) -> str:
    # Kotlin reads a variable after a dollar.
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")


def _quote_with_braces(value: str) -> str:
    return '"' + _NOT_PLAIN.sub(_write_in_braces, value) + '"'


def _write_in_braces(found: re.Match[str]) -> str:
    # Swift and PHP write a character by its number in braces.
    return f"\\u{{{ord(found[0]):x}}}" if found[0] < " " else f"\\{found[0]}"


def _quote_php(value: str) -> str:
    # PHP reads a variable after a dollar.
    return _quote_with_braces(value).replace("$", "\\$")


_NOT_PLAIN = re.compile(r'[\x00-\x1f\\"]')
_QUOTES: Mapping[str, Callable[[str], str]] = {
    "js": _quote_json, "py": _quote_json, "cs": _quote_json, "kt": _quote_with_dollars, "swift": _quote_with_braces,
    "php": _quote_php,
}  # fmt: skip
