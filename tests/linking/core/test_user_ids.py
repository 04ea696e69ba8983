import pytest

from linking.core.user_ids import JUNK_IDS, user_id_flaw, user_id_text


class TestUserIDFlaw:
    @pytest.mark.parametrize(
        "value", ["3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01", "1", "x" * 255, "a b", "Ü", "null1", "-0"]
    )
    def test_is_none_for_a_plausible_id(self, value):
        assert user_id_flaw(value) == ""

    @pytest.mark.parametrize(("value", "flaw"), [
        (None, "not_text"), (1, "not_text"), (True, "not_text"), ([], "not_text"), ("", "blank"), (" \t\n", "blank"),
        ("x" * 256, "too_long"), (" x", "surrounding_blanks"), ("x\u00a0", "surrounding_blanks"),
        ("a\x00", "unprintable"),
        ("a\x7fb", "unprintable"), ("a\u202eb", "unprintable"), ("a\u00a0b", "unprintable"), ("a\ud800", "unprintable"),
    ])  # fmt: skip
    def test_is_named(self, value, flaw):
        assert user_id_flaw(value) == flaw

    @pytest.mark.parametrize("value", [*sorted(JUNK_IDS), "NULL", "Undefined", "[object Object]"])
    def test_is_junk_for_a_word_that_means_nothing(self, value):
        assert user_id_flaw(value) == "junk"


class TestUserIDText:
    @pytest.mark.parametrize(("value", "text"), [
        (12, "12"), (12.0, "12"), (12.5, "12.5"), (0, "0"), (-3, "-3"), (10**30, "1" + "0" * 30), ("12", "12"),
    ])  # fmt: skip
    def test_spells_numbers_out(self, value, text):
        assert user_id_text(value) == text

    @pytest.mark.parametrize("value", [None, True, False, [], {}, float("inf"), pytest.param(10**5000, id="huge")])
    def test_leaves_everything_else_alone(self, value):
        assert user_id_text(value) is value
