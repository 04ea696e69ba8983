"""The Chat client against answers as they come over the wire."""

import json
from urllib.parse import quote

import pytest

from linking.clients.zendesk_api import ZendeskBroken, ZendeskGone, ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_chat import ChatClient
from linking.clients.zendesk_records import Unreadable
from tests.linking.scripted_server import answer, scripted

PAGE = {"chats": [{"id": "a"}], "count": 1, "end_time": 1760000000, "end_id": "a", "next_page": "https://evil.tld/"}


def client(url):
    return ChatClient(base_url=url, access_token="a-token", allow_loopback=True)


def as_json(value, **options):
    return answer(json.dumps(value).encode(), **options)


def export(script, **options):
    with scripted(script) as server:
        return client(server.url).export_page(**({"start_epoch_s": 1} | options)), server


def visitor(script, visitor_id="7.a"):
    with scripted(script) as server:
        return client(server.url).visitor(visitor_id=visitor_id), server


class TestExportPage:
    def test_asks_for_the_fields_it_uses_and_nothing_more(self):
        _, server = export(as_json(PAGE))
        fields = quote(
            "chats(id,type,update_timestamp,timestamp,end_timestamp,deleted,visitor,duration,rating,tags,"
            "department_name,missed,zendesk_ticket_id)"
        )
        wanted = f"/incremental/chats?start_time=1&limit=1000&fields={fields}"
        assert server.heads[0].startswith(f"GET {wanted} HTTP/1.1")

    def test_carries_the_second_half_of_the_cursor(self):
        _, server = export(as_json(PAGE), start_id="2611.7.x")
        assert "&start_id=2611.7.x " in server.heads[0]

    def test_signs_in_with_the_token(self):
        _, server = export(as_json(PAGE))
        assert "Authorization: Bearer a-token" in server.heads[0]

    def test_returns_records_and_cursor(self):
        page, _ = export(as_json(PAGE))
        assert (page.records, page.end_epoch_s, page.end_id, page.is_short) == (({"id": "a"},), 1760000000, "a", True)

    def test_knows_a_full_page(self):
        page, _ = export(as_json(PAGE), limit=1)
        assert not page.is_short

    @pytest.mark.parametrize(
        ("next_page", "is_short"),
        [
            (
                "https://acme.zendesk.com/api/v2/chat/incremental/chats?fields=chats%28%2A%29&limit=1&start_time=1",
                False,
            ),
            ("/x?limit=1", False),
            ("?limit=2", True),
            ("?limit=1000", True),
            ("?limit=5000", True),
            *(
                (text, True)
                for text in ("", "?", "?limit=", "?limit=0", "?limit=-1", "?limit=1.0", "?limit=x", "limit=1")
            ),
            ("?limit=" + "9" * 5000, True),
            ("?" + "a=1&" * 1000 + "limit=1", True),
            ("http://[", True),
            *((junk, True) for junk in (None, 7, [], {}, True)),
        ],
    )
    def test_takes_a_page_for_full_by_the_limit_that_was_in_force(self, next_page, is_short):
        page, _ = export(as_json(PAGE | {"next_page": next_page}))
        assert page.is_short is is_short

    def test_refuses_a_page_with_more_records_than_memory_is_meant_for(self):
        with pytest.raises(ZendeskBroken, match="50001 records"):
            export(as_json({"chats": [1] * 50_001}))

    @pytest.mark.parametrize("end_time", [None, "soon", True, -1, 1e300, [], 1760000000000000])
    def test_reads_no_cursor_into_nonsense(self, end_time):
        page, _ = export(as_json(PAGE | {"end_time": end_time}))
        assert page.end_epoch_s is None

    @pytest.mark.parametrize("body", [{}, {"chats": None}, {"chats": {}}, [], "x", 7, None])
    def test_refuses_a_page_of_another_shape(self, body):
        with pytest.raises(ZendeskBroken):
            export(as_json(body))

    @pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
    def test_tells_that_no_chat_api_lives_there(self, status):
        with pytest.raises(ZendeskRefused) as caught:
            export(as_json({}, status=status))
        assert caught.value.reason == "host"


class TestVisitor:
    def test_returns_the_canonical_id(self):
        record, _ = visitor(as_json({"id": "7.canonical", "external_id": "u"}), "7-asked")
        assert (record.visitor_id, record.user_id) == ("7.canonical", "u")

    def test_escapes_the_id_it_asks_for(self):
        _, server = visitor(as_json({"id": "7.a"}), "7/../?#%")
        assert server.heads[0].startswith("GET /visitors/7%2F..%2F%3F%23%25 HTTP/1.1")

    @pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
    def test_tells_that_a_visitor_is_gone(self, status):
        with pytest.raises(ZendeskGone):
            visitor(as_json({"error": "Not Found"}, status=status))

    def test_returns_an_unreadable_visitor_as_a_value(self):
        record, _ = visitor(as_json({"id": None}))
        assert isinstance(record, Unreadable)

    def test_takes_an_id_the_vendor_cannot_stand_for_unreadable(self):
        record, _ = visitor(as_json({}, status="400 Bad Request"))
        assert record.key == "7.a"


class TestStatus:
    @pytest.mark.parametrize(("status", "reason"), [("401 Unauthorized", "credentials"), ("403 Forbidden", "scope")])
    def test_calls_a_person_when_the_token_is_refused(self, status, reason):
        with pytest.raises(ZendeskRefused) as caught:
            export(answer(b"<html>", status=status, headers="Content-Type: text/html"))
        assert (caught.value.reason, caught.value.status) == (reason, int(status[:3]))

    @pytest.mark.parametrize(("header", "seconds"), [("Retry-After: 7", 7), ("Retry-After: soon", 60), ("X: y", 60)])
    def test_waits_as_long_as_the_vendor_says(self, header, seconds):
        with pytest.raises(ZendeskTryLater) as caught:
            export(answer(b"slow down", status="429 Too Many Requests", headers=header))
        assert (caught.value.reason, caught.value.retry_after_s) == ("vendor_pause", seconds)

    @pytest.mark.parametrize("status", ["500 x", "502 x", "503 x", "504 x", "599 x", "408 x"])
    def test_tries_later_when_the_vendor_fails(self, status):
        with pytest.raises(ZendeskTryLater) as caught:
            visitor(answer(b"", status=status))
        assert (caught.value.reason, caught.value.retry_after_s) == ("vendor_fault", 0)

    @pytest.mark.parametrize("status", ["204 No Content", "302 Found", "400 Bad Request", "418 Teapot"])
    def test_takes_any_other_answer_for_broken(self, status):
        with pytest.raises(ZendeskBroken):
            export(answer(b"{}", status=status, headers="Location: http://127.0.0.1:1/"))

    def test_tries_later_when_the_connection_breaks(self):
        with pytest.raises(ZendeskTryLater):
            export(b"")


class TestFacts:
    def test_reads_the_account(self):
        body = {"account_key": "K", "status": "active", "plan": {"rest_api": True}}
        with scripted(as_json(body, headers="Date: Sun, 22 Nov 2026 12:00:00 GMT")) as server:
            facts = client(server.url).account()
        assert (facts.account_key, facts.has_rest_api, facts.answered_at.hour) == ("K", True, 12)

    def test_reads_an_account_without_plan(self):
        with scripted(as_json({})) as server:
            assert client(server.url).account().has_rest_api is None

    def test_reads_whose_token_it_is(self):
        with scripted(as_json({"id": 7, "enabled": True, "roles": {"owner": True, "administrator": False}})) as server:
            facts = client(server.url).agents_me()
        assert (facts.agent_id, facts.is_enabled, facts.roles) == ("7", True, ("owner",))
