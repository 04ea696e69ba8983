import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import translation
from django.utils.translation import gettext

from linking.core.text_marks import Sentence, gettext_noop

SENTENCE = "This sentence is marked in a plain module."
SOURCE = f'from linking.core.text_marks import gettext_noop\n\nTEXT = gettext_noop("{SENTENCE}")\n'


class TestGettextNoop:
    def test_returns_the_sentence_itself(self):
        assert gettext_noop(SENTENCE) == SENTENCE

    @pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext")
    def test_makes_a_sentence_known_to_makemessages(self, tmp_path, monkeypatch):
        (tmp_path / "locale").mkdir()
        (tmp_path / "plain.py").write_text(SOURCE)
        monkeypatch.chdir(tmp_path)
        call_command("makemessages", locale=["de"], verbosity=0)
        [catalogue] = Path().glob("**/django.po")
        assert f'msgid "{SENTENCE}"' in catalogue.read_text()

    @pytest.mark.skipif(not shutil.which("msgfmt"), reason="needs GNU gettext")
    def test_marks_what_django_translates_where_it_is_shown(self, tmp_path, settings, monkeypatch):
        folder = tmp_path / "de" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        (folder / "django.po").write_text(f'{header}msgid "{SENTENCE}"\nmsgstr "Markiert."\n')
        monkeypatch.chdir(tmp_path.parent)
        settings.LOCALE_PATHS = [str(tmp_path)]
        call_command("compilemessages", locale=["de"], verbosity=0)
        monkeypatch.setattr("django.utils.translation.trans_real._translations", {})
        with translation.override("de"):
            assert gettext(gettext_noop(SENTENCE)) == "Markiert."


class TestSentence:
    def test_is_translated_before_its_values_are_filled_in(self):
        sentence = Sentence("Set {name}.", {"name": "{odd} %s"})
        assert sentence.to_text(lambda template: template.replace("Set", "Setze")) == "Setze {odd} %s."

    def test_is_english_by_itself(self):
        assert Sentence("Nothing to do.").to_text() == "Nothing to do."
