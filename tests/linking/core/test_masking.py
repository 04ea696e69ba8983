import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.masking import mask_email, mask_phone, mask_text


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
    def test_masks_addresses_only(self, text, masked):
        assert mask_text(text) == masked
