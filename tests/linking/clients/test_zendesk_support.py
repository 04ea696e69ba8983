"""The Support client against answers as they come over the wire."""

import json

import pytest

from linking.clients.zendesk_api import AnswerOverLimit, ZendeskBroken, ZendeskGone, ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_support import CursorRefused, SupportClient
from tests.linking.scripted_server import answer, scripted

USER = {"id": 7, "role": "end-user", "external_id": "A"}
PAGE = {
    "users": [USER, {"name": "nobody"}], "after_cursor": "MTU3|=", "after_url": "https://evil/",
    "end_of_stream": False,
}  # fmt: skip


def as_json(value, **options):
    return answer(json.dumps(value).encode(), **options)


def ask(script, call):
    with scripted(script) as server:
        client = SupportClient(base_url=server.url, access_token="a-token", allow_loopback=True)
        return call(client), server, client


def page(script, **place):
    return ask(script, lambda client: client.users_page(**(place or {"start_epoch_s": 60})))


class TestUsersPage:
    def test_asks_from_a_time_first_and_from_the_cursor_alone_after(self):
        _, server, _ = page(as_json(PAGE))
        assert server.heads[0].startswith("GET /incremental/users/cursor?start_time=60&per_page=1000 HTTP/1.1")
        _, server, _ = page(as_json(PAGE), cursor="a|b==")
        assert server.heads[0].startswith("GET /incremental/users/cursor?cursor=a%7Cb%3D%3D&per_page=1000 HTTP/1.1")

    def test_returns_users_cursor_and_how_many_cannot_be_read(self):
        found, _, _ = page(as_json(PAGE))
        assert ([user.user_id for user in found.users], found.cursor, found.is_end) == (["7"], "MTU3|=", False)
        assert found.unreadable == 1

    def test_takes_an_empty_page_for_a_page(self):
        found, _, _ = page(as_json(PAGE | {"users": []}))
        assert (found.users, found.is_end) == ((), False)

    def test_needs_no_cursor_at_the_end(self):
        found, _, _ = page(as_json({"users": [], "after_cursor": None, "end_of_stream": True}))
        assert (found.cursor, found.is_end) == ("", True)

    @pytest.mark.parametrize(
        "change",
        [
            {"users": None}, {"users": {}}, {"users": [{"name": "nobody"}]},
            {"end_of_stream": None}, {"end_of_stream": "false"}, {"after_cursor": None},
            {"after_cursor": ""}, {"after_cursor": 7}, {"after_cursor": "a" * 5000}, {"after_cursor": "a\nb"},
        ],
    )  # fmt: skip
    def test_refuses_a_page_that_leads_nowhere(self, change):
        with pytest.raises(ZendeskBroken):
            page(as_json(PAGE | change))

    @pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "422 Unprocessable Entity"])
    def test_tells_a_refused_cursor_from_a_wrong_address(self, status):
        with pytest.raises(CursorRefused):
            page(as_json({"error": "InvalidValue"}, status=status), cursor="old")
        with pytest.raises((ZendeskRefused, ZendeskBroken)):
            page(as_json({"error": "InvalidValue"}, status=status))

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b'{"error":"APIRateLimitExceeded"}', "application/json"),
            (b"Number of allowed API requests per minute exceeded", "text/plain"),
            (b'{"detail":"Rate limited by Zendesk edge protection","status":"429"}', "application/problem+json"),
        ],
    )
    def test_waits_whatever_form_the_refusal_has(self, body, kind):
        headers = f"Content-Type: {kind}\r\nRetry-After: 9"
        with pytest.raises(ZendeskTryLater) as caught:
            page(answer(body, status="429 Too Many Requests", headers=headers))
        assert (caught.value.reason, caught.value.retry_after_s) == ("vendor_pause", 9)

    def test_asks_for_half_after_a_page_that_is_too_large(self, monkeypatch):
        monkeypatch.setattr("linking.clients.outbound.MAX_BODY_BYTES", 10)
        with scripted(as_json(PAGE)) as server:
            client = SupportClient(base_url=server.url, access_token="a-token", allow_loopback=True)
            for _ in range(2):
                with pytest.raises(AnswerOverLimit):
                    client.users_page(cursor="c")
        assert ["per_page=1000" in server.heads[0], "per_page=500" in server.heads[1]] == [True, True]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("Zendesk-RateLimit-incremental-exports-cursor: total=20; remaining=0; resets=47", 47),
            ("zendesk-ratelimit-incremental-exports-cursor: total=20; remaining=3; resets=47", 0),
            ("Zendesk-RateLimit-incremental-exports-cursor: total=20; remaining=0; resets=999999", 600),
            ("Zendesk-RateLimit-incremental-exports-cursor: nonsense", 0),
            ("ratelimit-remaining: 0\r\nratelimit-reset: 9", 0),
        ],
    )
    def test_reads_what_is_left_of_the_export(self, header, seconds):
        _, _, client = page(as_json(PAGE, headers=f"Content-Type: application/json\r\n{header}"))
        assert client.used_up_s == seconds


class TestShowUsers:
    def test_asks_for_many_at_once(self):
        found, server, _ = ask(
            as_json({"users": [USER], "count": 1}),
            lambda client: client.show_users(external_ids=["a", "b c"]),
        )
        assert server.heads[0].startswith("GET /users/show_many?external_ids=a%2Cb+c HTTP/1.1")
        assert [user.external_id for user in found] == ["A"]

    def test_reads_what_is_left_of_the_account(self):
        headers = (
            "Content-Type: application/json\r\nratelimit-limit: 200\r\nratelimit-remaining: 0\r\nratelimit-reset: 12"
        )
        _, _, client = ask(
            as_json({"users": []}, headers=headers), lambda client: client.show_users(external_ids=["a"])
        )
        assert client.used_up_s == 12


class TestUser:
    def test_reads_one(self):
        found, server, _ = ask(as_json({"user": USER}), lambda client: client.user(user_id="7"))
        assert (found.user_id, server.heads[0][:19]) == ("7", "GET /users/7 HTTP/1")

    def test_tells_that_one_is_gone(self):
        with pytest.raises(ZendeskGone):
            ask(as_json({"error": "RecordNotFound"}, status="404 Not Found"), lambda client: client.user(user_id="7"))

    def test_believes_no_answer_about_another(self):
        with pytest.raises(ZendeskBroken):
            ask(as_json({"user": USER | {"id": 8}}), lambda client: client.user(user_id="7"))

    @pytest.mark.parametrize("user_id", ["", "me", "../tickets/1", "1?x"])
    def test_asks_for_nothing_that_is_no_id(self, user_id):
        with pytest.raises(ZendeskGone):
            SupportClient(base_url="http://127.0.0.1:1", access_token="t", allow_loopback=True).user(user_id=user_id)


class TestTokenOwner:
    def test_reads_role_and_id(self):
        owner, _, _ = ask(as_json({"user": {"id": 9, "role": "admin"}}), lambda client: client.token_owner())
        assert (owner.user_id, owner.role) == ("9", "admin")

    @pytest.mark.parametrize("body", [{"user": {"id": None, "role": "end-user"}}, {"user": None}, {}])
    def test_knows_an_anonymous_answer(self, body):
        owner, _, _ = ask(as_json(body), lambda client: client.token_owner())
        assert owner.user_id == ""


def test_tries_the_export_by_its_sample():
    _, server, _ = ask(as_json({"users": []}), lambda client: client.try_export(start_epoch_s=5))
    assert server.heads[0].startswith("GET /incremental/users/sample?start_time=5 ")
    with pytest.raises(ZendeskRefused) as caught:
        ask(as_json({"error": "Forbidden"}, status="403 Forbidden"), lambda client: client.try_export(start_epoch_s=5))
    assert caught.value.reason == "scope"
