import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.search.shown_rows import KEY_MAX, BadShown, decode_shown, encode_shown, mark_of

KEYS = st.integers(min_value=0, max_value=KEY_MAX)
MARKS = st.integers(min_value=0, max_value=65535)


class TestShown:
    @given(st.dictionaries(KEYS, MARKS, max_size=6))
    def test_is_read_as_it_was_written(self, marks):
        assert decode_shown(encode_shown(marks), rows_max=50) == marks

    def test_of_fifty_rows_stored_together_takes_two_hundred_letters(self):
        assert len(encode_shown({4_999_950 + place: 65535 for place in range(50)})) <= 204

    @given(st.text(max_size=60))
    def test_takes_no_other_spelling(self, text):
        try:
            marks = decode_shown(text, rows_max=50)
        except BadShown:
            return
        assert encode_shown(marks) == text

    @pytest.mark.parametrize("text", ["A", "====", "gA", "AAA=", "AAA\n", "é", "//", "_" * 40, "A" * 9999])
    def test_refuses_what_is_damaged(self, text):
        with pytest.raises(BadShown):
            decode_shown(text, rows_max=50)

    def test_refuses_more_rows_than_a_page_has(self):
        with pytest.raises(BadShown):
            decode_shown(encode_shown(dict.fromkeys(range(51), 0)), rows_max=50)


class TestMark:
    def test_is_another_one_when_a_word_moves_to_its_neighbour(self):
        assert mark_of(["ab", "c"]) != mark_of(["a", "bc"])
