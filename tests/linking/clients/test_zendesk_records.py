"""Visitors and chats as Zendesk really sends them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.clients.zendesk_records import (
    ChatRecord,
    Unreadable,
    VisitorRecord,
    dot_form,
    id_text,
    parse_chat,
    parse_time,
    parse_visitor,
)
from linking.core.states import ChatKind

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USER_ID = "0d6a2f5e-1111-4222-8333-9a9a9a9a9a9a"
VISITOR = {
    "id": "7700123.ab3XkQ9zLm2Rt7", "name": "p1@example.com", "email": "p1@example.com", "phone": "", "notes": "",
    "banned": False, "created": 1586950554, "external_id": USER_ID,
}  # fmt: skip
CHAT = {
    "id": "2611.7700123.SbQ2", "type": "chat", "update_timestamp": "2026-11-20T10:00:00Z", "deleted": False,
    "visitor": {"id": "7700123.ab3XkQ9zLm2Rt7", "name": "N", "email": "", "phone": "", "notes": ""},
}  # fmt: skip
LINE_FIELDS = (
    "timestamp", "end_timestamp", "duration", "rating", "tags", "department_name", "missed", "zendesk_ticket_id",
)  # fmt: skip
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def visitor(**changes):
    return parse_visitor({key: value for key, value in (VISITOR | changes).items() if value is not ...})


def chat(**changes):
    return parse_chat({key: value for key, value in (CHAT | changes).items() if value is not ...}, fallback_at=AT)


class TestForms:
    def test_dash_becomes_dot_once(self):
        assert dot_form("7700123-ab-c") == "7700123.ab-c"

    @pytest.mark.parametrize("visitor_id", ["1", "abc-def", "", "7700123.ab"])
    def test_leaves_other_ids_alone(self, visitor_id):
        assert dot_form(visitor_id) == visitor_id


class TestIdText:
    @pytest.mark.parametrize(
        ("value", "text"), [(1, "1"), ("1.12345", "1.12345"), (1.12345, "1.12345"), ("a-b", "a-b")]
    )
    def test_reads_every_kind_that_was_seen(self, value, text):
        assert id_text(value) == text

    @pytest.mark.parametrize(
        "value", [None, True, "", ".", "..", "a/b", "a b", "ä", "a\n", "x" * 256, [], {}, float("nan")]
    )
    def test_refuses_what_cannot_be_an_id(self, value):
        assert id_text(value) == ""


class TestParseVisitor:
    def test_reads_the_published_shape(self):
        record = visitor()
        assert (record.visitor_id, record.user_id, record.email) == (VISITOR["id"], USER_ID, "p1@example.com")

    def test_reads_created_as_epoch_seconds(self):
        assert visitor().created_at == datetime(2020, 4, 15, 11, 35, 54, tzinfo=UTC)

    def test_reads_created_as_text(self):
        assert visitor(created="2020-04-15T11:35:54Z").created_at == datetime(2020, 4, 15, 11, 35, 54, tzinfo=UTC)

    def test_turns_the_dash_form_of_an_id_into_the_dot_form(self):
        assert visitor(id="7700123-ab").visitor_id == "7700123.ab"

    @pytest.mark.parametrize("nothing", [None, "", ...])
    def test_knows_an_anonymous_visitor(self, nothing):
        record = visitor(external_id=nothing)
        assert (record.user_id, record.junk_reason) == ("", "")

    def test_tells_a_missing_field_from_an_empty_one(self):
        assert (visitor(external_id=...).has_external_id, visitor(external_id=None).has_external_id) == (False, True)

    @pytest.mark.parametrize(("value", "user_id"), [(12, "12"), (12.0, "12"), ("0012", "0012"), ("Ä", "Ä")])
    def test_takes_a_number_for_its_decimal_text(self, value, user_id):
        assert visitor(external_id=value).user_id == user_id

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (" ", "blank"), ("null", "junk"), ("Undefined", "junk"), ("0", "junk"), (0, "junk"),
            (" a", "surrounding_blanks"), ("a\x00", "unprintable"), ("x" * 256, "too_long"), (True, "not_text"),
            (["a"], "not_text"), ({}, "not_text"),
        ],
    )  # fmt: skip
    def test_takes_junk_for_junk(self, value, reason):
        record = visitor(external_id=value)
        assert (record.user_id, record.junk_reason) == ("", reason)

    def test_shows_junk_in_a_form_every_database_can_keep(self):
        assert visitor(external_id="a\x00\ud800").junk == '"a\\u0000\\ud800"'

    @pytest.mark.parametrize("field", ["name", "email", "phone", "notes", "created", "banned"])
    @pytest.mark.parametrize("value", [None, 7, [], {"a": 1}, ...])
    def test_survives_a_field_of_another_type(self, field, value):
        assert isinstance(visitor(**{field: value}), VisitorRecord)

    def test_ignores_unknown_fields(self):
        assert visitor(brand_new={"a": 1}) == visitor()

    def test_cleans_what_a_visitor_wrote(self):
        assert visitor(name="a\u202eb\x00").name == "ab"

    @pytest.mark.parametrize("raw", [None, [], "x", {}, {"id": None}, {"id": "a/b"}])
    def test_returns_what_it_cannot_read_as_a_value(self, raw):
        assert isinstance(parse_visitor(raw), Unreadable)

    @given(raw=st.dictionaries(st.sampled_from(sorted(VISITOR)), JSON_VALUES))
    def test_never_raises(self, raw):
        assert isinstance(parse_visitor(raw), VisitorRecord | Unreadable)


class TestParseChat:
    def test_reads_the_published_shape(self):
        record = chat()
        assert (record.chat_id, record.visitor.visitor_id) == ("2611.7700123.SbQ2", "7700123.ab3XkQ9zLm2Rt7")

    def test_reads_a_chat_without_visitor(self):
        assert chat(visitor=None).visitor is None

    def test_reads_a_chat_without_times(self):
        assert parse_chat({"id": "x", "visitor": None}, fallback_at=AT) == ChatRecord(chat_id="x", updated_at=AT)

    def test_does_not_take_a_missing_visitor_for_none(self):
        assert isinstance(parse_chat({"id": "x"}, fallback_at=AT), Unreadable)

    @pytest.mark.parametrize("value", [..., None, "nonsense", [], "2026-13-45T00:00:00Z"])
    def test_falls_back_to_the_start_of_the_chat(self, value):
        record = chat(update_timestamp=value, timestamp="2026-11-20T09:00:00Z")
        assert record.updated_at == datetime(2026, 11, 20, 9, tzinfo=UTC)

    def test_does_not_believe_a_time_that_is_still_to_come(self):
        raw = CHAT | {"update_timestamp": "2099-01-01T00:00:00Z", "timestamp": "2026-11-20T09:00:00Z"}
        record = parse_chat(raw, fallback_at=AT, latest_at=AT)
        assert record.updated_at == datetime(2026, 11, 20, 9, tzinfo=UTC)

    def test_falls_back_to_the_page(self):
        assert chat(update_timestamp=...).updated_at == AT

    @pytest.mark.parametrize("value", ["x", [], {}, {"id": None}, {"id": ""}, {"name": "N"}, 7])
    def test_sets_a_chat_aside_whose_visitor_cannot_be_read(self, value):
        assert chat(visitor=value).reason == "The chat's visitor cannot be read."

    def test_keys_an_unreadable_chat_by_its_id(self):
        assert chat(visitor=7).key == CHAT["id"]

    def test_keys_a_chat_without_id_by_a_digest_that_stays(self):
        assert chat(id=None).key == chat(id=None).key != chat(id=None, type="x").key

    def test_clips_what_it_keeps_of_an_unreadable_chat(self):
        assert len(chat(visitor=7, notes="x" * 10_000).raw) == 2_000

    def test_reads_a_chat_as_a_line(self):
        record = chat(
            type="chat", timestamp="2026-11-20T09:00:00Z", duration=372, rating="good", missed=False,
            department_name="Billing", tags=["vip", "refund"], zendesk_ticket_id=4711,
        )  # fmt: skip
        assert (record.kind, record.length_s, record.rating, record.department, record.tags, record.ticket_id) == (
            ChatKind.CHAT, 372, "good", "Billing", ("vip", "refund"), 4711,
        )  # fmt: skip
        assert record.started_at == datetime(2026, 11, 20, 9, tzinfo=UTC)

    def test_reads_a_chat_that_no_agent_answered(self):
        assert chat(type="chat", missed=True).kind == ChatKind.MISSED

    def test_reads_an_offline_message(self):
        record = chat(type="offline_msg", timestamp="2026-11-20T09:00:00Z", message="Where is my sword?")
        assert (record.kind, record.length_s) == (ChatKind.OFFLINE, None)

    @pytest.mark.parametrize("duration", [..., None, "372", True, 3.5, []])
    def test_counts_the_length_itself_where_zendesk_gives_none(self, duration):
        times = {"timestamp": "2026-11-20T09:00:00Z", "end_timestamp": "2026-11-20T09:01:00Z"}
        assert chat(duration=duration, **times).length_s == 60

    @pytest.mark.parametrize("duration", [-1, 10**9, 10**400])
    def test_believes_no_length_that_cannot_be(self, duration):
        assert chat(duration=duration).length_s is None

    @pytest.mark.parametrize("rating", [None, "", "meh", 5, ["good"]])
    def test_takes_no_other_word_for_a_rating(self, rating):
        assert chat(rating=rating).rating == ""

    def test_bounds_and_cleans_tags(self):
        tags = ["a", "a", "", None, {"x": 1}, "b\u202e\x00", "x" * 500, *(f"t{number}" for number in range(100))]
        record = chat(tags=tags)
        assert (record.tags[:3], len(record.tags)) == (("a", "b", "x" * 50), 20)

    @pytest.mark.parametrize("ticket", [None, True, 0, -5, "4711", 2**63, {}])
    def test_takes_no_other_value_for_a_ticket(self, ticket):
        assert chat(zendesk_ticket_id=ticket).ticket_id is None

    def test_does_not_believe_a_start_that_is_still_to_come(self):
        raw = CHAT | {"timestamp": "2099-01-01T00:00:00Z"}
        assert parse_chat(raw, fallback_at=AT, latest_at=AT).started_at is None

    def test_reads_nothing_that_was_said(self):
        said = {"history": [{"msg": "secret"}], "message": "secret", "comment": "secret", "agent_names": ["secret"]}
        assert chat(**said) == chat()

    @given(raw=st.dictionaries(st.sampled_from([*sorted(CHAT), *LINE_FIELDS]), JSON_VALUES) | JSON_VALUES)
    def test_never_raises(self, raw):
        assert isinstance(parse_chat(raw, fallback_at=AT), ChatRecord | Unreadable)


class TestParseTime:
    @pytest.mark.parametrize(
        "value",
        [
            1795348800, 1795348800.0, "1795348800", "2026-11-22T12:00:00Z", "2026-11-22T12:00:00+00:00Z",
            "2026-11-22T12:00:00", "2026-11-22T13:00:00+01:00", "2026-11-22 12:00:00Z", "2026-11-22T12:00:00.000000Z",
        ],
    )  # fmt: skip
    def test_reads_every_form_that_was_seen(self, value):
        assert parse_time(value) == AT

    @pytest.mark.parametrize(
        "value", [None, True, "", "x", -1, 1586950554000, float("nan"), float("inf"), 10**400, "9" * 50]
    )
    def test_reads_no_time_into_nonsense(self, value):
        assert parse_time(value) is None

    @pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    def test_survives_times_at_the_end_of_the_calendar(self, value):
        assert parse_time(value) is None
