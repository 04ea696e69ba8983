"""The code that a site developer pastes: the files of static/snippets with one integration's values, never a secret.

The files themselves are what the browser tests run; here only the words between @ signs are filled in.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.utils.translation import gettext as _

from linking.dashboard.shell.parts import Text


class SnippetMissing(Exception):
    """A file of static/snippets is not where it should be: the installation is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A piece of JavaScript or a shell line, its title and what to mind."""

    key: str
    title: Text
    note: Text
    text: str


def build_snippets(*, names: Sequence[str], values: Mapping[str, str]) -> tuple[Snippet, ...]:
    """Return the snippets of the files `names`, in their order; `values` are by the word between @ signs.

    Raises: SnippetMissing.
    """
    words = _describe_files()
    return tuple(
        Snippet(
            key=name.partition(".")[0], title=words[name][0], note=words[name][1], text=fill(name=name, values=values)
        )
        for name in names
    )


def fill(*, name: str, values: Mapping[str, str]) -> str:
    """Return the file `name` with `values` in it, each quoted as its language wants.

    Raises: SnippetMissing.
    """
    text = _read_file(name)
    for word, value in values.items():
        if name.endswith(".js"):
            # `<` is written as an escape too, so that the snippet can stand inside a page's script element.
            text = text.replace(f'"@{word}@"', json.dumps(value).replace("<", "\\u003c"))
        else:
            text = text.replace(f"@{word}@", shlex.quote(value))
    return text


@lru_cache(maxsize=16)
def _read_file(name: str) -> str:
    path = finders.find(f"snippets/{name}")
    if not path:
        raise SnippetMissing(name)
    return Path(path).read_text(encoding="utf-8")


def _describe_files() -> dict[str, tuple[str, str]]:
    # Source: Zendesk's pages on authenticated visitors for each widget, read 2026-11.
    return {
        "web-widget.js": (
            _("Web Widget (Classic)"),
            _("Place it before Zendesk's script. The widget asks for a new token during a chat."),
        ),
        "web-sdk.js": (
            _("Chat Web SDK"),
            _("Place it after the SDK's script. Call its functions when a player signs in, signs out or changes."),
        ),
        "messaging.js": (
            _("Messaging widget"),
            _("Place it after Zendesk's script. Call its functions when a player signs in, signs out or changes."),
        ),
        "fetch.js": (_("Plain fetch"), _("For any other widget: the token in the answer is what Zendesk needs.")),
        "curl.txt": (
            _("Try it from a shell"),
            _("Set LOGIN_JWT to the token of a signed-in player. Do this only on your own machine."),
        ),
    }
