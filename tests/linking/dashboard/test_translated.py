"""Every word of a template goes through gettext, as a whole sentence; tests/test_sentences.py holds the code to it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt"))
# Names of products, settings and formats, which are the same in every language.
NAMES = {"zdbridge", "HTTP", "HttpOnly", "Partitioned", "SameSite", "Secure", "UTC"}
READ_ATTRIBUTES = {"alt", "aria-label", "data-go", "data-here", "data-me", "data-said", "placeholder", "title"}
UNREAD_ELEMENTS = {"code", "kbd", "pre", "script", "style"}
# These stand within a sentence; any other element begins a text of its own.
INLINE_ELEMENTS = {"b", "bdi", "code", "em", "q", "strong"}
# Texts on both sides of these are alternatives, or belong to different elements.
SEPARATORS = {"block", "else", "elif", "empty", "endblock", "include"}
TRANSLATED, VARIABLE, SEPARATOR = "\ue000", "\ue001", "·"


class Reader(HTMLParser):
    """Collects what a person reads of a template: the text between two tags, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts, self.attributes = [""], []
        self.unread = 0

    def handle_starttag(self, tag, attrs):
        self.attributes += [value for name, value in attrs if value and name in READ_ATTRIBUTES]
        self.unread += tag in UNREAD_ELEMENTS
        if tag not in INLINE_ELEMENTS:
            self.texts.append("")
        elif tag == "code":
            self.texts[-1] += VARIABLE

    def handle_endtag(self, tag):
        self.unread -= tag in UNREAD_ELEMENTS
        if tag not in INLINE_ELEMENTS:
            self.texts.append("")

    def handle_data(self, data):
        if not self.unread:
            self.texts[-1] += data


def mark(source: str) -> str:
    """Return a template's text with a mark for each translated phrase, and another for each variable."""
    marked, end = "", ""
    for token in Lexer(source).tokenize():
        word = token.contents.partition(" ")[0] if token.token_type is TokenType.BLOCK else ""
        if end:
            marked += TRANSLATED if word == end == "endblocktrans" else ""
            end = "" if word == end else end
        elif word in ("blocktrans", "comment") or token.contents == "block main_class":
            end = f"end{word}"
        elif word in SEPARATORS:
            marked += SEPARATOR
        elif token.token_type is TokenType.TEXT:
            marked += token.contents
        elif token.token_type is TokenType.VAR:
            marked += VARIABLE
        elif word == "trans" and " as " not in token.contents:
            marked += TRANSLATED
    return marked


def read(source: str) -> list[str]:
    reader = Reader()
    reader.feed(mark(source))
    reader.close()
    return reader.texts + reader.attributes


def find_untranslated(source: str) -> list[str]:
    """Return what is written in a template itself, without names and signs."""
    words = (re.findall(r"[^\W\d_]+", part) for part in read(source))
    return [" ".join(found) for found in words if not set(found) <= NAMES]


def find_stitched(source: str) -> list[str]:
    """Return texts that join a translated phrase with a variable or with another phrase; `·` separates two texts."""
    texts = (text.strip() for part in read(source) for text in part.split(SEPARATOR))
    return [text for text in texts if TRANSLATED in text and len(re.findall(f"[{TRANSLATED}{VARIABLE}]", text)) > 1]


@pytest.mark.storeless
class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_hold_no_words_outside_gettext(self, path):
        assert find_untranslated(path.read_text()) == []

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_translate_whole_sentences(self, path):
        assert find_stitched(path.read_text()) == []


@pytest.mark.storeless
class TestFinders:
    @pytest.mark.parametrize(
        "source",
        [
            "<p>Nothing yet</p>",
            '<a title="Close" href="/">{% trans "Close" %}</a>',
            '<input placeholder="Name">',
            "{% if rows %}<p>{% trans 'Rows' %}</p>{% else %}None{% endif %}",
        ],
    )
    def test_find_words_outside_gettext(self, source):
        assert find_untranslated(source)

    @pytest.mark.parametrize(
        "source",
        [
            "<p>{% trans 'Found' %} {{ at }}</p>",
            "<p>{% trans 'Found' %} {% trans 'yesterday' %}</p>",
            '<a title="{% trans "Copy" %} {{ name }}">x</a>',
        ],
    )
    def test_find_stitched_sentences(self, source):
        assert find_stitched(source)

    @pytest.mark.parametrize(
        "source",
        [
            "<p>{% blocktrans %}Found {{ at }}{% endblocktrans %} · {{ place }}</p>",
            "<p><code>manage.py</code> {{ name }}</p>",
            "<p>zdbridge · HTTP {{ status }}</p>",
        ],
    )
    def test_leave_whole_sentences_alone(self, source):
        assert not find_untranslated(source) + find_stitched(source)
