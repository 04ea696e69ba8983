import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.masking import mask_email, mask_id, mask_phone, mask_text


class TestMaskEmail:
    @pytest.mark.parametrize(
        ("email", "masked"),
        [
            ("nadia@player.example", "n•••@p•••.example"),
            ("n@p.co.example", "n•••@p•••.example"),
            ("nadia@localhost", "n•••@l•••"),
            ("a@b@c.example", "a•••@c•••.example"),
            ("nadia", "n•••"),
            ("@x.example", "@x•••.example"),
            ("", ""),
        ],
    )
    def test_keeps_first_letters_and_the_ending(self, email, masked):
        assert mask_email(email) == masked

    @given(st.from_regex(r"[a-z]{5,20}@[a-z]{5,20}\.example", fullmatch=True))
    def test_hides_name_and_host(self, email):
        local, _, host = email.partition("@")
        assert local not in mask_email(email) and host not in mask_email(email)


class TestMaskPhone:
    @pytest.mark.parametrize(
        ("phone", "masked"), [("+49 30 1234567", "•••67"), ("12345", "•••"), ("call me", "•••"), ("", ""), (" ", "")]
    )
    def test_keeps_two_digits_at_most(self, phone, masked):
        assert mask_phone(phone) == masked


class TestMaskText:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("Nadia K", "Nadia K"),
            ("nadia@player.example", "n•••@p•••.example"),
            ("Nadia nadia@player.example", "Nadia n•••@p•••.example"),
            ("@nadia", "@nadia"),
            ("", ""),
        ],
    )
    def test_masks_addresses(self, text, masked):
        assert mask_text(text) == masked

    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("Kai +491712345678", "Kai •••78"),
            ("Kai +49 (171) 234-5678!", "Kai •••78!"),
            ("030-1234567", "•••67"),
            ("call 555 1234 now", "call •••34 now"),
            ("0049301234567", "•••67"),
            ("1712345678", "•••78"),
            ("٠١٧١٢٣٤٥٦٧٨", "•••٧٨"),
            ("kai@player.example 030/1234567", "k•••@p•••.example •••67"),
        ],
    )
    def test_masks_phone_numbers(self, text, masked):
        assert mask_text(text) == masked

    @pytest.mark.parametrize(
        "text", ["Visitor 123456789", "order 12345678", "Player 1234567", "2026-11", "v1.2.3", "5 of 10"]
    )
    def test_leaves_other_numbers(self, text):
        assert mask_text(text) == text


class TestMaskID:
    @pytest.mark.parametrize(
        ("user_id", "masked"),
        [
            ("nadia@player.example", "n•••@p•••.example"),
            ("+491712345678", "•••78"),
            ("3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01", "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"),
            ("491712345678", "491712345678"),
            ("", ""),
        ],
    )
    def test_masks_what_a_site_made_of_an_address(self, user_id, masked):
        assert mask_id(user_id) == masked
