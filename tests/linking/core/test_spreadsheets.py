"""Cells that must not run."""

import pytest

from linking.core.spreadsheets import inert


class TestInert:
    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@SUM", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a", "  =1"]
    )
    def test_disarms_what_could_be_a_formula(self, text):
        assert inert(text) == "'" + text

    @pytest.mark.parametrize("text", ["", "Nadia", "a=b", "7700123.ab", "n@player.example", "'quoted"])
    def test_leaves_plain_text_alone(self, text):
        assert inert(text) == text
