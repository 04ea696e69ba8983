"""Support's users as they come, and what of them is kept."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.clients.support_records import SupportUser, read_user, read_user_id

RAW = {
    "id": 21478836475, "name": "Nadia\u202e K", "email": "nadia@player.example", "phone": None, "notes": "a\r\nb",
    "created_at": "2026-11-02T10:11:12Z", "updated_at": "2026-11-29T08:00:00Z", "role": "end-user", "active": True,
    "suspended": False, "external_id": "3F0D2C54-7a1e-4c7b-9a55-0e6b6f1d9c01", "user_fields": {"x": [1]},
}  # fmt: skip


def user(**changes):
    return read_user(RAW | changes)


class TestReadUser:
    def test_reads_who_it_is(self):
        assert user() == SupportUser(
            user_id="21478836475",
            external_id=RAW["external_id"],
            is_end_user=True,
            is_active=True,
            updated_at=datetime(2026, 11, 29, 8, tzinfo=UTC),
            raw=RAW,
        )

    @pytest.mark.parametrize("raw", [None, 1, "x", [], {}, {"id": None}, {"id": "a"}, {"id": -1}, {"id": True}])
    def test_knows_nobody_without_an_id(self, raw):
        assert read_user(raw) is None

    @pytest.mark.parametrize("value", [None, "", " ", "null", "a" * 256, {"a": 1}, "a\u202eb"])
    def test_reads_no_external_id_that_can_be_none(self, value):
        assert user(external_id=value).external_id == ""

    def test_takes_agents_for_agents_and_the_deleted_for_deleted(self):
        assert not user(role="agent").is_end_user
        assert not user(active=False).is_active

    def test_never_shows_more_than_it_must(self):
        assert "nadia" not in repr(user())

    @given(st.recursive(st.none() | st.text() | st.integers() | st.floats(), lambda e: st.dictionaries(st.text(), e)))
    def test_never_raises(self, value):
        found = user(external_id=value, updated_at=value, name=value, created_at=value)
        found.as_visitor(user_id="", junk_reason=found.find_junk_reason())


class TestAsVisitor:
    def test_cleans_what_was_written(self):
        record = user(suspended=True).as_visitor(user_id="u")
        assert (record.visitor_id, record.user_id, record.name, record.phone) == ("21478836475", "u", "Nadia K", "")
        assert record.notes == "a\nb"
        assert record.is_banned
        assert record.is_case_blind
        assert record.changed_at == datetime(2026, 11, 29, 8, tzinfo=UTC)

    def test_shows_junk_escaped(self):
        odd = user(external_id="nu\u0000ll")
        record = odd.as_visitor(user_id="", junk_reason=odd.find_junk_reason())
        assert (record.junk_reason, record.junk) == ("unprintable", '"nu\\u0000ll"')

    @pytest.mark.parametrize(("value", "reason"), [(None, ""), ("", ""), ("u", ""), ("null", "junk"), ([], "not_text")])
    def test_says_why_an_id_means_nobody(self, value, reason):
        assert user(external_id=value).find_junk_reason() == reason


@pytest.mark.parametrize(("value", "text"), [(12, "12"), ("12", "12"), (0, ""), ("0", ""), ("1a", ""), (10**20, "")])
def test_reads_ids_as_numbers_and_as_text(value, text):
    assert read_user_id(value) == text
