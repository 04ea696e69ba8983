"""Every snippet is code: parsed by a parser of its language, and the one for a Django site is run."""

import ast
import json
import shutil
import subprocess
from pathlib import Path

import jwt
import pytest
import tree_sitter_c_sharp
import tree_sitter_javascript
import tree_sitter_kotlin
import tree_sitter_php
import tree_sitter_swift
from django.test import RequestFactory
from tree_sitter import Language, Node, Parser

from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.setup.snippet_files import build_snippets, fill
from linking.dashboard.setup.snippet_words import SNIPPETS
from linking.models import ZendeskProduct
from tests.factories import USER_ID, login_jwt, make_integration
from tests.linking.dashboard.reading import read

FOLDER = Path(__file__).resolve().parents[4] / "static" / "snippets"
GRAMMARS = {
    "js": tree_sitter_javascript.language,
    "swift": tree_sitter_swift.language,
    "kt": tree_sitter_kotlin.language,
    "cs": tree_sitter_c_sharp.language,
    "php": tree_sitter_php.language_php,
}
# Strings that end a literal, begin a variable or a tag, or are no letters at all.
HOSTILE = "https://b.example/\"'$x${x}\\</script>\u2028é\\(x)\x01"
VALUES = {"token_url": "https://bridge.example/generate/token/acme", "account_key": "key", "cookie_name": "token"}


def find_errors(text: str, *, ending: str) -> list[str]:
    """Where a parser of the language finds an error."""
    if ending == "py":
        try:
            ast.parse(text)
        except SyntaxError as error:
            return [str(error)]
        return []
    tree = Parser(Language(GRAMMARS[ending]())).parse(text.encode())
    return [f"{node.start_point}: {node.text!r}" for node in walk(tree.root_node) if node.is_error or node.is_missing]


def walk(node: Node):
    yield node
    for child in node.children:
        yield from walk(child)


def strings(text: str, *, ending: str) -> list[str]:
    """The text inside of every string in the code, as it is written there."""
    if ending == "py":
        return [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    tree = Parser(Language(GRAMMARS[ending]())).parse(text.encode())
    return [node.text.decode() for node in walk(tree.root_node) if "string" in node.type]


CODE = sorted(name for name in SNIPPETS if name.rpartition(".")[2] in (*GRAMMARS, "py"))


class TestParsing:
    def test_is_of_every_file_but_the_line_for_a_shell(self):
        assert set(SNIPPETS) - set(CODE) == {"curl.txt"}

    def test_leaves_no_file_of_the_folder_out(self):
        used = set(SNIPPETS) | {words.vendor_file for words in SNIPPETS.values()} - {""}
        assert {path.name for path in FOLDER.iterdir()} == used

    @pytest.mark.parametrize("name", CODE)
    def test_finds_no_error(self, name):
        assert find_errors(fill(name=name, values=VALUES), ending=name.rpartition(".")[2]) == []

    @pytest.mark.parametrize("name", CODE)
    @pytest.mark.parametrize("broken", ["(", "{", '"'])
    def test_finds_what_is_broken(self, name, broken):
        """A bracket or a quote too many, in the middle of the file."""
        lines = fill(name=name, values=VALUES).splitlines()
        lines.insert(len(lines) // 2, f"x = {broken}")
        assert find_errors("\n".join(lines), ending=name.rpartition(".")[2]) != []

    @pytest.mark.parametrize("name", CODE)
    def test_finds_a_file_that_was_cut(self, name):
        text = fill(name=name, values=VALUES).rstrip()
        assert find_errors(text[: max(text.rindex(")"), text.rfind("}"))], ending=name.rpartition(".")[2]) != []

    @pytest.mark.parametrize("name", CODE)
    def test_finds_no_error_with_hostile_values(self, name):
        text = fill(name=name, values=dict.fromkeys(VALUES, HOSTILE))
        assert find_errors(text, ending=name.rpartition(".")[2]) == []
        assert "</script>" not in text or not name.endswith(".js")

    @pytest.mark.parametrize("name", ["android-chat.kt", "android-messaging.kt", "server.php"])
    def test_of_a_value_with_a_dollar_finds_no_variable(self, name):
        assert "\\$x\\${x}" in fill(name=name, values={"token_url": HOSTILE})

    def test_of_a_value_with_a_bracket_finds_no_interpolation_in_swift(self):
        assert "\\\\(x)" in fill(name="ios-chat.swift", values={"token_url": HOSTILE})

    @pytest.mark.skipif(not shutil.which("node"), reason="needs Node, which no other test needs")
    @pytest.mark.parametrize("name", [name for name in CODE if name.endswith(".js")])
    def test_agrees_with_node(self, name, tmp_path):
        file = tmp_path / "snippet.mjs"
        file.write_text(fill(name=name, values=VALUES))
        assert subprocess.run(["node", "--check", str(file)], capture_output=True, check=False).returncode == 0


class TestGaps:
    GAPS = {"account_key": "your account key", "widget_key": "the key of your widget"}

    def build(self, name, **values):
        gaps = {word: text for word, text in self.GAPS.items() if word not in values}
        ((snippet,),) = [
            row.snippets for row in build_snippets(names=[name], values={**VALUES_OF_PAGE, **values}, gaps=gaps)
        ]
        return snippet

    def test_are_what_has_no_value(self):
        snippet = self.build("web-sdk.js")
        assert [part.text for part in snippet.parts if part.is_gap] == ["your account key"]
        assert 'account_key: "your account key"' in snippet.text

    def test_are_none_where_the_value_is_known(self):
        snippet = self.build("web-sdk.js", account_key="aCcOuNtKeY")
        assert not snippet.has_gaps and 'account_key: "aCcOuNtKeY"' in snippet.text

    @pytest.mark.parametrize("name", ["express.js", "server.php", "django.py"])
    def test_are_the_lines_that_only_the_developer_can_write(self, name):
        gaps = [part.text for part in self.build(name).parts if part.is_gap]
        assert len(gaps) == 1 and gaps[0].endswith("Yours: where your server keeps the player's Login JWT.")

    def test_of_zendesks_script_are_its_key(self):
        gaps = [part.text for part in self.build("web-widget.js").vendor_parts if part.is_gap]
        assert gaps == ["the key of your widget"]

    @pytest.mark.parametrize("name", sorted(SNIPPETS))
    def test_parts_make_up_the_text(self, name):
        snippet = self.build(name)
        assert "".join(part.text for part in snippet.parts) == snippet.text

    @pytest.mark.django_db
    def test_are_marked_on_the_page(self, developer):
        make_integration()
        marks = [mark.text for mark in read(developer.get("/setup/acme/")).all("mark")]
        assert "your account key" in marks and "the key of your widget" in marks


VALUES_OF_PAGE = {name: VALUES[name] for name in ("token_url", "cookie_name")}


class TestTabs:
    CSS = (FOLDER.parent / "css" / "wiring.css").read_text()

    @pytest.mark.parametrize("key", sorted({words.key for words in SNIPPETS.values()}))
    def test_of_every_snippet_can_be_opened(self, key):
        assert f".tabs:has(#tab-{key}:checked) .tab-{key}" in self.CSS

    @pytest.mark.parametrize("product", list(ZendeskProduct))
    def test_of_each_product_are_one_of_a_key(self, product):
        keys = [SNIPPETS[name].key for name in find_setup_words(product).snippet_files]
        assert len(keys) == len(set(keys))
        assert {"react", "vue", "ios", "android", "unity", "express", "php", "django"} <= set(keys)


@pytest.mark.django_db(transaction=True)
class TestDjangoView:
    """The view of a site, run as it is, asks a bridge that listens."""

    def view(self, url):
        names = {"__name__": "views"}
        exec(compile(fill(name="django.py", values={"token_url": url}), "django.py", "exec"), names)
        return names["give_zendesk_jwt"]

    def ask(self, url, **session):
        request = RequestFactory().get("/zendesk-token")
        request.session = session
        return self.view(url)(request)

    def test_hands_the_token_on(self, live_server):
        make_integration()
        answer = self.ask(f"{live_server.url}/generate/token/acme", login_jwt=login_jwt())
        token = json.loads(answer.content)["token"]
        assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
        assert jwt.decode(token, options={"verify_signature": False})["external_id"] == USER_ID

    def test_hands_a_refusal_on(self, live_server):
        make_integration()
        answer = self.ask(f"{live_server.url}/generate/token/acme", login_jwt=login_jwt(exp=1))
        assert (answer.status_code, json.loads(answer.content)["reason"]) == (401, "expired")

    def test_says_that_nobody_is_signed_in(self):
        assert self.ask("http://127.0.0.1:9/").status_code == 401

    def test_says_that_the_bridge_is_away(self):
        assert self.ask("http://127.0.0.1:9/", login_jwt="x").status_code == 503
