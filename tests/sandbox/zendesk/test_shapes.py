import pytest

from tests.sandbox.client import Client


class TestVisitorShape:
    def test_created_is_iso_by_switch(self, empty: Client):
        empty.control("visitors", id="9.a", name="A", created=1586950554)
        empty.control("faults", created_as="iso")
        assert empty.chat("/visitors/9.a")["created"] == "2020-04-15T11:35:54Z"

    def test_an_anonymous_one_has_no_external_id(self, empty: Client):
        empty.control("visitors", id="9.a", name="Visitor 12345678")
        assert "external_id" not in empty.chat("/visitors/9.a")

    @pytest.mark.parametrize(("choice", "shown"), [("missing", "absent"), ("null", None), ("empty", "")])
    def test_how_nobody_is_shown_is_a_switch(self, choice: str, shown: object, empty: Client):
        empty.control("visitors", id="9.a", name="Visitor 12345678")
        empty.control("faults", unlinked_as=choice)
        assert empty.chat("/visitors/9.a").get("external_id", "absent") == shown

    def test_a_planted_number_stays_a_number(self, empty: Client):
        empty.control("visitors", id="9.a", name="A", external_id=42)
        assert empty.chat("/visitors/9.a")["external_id"] == 42


class TestTranscript:
    @pytest.fixture
    def history(self, empty: Client) -> list[dict]:
        empty.control("visitors", id="9.a", name="Ann")
        empty.control("chats", id="one", visitor_id="9.a", tags=["vip"], rating="bad", comment="Slow", agent_names=3)
        return empty.chat("/chats/one")["history"]

    def test_tells_of_coming_and_going_tags_rating_and_comment(self, history: list[dict]):
        kinds = ["memberjoin", "msg", "memberjoin", "msg", "tag", "rating", "comment", "memberleave"]
        assert [item["type"] for item in history] == [f"chat.{kind}" for kind in kinds]
        assert (history[4]["new_tags"], history[5]["new_rating"], history[6]["new_comment"]) == (["vip"], "bad", "Slow")

    def test_only_what_the_visitor_wrote_has_a_message_id(self, history: list[dict]):
        assert [(item["name"] == "Ann", "msg_id" in item) for item in history if "msg" in item] == [
            (True, True),
            (False, False),
        ]

    def test_who_wrote_is_told_with_each_message(self, history: list[dict]):
        assert [item["sender_type"] for item in history if "msg" in item] == ["Visitor", "Agent"]

    def test_times_carry_microseconds_and_the_channel_a_dash(self, history: list[dict]):
        assert {item["channel"] for item in history} == {"#supportchat:9-a"}
        assert all(item["timestamp"].endswith(".120000Z") for item in history)

    def test_a_planted_one_is_shown_as_it_is(self, empty: Client):
        empty.control("chats", id="one", visitor_id="9.a", history=[{"msg_id": 2}])
        assert empty.chat("/chats/one")["history"] == [{"msg_id": 2}]
