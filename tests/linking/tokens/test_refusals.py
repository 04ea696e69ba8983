import re

from linking.tokens.refusals import REFUSALS, STATUSES, Code, Reason


class TestRefusals:
    def test_have_one_row_a_reason(self):
        assert set(REFUSALS) == set(Reason)

    def test_give_every_code_a_status(self):
        assert set(STATUSES) == set(Code)

    def test_are_one_plain_sentence_each(self):
        assert [row.reason for row in REFUSALS.values() if not re.fullmatch(r'["A-Z][ -~]+\.', row.description)] == []

    def test_carry_the_stable_codes(self):
        found = {row.code.value: row.status for row in REFUSALS.values()}
        assert found == {
            "00-00": 401, "00-01": 401, "00-02": 422, "00-03": 422, "00-04": 403,
            "00-05": 429, "00-06": 404, "00-07": 503, "00-08": 405,
        }  # fmt: skip
