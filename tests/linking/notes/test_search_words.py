import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.masking import mask_block
from linking.notes.search_words import build_words


class TestBuildWords:
    def test_puts_all_words_among_the_plain_ones(self):
        words = build_words("Refunded on Monday\nSee order 4711")
        assert (words.plain, words.contact) == (" refunded on monday see order 4711 ", "")

    @pytest.mark.parametrize(
        "hidden", ["nadia@player.example", "+49 30 1234567", "(nadia@player.example)", "1712345678"]
    )
    def test_keeps_addresses_and_numbers_apart(self, hidden):
        words = build_words(f"Call {hidden} back")
        assert words.plain == " call back "
        assert hidden in words.contact

    def test_keeps_a_number_as_digits_too(self):
        assert " 49301234567 " in build_words("Call +49 30 1234567").contact

    @given(text=st.text(alphabet=st.sampled_from("0123456789+-() .@aV\n٣٤"), max_size=60))
    def test_never_has_a_plain_word_that_an_agent_does_not_see(self, text):
        seen = mask_block(text).lower().split()
        assert all(word in seen for word in build_words(text).plain.split())
