import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.text import clean_block, clean_email, clean_line, email_key


class TestCleanLine:
    @pytest.mark.parametrize(("value", "cleaned"), [
        ("Nadia", "Nadia"), ("  Nadia \n", "Nadia"), ("Na\tdia\r\nK", "Na dia  K"), ("Жан", "Жан"), ("a\x00b", "ab"),
        ("a\u202eb\u2066c", "abc"), ("a\ud800b", "ab"), ("a\u200bb\ufeff", "ab"), ("a\ue000b", "ab"),
        ("é\u2028è", "é è"),
        ("👩\u200d👧", "👩\u200d👧"), ("adm\u200din", "admin"), ("\u200d", ""), ("é\u200d", "é"), ("\u200d\u200d", ""),
        (None, ""), (7, ""), (["x"], ""), (b"x", ""), ("", ""),
    ])  # fmt: skip
    def test_keeps_what_can_be_read(self, value, cleaned):
        assert clean_line(value, max_characters=100) == cleaned

    @pytest.mark.parametrize(("value", "clipped"), [("abcdef", "abcd"), ("abc def", "abc"), ("éèà üö", "éèà")])
    def test_clips_without_a_blank_at_the_end(self, value, clipped):
        assert clean_line(value, max_characters=4) == clipped

    @given(st.text(alphabet=st.characters(), max_size=60))
    def test_leaves_nothing_that_hides(self, value):
        cleaned = clean_line(value, max_characters=50)
        hidden = {c for c in cleaned if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"}} - {"\u200d"}
        assert hidden == set()
        assert len(cleaned) <= 50
        assert cleaned == cleaned.strip()

    @given(st.text(alphabet=st.characters(), max_size=60))
    def test_changes_nothing_the_second_time(self, value):
        cleaned = clean_line(value, max_characters=100)
        assert clean_line(cleaned, max_characters=100) == cleaned


class TestCleanBlock:
    @pytest.mark.parametrize(("value", "cleaned"), [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"), ("  a\x00\tb  ", "a b"), ("a\u202eb", "ab"), (None, ""), ("\n\na\n\n", "a"),
    ])  # fmt: skip
    def test_keeps_the_lines(self, value, cleaned):
        assert clean_block(value, max_characters=100) == cleaned

    def test_clips(self):
        assert clean_block("abcdef", max_characters=3) == "abc"


class TestCleanEmail:
    @pytest.mark.parametrize(("value", "cleaned"), [
        (" a@b.example ", "a@b.example"), ("x" * 254, "x" * 254), ("x" * 255, ""), (None, ""), (7, ""),
    ])  # fmt: skip
    def test_is_one_clean_line_or_nothing(self, value, cleaned):
        assert clean_email(value) == cleaned


class TestEmailKey:
    def test_is_alike_for_two_spellings(self):
        assert email_key(" Nadia@Player.Example") == email_key("nadia@player.example ")
