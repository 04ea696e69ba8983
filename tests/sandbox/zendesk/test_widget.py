from typing import Any

import pytest

from sandbox.jwt import encode_hs256
from sandbox.world.box import Box
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S


def zendesk_jwt(box: Box, user_id: str = "u-1", **changes: Any) -> str:
    now = int(NOW_S)
    claims = {"name": "p@example.com", "email": "p@example.com", "external_id": user_id, "iat": now, "exp": now + 300}
    return encode_hs256(claims=claims | changes, secret=box.config.shared_secret)


def post(client: Client, name: str, **body: Any) -> Any:
    return client.call("POST", f"/widget/{name}", body).json()


def connect(client: Client) -> Any:
    return post(client, "connect")


def sign_in(client: Client, box: Box, user_id: str = "u-1", **claims: Any) -> Any:
    session = connect(client)["session"]
    return {"session": session} | post(client, "authenticate", session=session, jwt=zendesk_jwt(box, user_id, **claims))


class TestConnect:
    def test_makes_an_anonymous_visitor(self, client: Client):
        state = connect(client)
        assert (state["authenticated"], state["external_id"]) == (False, "")
        assert client.chat("/visitors/" + state["visitor_id"])["name"].startswith("Visitor ")

    def test_finds_the_browser_again_by_its_cookie(self, client: Client):
        first = client.call("POST", "/widget/connect", {})
        cookie = first.cookies[0].split(";")[0]
        again = client.call("POST", "/widget/connect", {}, {"Cookie": cookie}).json()
        assert again["visitor_id"] == first.json()["visitor_id"]

    def test_refuses_a_wrong_account_key(self, client: Client):
        assert client.call("POST", "/widget/connect", {"account_key": "other"}).json()["error"] == "account_key"

    def test_refuses_pages_of_other_sites(self, client: Client):
        assert client.call("POST", "/widget/connect", {}, {"Origin": "https://evil.example"}).status == 403


class TestAuthenticate:
    def test_sets_name_email_and_external_id(self, client: Client, box: Box):
        state = sign_in(client, box)
        shown = client.chat("/visitors/" + state["visitor_id"])
        assert (state["ok"], state["authenticated"]) == (True, True)
        assert (shown["external_id"], shown["email"]) == ("u-1", "p@example.com")

    def test_a_refused_token_leaves_an_anonymous_visitor(self, client: Client, box: Box):
        state = sign_in(client, box, exp=int(NOW_S) - 1)
        assert (state["ok"], state["reason"], state["authenticated"]) == (False, "expired", False)
        assert "external_id" not in client.chat("/visitors/" + state["visitor_id"])

    def test_the_external_id_cannot_change(self, client: Client, box: Box):
        session = sign_in(client, box)["session"]
        state = post(client, "authenticate", session=session, jwt=zendesk_jwt(box, "u-2"))
        assert (state["reason"], state["external_id"]) == ("external_id_changed", "u-1")

    def test_the_same_one_again_is_fine(self, client: Client, box: Box):
        session = sign_in(client, box)["session"]
        assert post(client, "authenticate", session=session, jwt=zendesk_jwt(box))["ok"] is True

    def test_a_second_browser_joins_the_first_visitor(self, client: Client, box: Box):
        first = sign_in(client, box)
        own_id = connect(client)
        second = post(client, "authenticate", session=own_id["session"], jwt=zendesk_jwt(box))
        assert second["visitor_id"] == first["visitor_id"]
        assert client.chat("/visitors/" + own_id["visitor_id"])["id"] == first["visitor_id"]

    def test_a_new_shared_secret_cuts_the_proof_and_voids_the_old(self, client: Client, box: Box):
        old = zendesk_jwt(box)
        session = sign_in(client, box)["session"]
        client.control("shared_secret", value="another-secret-another-secret-123")
        assert post(client, "connect", session=session)["authenticated"] is False
        assert post(client, "judge", jwt=old)["reason"] == "signature"

    @pytest.mark.parametrize(("choice", "ok"), [("refuse", False), ("accept", True)])
    def test_whether_an_end_must_be_named_is_a_switch(self, choice: str, ok: bool, client: Client, box: Box):
        client.control("faults", missing_exp=choice)
        claims = {"name": "a@b.example", "email": "a@b.example", "external_id": "u-1", "iat": int(box.clock())}
        token = encode_hs256(claims=claims, secret=box.config.shared_secret)
        assert client.call("POST", "/widget/judge", {"jwt": token}).json()["ok"] is ok

    def test_a_missing_email_can_be_accepted(self, client: Client, box: Box):
        client.control("faults", missing_email="accept")
        state = sign_in(client, box, email="")
        assert (state["ok"], state["email"]) == (True, "")


class TestChatting:
    def test_a_running_chat_is_not_in_the_api(self, client: Client):
        session = connect(client)["session"]
        before = client.chat("/chats")["chats"][0]["id"]
        assert post(client, "messages", session=session, text="Hi")["is_chatting"] is True
        assert client.chat("/chats")["chats"][0]["id"] == before

    def test_a_running_one_is_not_in_the_export_while_its_visitor_can_be_read(self, client: Client, box: Box):
        session = sign_in(client, box, "u-9")
        post(client, "messages", session=session["session"], text="Hi")
        exported = client.chat("/incremental/chats?fields=chats(*)")["chats"]
        assert session["visitor_id"] not in {chat["visitor"]["id"] for chat in exported if chat["visitor"]}
        assert client.chat(f"/visitors/{session['visitor_id']}")["external_id"] == "u-9"

    def test_an_ended_one_is_with_its_visitor(self, client: Client, box: Box):
        state = sign_in(client, box)
        post(client, "messages", session=state["session"], text="Hi <b>")
        chat = client.chat("/chats/" + post(client, "end", session=state["session"])["chat_id"])
        assert (chat["visitor"]["id"], chat["history"][1]["msg"]) == (state["visitor_id"], "Hi <b>")
        assert "external_id" not in chat["visitor"]

    def test_its_transcript_tells_of_coming_going_and_who_wrote(self, client: Client, box: Box):
        state = sign_in(client, box)
        post(client, "messages", session=state["session"], text="Hi")
        chat = client.chat("/chats/" + post(client, "end", session=state["session"])["chat_id"])
        kinds = ["memberjoin", "msg", "msg", "memberleave"]
        assert [item["type"] for item in chat["history"]] == [f"chat.{kind}" for kind in kinds]
        assert [item["name"] for item in chat["history"] if "msg_id" in item] == [chat["visitor"]["name"]]
        assert [chat["history"][2]["name"]] == chat["agent_names"]

    def test_the_export_shows_it_at_once(self, client: Client):
        session = connect(client)["session"]
        post(client, "messages", session=session, text="Hi")
        chat_id = post(client, "end", session=session)["chat_id"]
        page = client.chat("/incremental/chats", start_time=int(NOW_S) - 301)
        assert page["chats"] == [{"id": chat_id}]

    def test_a_chat_begun_before_the_sign_in_keeps_its_older_id(self, client: Client, box: Box):
        known = sign_in(client, box)["visitor_id"]
        early = connect(client)
        post(client, "messages", session=early["session"], text="Hi")
        post(client, "authenticate", session=early["session"], jwt=zendesk_jwt(box))
        chat = client.chat("/chats/" + post(client, "end", session=early["session"])["chat_id"])
        assert chat["visitor"]["id"] == early["visitor_id"] != known
        assert client.chat("/visitors/" + chat["visitor"]["id"])["id"] == known

    def test_ending_nothing_makes_no_chat(self, client: Client):
        assert post(client, "end", session=connect(client)["session"])["chat_id"] is None

    def test_logging_out_ends_the_chat_and_forgets_the_browser(self, client: Client):
        session = connect(client)["session"]
        post(client, "messages", session=session, text="Hi")
        assert client.chat("/chats/" + post(client, "logout", session=session)["chat_id"])["type"] == "chat"
        assert client.call("POST", "/widget/end", {"session": session}).status == 404

    def test_an_offline_message_is_shown_at_once(self, client: Client):
        chat_id = post(client, "offline", session=connect(client)["session"], text="Later")["chat_id"]
        assert client.chat(f"/chats/{chat_id}")["message"] == "Later"

    @pytest.mark.parametrize("text", ["", "  ", None, 3, "x" * 4001])
    def test_refuses_what_is_no_message(self, text: object, client: Client):
        body = {"session": connect(client)["session"], "text": text}
        assert client.call("POST", "/widget/messages", body).status == 400

    def test_carries_half_a_surrogate_pair_without_breaking(self, client: Client):
        state = post(client, "messages", session=connect(client)["session"], text="\ud83d")
        assert state["messages"][0]["text"] == "\ud83d"
