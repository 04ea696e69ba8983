from datetime import UTC, datetime, timedelta

import pytest

from linking.core.trust import Trust, judge_trust

CONFIRMED_AT = datetime(2026, 11, 29, 10, 5, tzinfo=UTC)
BEFORE, AFTER = CONFIRMED_AT - timedelta(minutes=3), CONFIRMED_AT + timedelta(seconds=1)


def judge(**changes):
    values = {"is_linked": True, "is_disputed": False, "first_token_at": BEFORE, "confirmed_at": CONFIRMED_AT}
    return judge_trust(**(values | changes))


class TestJudgeTrust:
    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({}, Trust.PROVEN),
            ({"first_token_at": CONFIRMED_AT}, Trust.PROVEN),
            ({"first_token_at": AFTER}, Trust.CLAIMED),
            ({"first_token_at": None}, Trust.CLAIMED),
            ({"confirmed_at": None}, Trust.CLAIMED),
            ({"is_disputed": True}, Trust.DISPUTED),
            ({"is_disputed": True, "first_token_at": None}, Trust.DISPUTED),
            ({"is_disputed": True, "first_token_at": AFTER}, Trust.DISPUTED),
            ({"is_linked": False}, Trust.NONE),
            ({"is_linked": False, "is_disputed": True}, Trust.NONE),
        ],
    )
    def test_gives_one_word(self, changes, word):
        assert judge(**changes) is word

    def test_uses_the_words_of_the_contract(self):
        assert [str(word) for word in Trust] == ["proven", "claimed", "disputed", ""]
