import pytest

from tests.sandbox.client import CHAT, Client


class TestLimit:
    def test_two_hundred_a_minute_then_429_with_retry_after(self, client: Client, clock):
        statuses = [client.get(f"{CHAT}/agents/me").status for _ in range(200)]
        clock.now_s += 20
        refused = client.get(f"{CHAT}/agents/me")
        assert set(statuses) == {200}
        assert (refused.status, refused.headers["retry-after"]) == (429, "40")

    def test_slides(self, client: Client, clock):
        client.control("faults", limit_per_minute=2)
        client.chat("/account")
        clock.now_s += 59
        client.chat("/account")
        clock.now_s += 2
        assert [client.get(f"{CHAT}/account").status for _ in range(2)] == [200, 429]

    def test_counts_both_prefixes_as_one_account(self, client: Client):
        client.control("faults", limit_per_minute=1)
        client.get("/api/v2/account")
        assert client.get(f"{CHAT}/account").status == 429

    def test_can_count_each_endpoint_apart(self, client: Client):
        client.control("faults", limit_per_minute=1, limit_scope="endpoint")
        paths = ["/account", "/agents/1180021", "/agents/1180034", "/account"]
        assert [client.get(CHAT + path).status for path in paths] == [200, 200, 429, 429]

    def test_is_told_in_the_headers_of_ticketing_by_switch_only(self, client: Client, clock):
        names = ("x-rate-limit", "x-rate-limit-remaining", "ratelimit-reset")
        assert not set(names) & set(client.get(f"{CHAT}/account").headers)
        client.control("faults", limit_headers="ticketing", limit_per_minute=3)
        clock.now_s += 20
        told = [client.get(f"{CHAT}/account").headers for _ in range(3)]
        assert [[headers[name] for name in names] for headers in told] == [
            ["3", "1", "40"], ["3", "0", "40"], ["3", "0", "40"],
        ]  # fmt: skip

    def test_can_be_lifted(self, client: Client):
        client.control("faults", limit_per_minute=0)
        assert {client.get(f"{CHAT}/agents/me").status for _ in range(205)} == {200}

    @pytest.mark.parametrize(
        ("body", "kind"), [("json", "application/json"), ("text", "text/plain"), ("html", "text/html")]
    )
    def test_its_body_can_be_chosen(self, body: str, kind: str, client: Client):
        client.control("faults", limit_per_minute=1, limit_body=body)
        client.chat("/account")
        assert client.get(f"{CHAT}/account").headers["content-type"].startswith(kind)
