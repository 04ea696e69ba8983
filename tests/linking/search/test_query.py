import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.search.query import QueryKind, dot_form, parse_query

UUID = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
OTHER_UUID = "9a55a1b2-0000-4c7b-8a55-0e6b6f1d9c01"
ID = "7700123.ab3XkQ9zLm2Rt7"


class TestParseQuery:
    @pytest.mark.parametrize(
        "text",
        [
            ID,
            "7700123-ab3XkQ9zLm2Rt7",
            f"  {ID} ",
            "visitor:7700123-ab3XkQ9zLm2Rt7",
            "#supportchat:7700123-ab3XkQ9zLm2Rt7",
            "#!7700123-ab3XkQ9zLm2Rt7",
            "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7",
            f'"{ID}",',
            "https://acme.zendesk.com/chat/agent?" + "x" * 300 + "#!7700123-ab3XkQ9zLm2Rt7",
        ],
    )
    def test_knows_a_visitor_id_in_every_form(self, text):
        assert parse_query(text).visitor_id == ID

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("", QueryKind.EMPTY),
            ("\0\x1b", QueryKind.EMPTY),
            (UUID, QueryKind.USER_ID),
            (f"https://publisher.xsolla.com/1/projects/2/login/users/{UUID}", QueryKind.USER_ID),
            ("nadia@player.example", QueryKind.EMAIL),
            ("mailto:nadia@player.example", QueryKind.EMAIL),
            ("Nadia Kovač <nadia@player.example>", QueryKind.EMAIL),
            ("<mailto:nadia@player.example>", QueryKind.EMAIL),
            ("(nadia@player.example).", QueryKind.EMAIL),
            ("<a@player.example>, <b@player.example>", QueryKind.EMAIL),
            (f'"external_id": "{UUID}",', QueryKind.USER_ID),
            (f"Login user ID: {UUID}", QueryKind.USER_ID),
            ("+49 (30) 123-4567", QueryKind.PHONE),
            ("1234", QueryKind.TEXT),
            ("Nadia", QueryKind.TEXT),
            (f"{UUID} {UUID}", QueryKind.USER_ID),
        ],
    )
    def test_knows_what_else_there_is(self, text, kind):
        assert parse_query(text).kind is kind

    def test_takes_the_address_out_of_what_a_mail_program_copies(self):
        assert parse_query('"Kovač, Nadia" <Nadia@Player.example>;').text == "Nadia@Player.example"

    def test_leaves_the_full_stop_of_a_sentence_out_of_an_address(self):
        assert parse_query("nadia@player.example.").text == "nadia@player.example"

    def test_takes_a_visitor_id_of_digits_for_a_phone_number_too(self):
        assert parse_query("030-1234567").digits == "0301234567"

    @given(st.text(max_size=500))
    def test_takes_any_text(self, text):
        query = parse_query(text)
        assert len(query.text) <= 200 and "\0" not in query.text and query.text == query.text.strip()


class TestInASentence:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            (f"he says {UUID}, write to nadia@player.example", (UUID,)),
            (f"https://publisher.xsolla.com/projects/{UUID}/users/{OTHER_UUID}", (UUID, OTHER_UUID)),
            ("External ID 0007-abc", ("0007-abc",)),
            ("external_id: player 7", ("player 7", "player")),
            ('{"name": "x", "external_id": "site-7", "email": ""}', ("site-7",)),
            ("External ID: 0007.", ("0007.", "0007")),
            ("user id player-7", ("player-7",)),
            (f"External ID {UUID}", (UUID,)),
        ],
    )
    def test_the_first_user_id_is_meant(self, text, ids):
        query = parse_query(text)
        assert (query.kind, query.user_ids[-1:] if len(ids) == 1 else query.user_ids) == (QueryKind.USER_ID, ids)

    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("please help nadia@player.example, she waits", "nadia@player.example"),
            ("E-mail: nadia@player.example", "nadia@player.example"),
            ("a@player.example and b@player.example", "a@player.example"),
            (f"nadia@player.example has {UUID}", "nadia@player.example"),
            ("Requester: 'o'brien@player.example'.", "o'brien@player.example"),
        ],
    )
    def test_the_first_address_is_meant(self, text, address):
        assert (parse_query(text).kind, parse_query(text).text) == (QueryKind.EMAIL, address)

    @pytest.mark.parametrize(
        "text", [f"Visitor ID: {ID}", "visitor_id=7700123-ab3XkQ9zLm2Rt7", f"look at {ID} please", f"({ID})."]
    )
    def test_a_visitor_id_is_meant(self, text):
        assert parse_query(text).visitor_id == ID

    @pytest.mark.parametrize("text", ["until 2026-11-30", "version 1.2", "from 2024.springtime-tour on"])
    def test_a_date_or_a_version_is_no_visitor_id(self, text):
        assert parse_query(text).kind is QueryKind.TEXT


class TestChatsAndTickets:
    @pytest.mark.parametrize(
        "text",
        [
            "2611.7700123.SbQ2", "Chat ID: 2611.7700123.SbQ2", "see 2611.7700123.SbQ2.",
            "https://acme.zendesk.com/chat/agent#history/2611.7700123.SbQ2?x=1",
        ],
    )  # fmt: skip
    def test_a_chat_id_is_known_everywhere(self, text):
        assert (parse_query(text).kind, parse_query(text).chat_id) == (QueryKind.CHAT_ID, "2611.7700123.SbQ2")

    def test_an_address_of_the_internet_is_no_chat_id(self):
        assert parse_query("192.168.17.5").kind is not QueryKind.CHAT_ID

    @pytest.mark.parametrize(
        "text",
        [
            "https://acme.zendesk.com/agent/tickets/4711", "https://acme.zendesk.com/agent/#/tickets/4711",
            "https://acme.zendesk.com/hc/en-us/requests/4711", "Ticket #4711", "ticket id: 4711",
        ],
    )  # fmt: skip
    def test_a_ticket_is_known(self, text):
        assert (parse_query(text).kind, parse_query(text).ticket) == (QueryKind.TICKET, "4711")


class TestWords:
    def test_stand_without_the_marks_around_them(self):
        assert parse_query('"Moretti", (Luca)').words == ("Moretti", "Luca")

    @pytest.mark.parametrize(
        ("text", "operator"),
        [
            ("is:linked", "is"), ("nadia has:email", "has"), ("https://shop.example/x", ""), ("nadia", ""),
            ("12:30", ""), ("tel:+49301234567", ""), ("mailto:x", ""),
        ],
    )  # fmt: skip
    def test_name_an_operator_that_there_may_not_be(self, text, operator):
        assert parse_query(text).operator == operator


class TestDotForm:
    @pytest.mark.parametrize(
        ("given_id", "stored"),
        [("1-a", "1.a"), ("1.a", "1.a"), ("1", "1"), ("a-b", "a-b"), ("1-a-b", "1-a-b"), ("1-a\n", "1-a\n")],
    )
    def test_changes_the_one_mark(self, given_id, stored):
        assert dot_form(given_id) == stored
