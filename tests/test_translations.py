"""Each translation is complete: every sentence of the source is in it, with the same values and tags."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
VALUE = re.compile(r"%\(\w+\)[sd]|%[sd]|(?<!\{)\{\w*\}(?!\})")
TAG = re.compile(r"</?\w+")
# Singular and plural may name a number in words.
_NUMBERS = re.compile(r"%\(\w+\)d|%d")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the source with its translations as `makemessages` would write them now."""
    if not shutil.which("xgettext"):
        # CI installs it, so that a skip there would hide a failure.
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("needs GNU gettext: apt-get install gettext")
    copy = tmp_path_factory.mktemp("source")
    for name in ("linking", "zdbridge", "templates", "locale"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", copy)
    chosen = [part for code in LANGUAGES for part in ("-l", code)]
    command = [sys.executable, "-m", "django", "makemessages", *chosen, "--keep-pot", "--no-obsolete"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    return copy


def path_of(code, *, ending):
    return ROOT / "locale" / code / "LC_MESSAGES" / f"django.{ending}"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def list_pairs(path):
    """Return (sentence, translation) of a compiled catalogue, of plurals the first form: msgfmt checks the others."""
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    singular = {key[0] if isinstance(key, tuple) else key: text for key, text in catalogue.items() if key[1:] != (1,)}
    return [(sentence, text) for sentence, text in singular.items() if sentence]


@pytest.mark.parametrize("code", LANGUAGES)
class TestTranslation:
    def test_has_every_sentence_of_the_source(self, folder, code):
        answer = run("msgcmp", path_of(code, ending="po"), folder / "locale" / "django.pot")
        assert (answer.stderr, answer.returncode) == ("", 0)

    def test_has_no_sentence_that_the_source_has_lost(self, folder, code):
        source = folder / "locale" / "django.pot"
        answer = run("msgcmp", "--use-untranslated", source, path_of(code, ending="po"))
        assert (answer.stderr, answer.returncode) == ("", 0)

    def test_is_compiled(self, folder, code, tmp_path):
        fresh = tmp_path / "django.mo"
        answer = run("msgfmt", "--check-format", "-o", fresh, path_of(code, ending="po"))
        assert answer.returncode == 0, answer.stderr
        assert list_pairs(path_of(code, ending="mo")) == list_pairs(fresh), "run: manage.py compilemessages"

    def test_names_the_values_of_each_sentence(self, code):
        wrong = [
            (sentence, text)
            for sentence, text in list_pairs(path_of(code, ending="mo"))
            if set(VALUE.findall(text)) - set(VALUE.findall(sentence)) - set(_NUMBERS.findall(text))
            or set(VALUE.findall(sentence)) - set(VALUE.findall(text)) - set(_NUMBERS.findall(sentence))
        ]
        assert wrong == []

    def test_keeps_the_tags_of_each_sentence(self, code):
        pairs = list_pairs(path_of(code, ending="mo"))
        assert [(a, b) for a, b in pairs if sorted(TAG.findall(a)) != sorted(TAG.findall(b))] == []
