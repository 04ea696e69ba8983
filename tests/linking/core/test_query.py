import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.query import QueryKind, dot_form, parse_query

UUID = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
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


class TestDotForm:
    @pytest.mark.parametrize(
        ("given_id", "stored"),
        [("1-a", "1.a"), ("1.a", "1.a"), ("1", "1"), ("a-b", "a-b"), ("1-a-b", "1-a-b"), ("1-a\n", "1-a\n")],
    )
    def test_changes_the_one_mark(self, given_id, stored):
        assert dot_form(given_id) == stored
