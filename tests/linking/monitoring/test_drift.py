import pytest

from linking.monitoring.drift import Drift, DriftSignals, infer_drift

REVOKED, LACKING = 401, 403


def noticed(**changes):
    values = {
        "api_url": "https://acme.zendesk.com/api/v2/chat", "refusal_status": None, "has_worked": True, "strangers": 0,
        "linked": 0,
    }  # fmt: skip
    return DriftSignals(**(values | changes))


class TestInfer:
    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({}, ()),
            ({"refusal_status": REVOKED}, (Drift.ACCESS_REVOKED,)),
            ({"refusal_status": LACKING}, (Drift.SCOPE_LOST,)),
            ({"refusal_status": REVOKED, "has_worked": False}, ()),
            ({"api_url": "https://www.zopim.com/api/v2"}, (Drift.HOST_RETIRED,)),
            ({"strangers": 2}, ()),
            ({"strangers": 3}, (Drift.SIGNATURE_UNKNOWN,)),
            ({"strangers": 3, "linked": 1}, ()),
            ({"strangers": 40, "linked": 10}, (Drift.SIGNATURE_UNKNOWN,)),
            ({"strangers": 39, "linked": 10}, ()),
        ],
    )
    def test_says_what_changed(self, changes, found):
        assert infer_drift(noticed(**changes)) == found

    def test_names_the_most_urgent_first(self):
        found = infer_drift(noticed(refusal_status=REVOKED, strangers=9, api_url="https://www.zopim.com/api/v2"))
        assert found == (Drift.ACCESS_REVOKED, Drift.SIGNATURE_UNKNOWN, Drift.HOST_RETIRED)
