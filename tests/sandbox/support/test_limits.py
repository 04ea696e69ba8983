import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Clock
from tests.sandbox.support.calls import API, START, Support

CURSOR = "/incremental/users/cursor"


def count_good(support: Support, path: str, calls: int) -> int:
    return [support.call(path, start_time=START).status for _ in range(calls)].count(200)


class TestClasses:
    @pytest.mark.parametrize(("path", "limit"), [
        (CURSOR, 20), ("/incremental/tickets/cursor", 10), ("/incremental/users/sample", 10), ("/users/show_many", 200),
    ])  # fmt: skip
    def test_have_limits_of_their_own(self, support: Support, path: str, limit: int):
        assert count_good(support, path, limit + 3) == limit
        assert support.call("/users/me").status == (429 if limit == 200 else 200)

    def test_the_feed_counts_in_the_account_by_switch(self, support: Support):
        support.client.control("support", account_limit=5)
        assert count_good(support, CURSOR, 8) == 5
        support.client.control("support", cursor_in_account=False)
        assert support.call(CURSOR, start_time=START).status == 200

    def test_are_free_again_after_a_minute(self, support: Support, clock: Clock):
        count_good(support, CURSOR, 20)
        retry = support.call(CURSOR, start_time=START).headers["retry-after"]
        assert retry == "60"
        clock.now_s += 60
        assert support.call(CURSOR, start_time=START).status == 200

    def test_the_sample_waits_twenty_minutes(self, support: Support, clock: Clock):
        count_good(support, "/incremental/users/sample", 10)
        clock.now_s += 1199
        assert support.call("/incremental/users/sample", start_time=START).status == 429

    def test_zero_lifts_a_limit(self, support: Support):
        support.client.control("support", users_cursor_limit=0, account_limit=0)
        assert count_good(support, CURSOR, 230) == 230

    def test_are_counted_apart(self, support: Support):
        count_good(support, CURSOR, 22)
        support.get("/users/me")
        told = support.client.get("/_control/stats").json()["support"]
        assert told["calls_by_class"] == {"account": 1, "oauth": 1, "users_cursor": 20}
        assert told["refused_by_class"] == {"users_cursor": 2}
        assert told["window_max_by_class"] == {"account": 21, "users_cursor": 20}

    def test_tokens_are_free(self, client: Client):
        client.control("support", account_limit=1)
        supports = [Support(client) for _ in range(3)]
        assert supports[0].call("/users/me").status == 200


class TestHeaders:
    def test_name_account_and_class(self, support: Support):
        support.get("/users/me")
        headers = support.call(CURSOR, start_time=START).headers
        assert headers["zendesk-ratelimit-incremental-exports-cursor"] == "total=20; remaining=19; resets=60"
        assert (headers["x-rate-limit"], headers["x-rate-limit-remaining"]) == ("200", "198")
        assert (headers["ratelimit-limit"], headers["ratelimit-remaining"], headers["ratelimit-reset"]) == (
            "200", "198", "60",
        )  # fmt: skip

    def test_other_exports_have_another_one(self, support: Support):
        headers = support.call("/incremental/tickets/cursor", start_time=START).headers
        assert headers["zendesk-ratelimit-incremental-exports"] == "total=10; remaining=9; resets=60"

    def test_can_be_absent(self, support: Support):
        support.client.control("support", class_headers=False, limit_headers=False)
        assert not [name for name in support.call(CURSOR, start_time=START).headers if "rate" in name]

    @pytest.mark.parametrize(("body", "kind", "words"), [
        ("json", "application/json", b"APIRateLimitExceeded"),
        ("text", "text/plain", b"Number of allowed API requests per minute exceeded"),
        ("edge", "application/json", b"Rate limited by Zendesk edge protection"),
        ("html", "text/html", b"<!doctype html>"),
    ])  # fmt: skip
    def test_a_429_has_several_forms(self, support: Support, body: str, kind: str, words: bytes):
        support.client.control("support", limit_body=body, users_cursor_limit=1)
        count_good(support, CURSOR, 1)
        answer = support.call(CURSOR, start_time=START)
        assert (answer.status, "retry-after" in answer.headers) == (429, True)
        assert answer.headers["content-type"].startswith(kind)
        assert words in answer.body


class TestFaults:
    @pytest.mark.parametrize("status", [502, 503])
    def test_pages_instead_of_json(self, support: Support, status: int):
        support.client.control("faults", status=status, body="html", path="^/support/api/", times=1)
        answer = support.call("/users/me")
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert support.call("/users/me").status == 200

    def test_a_cut_answer(self, support: Support):
        support.client.control("faults", kind="truncated", path="^/support/api/v2/incremental", times=1)
        request = (
            f"GET {API}{CURSOR}?start_time={START} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {support.token}\r\n\r\n"
        )
        head, _, body = support.client.raw(request.encode()).partition(b"\r\n\r\n")
        declared = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        assert 0 < len(body) < declared

    def test_by_default_spare_support(self, support: Support):
        support.client.control("faults", status=500)
        assert support.call("/users/me").status == 200


class TestSwitches:
    @pytest.mark.parametrize("body", [
        {"nothing": 1}, {"limit_body": "xml"}, {"account_limit": -1}, {"account_limit": True}, {"shuffle": 1},
        {"page_at_most": 0}, {"hold_back_s": "60"},
    ])  # fmt: skip
    def test_refuse_nonsense(self, client: Client, body: dict):
        before = client.get("/_control/support").json()
        assert client.call("POST", "/_control/support", body).status == 400
        assert client.get("/_control/support").json() == before

    def test_are_the_first_ones_again_after_a_reset(self, client: Client):
        client.control("support", hold_back_s=0)
        client.control("reset")
        assert client.get("/_control/support").json()["hold_back_s"] == 60
