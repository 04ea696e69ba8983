import pytest

from tests.sandbox.client import CHAT, Client


def ban_address(client: Client, address: str) -> int:
    return client.call("POST", f"{CHAT}/bans", {"type": "ip_address", "ip_address": address}).json()["id"]


class TestBans:
    def test_since_id_is_included_and_limit_is_over_both_lists(self, empty: Client):
        first, second, _ = (ban_address(empty, f"192.0.2.{n}") for n in (1, 2, 3))
        page = empty.chat("/bans", since_id=first + 1, limit=1)
        assert [ban["id"] for ban in page["ip_address"]] == [second]

    def test_two_empty_lists_end_the_walk(self, empty: Client):
        last = ban_address(empty, "192.0.2.1")
        assert empty.chat("/bans", since_id=last + 1) == {"visitor": [], "ip_address": []}

    def test_ten_are_given_unless_asked(self, empty: Client):
        for number in range(12):
            ban_address(empty, f"192.0.2.{number}")
        assert len(empty.chat("/bans")["ip_address"]) == 10

    @pytest.mark.parametrize("query", ["limit=1001", "limit=x", "since_id=x"])
    def test_garbage_is_400(self, query: str, client: Client):
        assert client.get(f"{CHAT}/bans?{query}").status == 400

    def test_a_banned_visitor_shows_it_until_lifted(self, empty: Client):
        empty.control("visitors", id="1.a", name="A")
        ban = empty.call("POST", f"{CHAT}/bans", {"type": "visitor", "visitor_id": "1-a", "reason": "rude"}).json()
        assert (ban["visitor_id"], empty.chat("/visitors/1.a")["banned"]) == ("1.a", True)
        assert empty.call("DELETE", f"{CHAT}/bans/{ban['id']}").status == 204
        assert empty.chat("/visitors/1.a")["banned"] is False

    def test_addresses_alone(self, client: Client):
        assert {ban["type"] for ban in client.chat("/bans/ip")} == {"ip_address"}

    @pytest.mark.parametrize(("choice", "shown"), [("missing", "absent"), ("null", None)])
    def test_how_an_old_one_is_shown_is_a_switch(self, choice: str, shown: object, client: Client):
        client.control("faults", old_ban_created=choice)
        assert client.chat("/bans/ip")[0].get("created_at", "absent") == shown

    @pytest.mark.parametrize("body", [{}, {"type": "ip_address", "ip_address": "home"}, {"type": "shoe"}])
    def test_refuses_what_is_no_ban(self, body: dict, client: Client):
        assert client.call("POST", f"{CHAT}/bans", body).status == 400

    @pytest.mark.parametrize("ban_id", ["1", "x", "9" * 30])
    def test_an_unknown_one_is_404(self, ban_id: str, client: Client):
        assert client.get(f"{CHAT}/bans/{ban_id}").status == 404
