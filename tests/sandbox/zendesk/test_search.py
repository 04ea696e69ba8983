import pytest

from tests.sandbox.client import CHAT, Client


@pytest.fixture
def three(empty: Client) -> Client:
    """Two held chats of a and one offline message of b."""
    empty.control(
        "visitors", items=[{"id": "1.a", "name": "Ann", "email": "a@example.com"}, {"id": "1.b", "name": "Bob"}]
    )
    empty.control("chats", items=[
        {"id": "one", "visitor_id": "1.a", "timestamp": "2026-01-01T10:00:00Z",
         "end_timestamp": "2026-01-01T11:00:00Z"},
        {"id": "two", "visitor_id": "1.a", "timestamp": "2026-01-02T10:00:00Z", "end_timestamp": "2026-01-02T11:00:00Z",
         "rating": "good"},
        {"id": "msg", "visitor_id": "1.b", "timestamp": "2026-01-03T10:00:00Z", "type": "offline_msg",
         "message": "Lost cape"},
    ])  # fmt: skip
    return empty


class TestSearch:
    @pytest.mark.parametrize(("query", "found"), [
        ("type:chat", ["two", "one"]),
        ("type:offline_msg", ["msg"]),
        ("timestamp:[2026-01-02T00:00:00 TO 2026-01-02T23:59:59]", ["two"]),
        ("timestamp:[2026-01-02T10:00:00 TO *]", ["msg", "two"]),
        ("end_timestamp:[2026-01-01T00:00:00 TO 2026-01-01T11:00:00]", ["one"]),
        ("visitor_email:A@example.com", ["two", "one"]),
        ("rating:good", ["two"]),
        ('"lost cape"', ["msg"]),
        ("Ann", ["two", "one"]),
        ("type:chat AND visitor_email:a@example.com AND timestamp:[* TO 2026-01-01T12:00:00]", ["one"]),
        ("visitor_email:nobody@example.com", []),
        ("type:chat OR type:offline_msg", ["msg", "two", "one"]),
        ("rating:good OR lost", ["msg", "two"]),
        ("type:chat AND NOT rating:good", ["one"]),
        ("type:chat -rating:good", ["one"]),
        ("NOT (type:chat AND rating:good)", ["msg", "one"]),
        ("(Ann OR Bob) AND (rating:good OR type:offline_msg)", ["msg", "two"]),
        ("Ann rating:good || Bob", ["msg", "two"]),
        ("+type:chat && !rating:good", ["one"]),
        ("timestamp:{2026-01-01T10:00:00 TO 2026-01-03T10:00:00}", ["two"]),
        ("timestamp:[2026-01-01T10:00:00 TO 2026-01-02T10:00:00}", ["one"]),
        ("timestamp:[2026-01-01 TO 2026-01-02T10:00:00Z]", ["two", "one"]),
        ("timestamp:[2026-01-02T12:00:00+02:00 TO 2026-01-02T10:00:00.500]", ["two"]),
        ("timestamp:>2026-01-02T10:00:00", ["msg"]),
        ("end_timestamp:<=2026-01-01T11:00:00", ["one"]),
        ("timestamp:[* TO 2026-01-02T23:00:00] AND timestamp:[2026-01-02T00:00:00 TO *]", ["two"]),
        ("NOT timestamp:[2026-01-02T00:00:00 TO 2026-01-02T23:59:59]", ["msg", "one"]),
        ("visitor_email:*@example.com", ["two", "one"]),
        ('visitor_name:"bob"', ["msg"]),
        ("id:two", ["two"]),
    ])  # fmt: skip
    def test_finds(self, query: str, found: list[str], three: Client):
        assert [result["id"] for result in three.chat("/chats/search", q=query)["results"]] == found

    @pytest.mark.parametrize("query", [
        "", " ", "shoe:42", "timestamp:yesterday", "timestamp:[x TO y]", "a OR", "AND a", "(a", "a)", "NOT", "()",
        "visitor_external_id:u", "(" * 99 + "a" + ")" * 99, "NOT " * 2000,
    ])  # fmt: skip
    def test_refuses(self, query: str, three: Client):
        assert three.get(f"{CHAT}/chats/search", q=query).status == 400

    def test_finds_an_external_id_by_switch_only(self, three: Client):
        three.control("visitors", id="1.b", external_id="u-1")
        three.control("faults", search_external_id=True)
        found = three.chat("/chats/search", q="visitor_external_id:u-1")["results"]
        assert [result["id"] for result in found] == ["msg"]

    def test_pages_by_next_url_to_the_end(self, empty: Client):
        empty.control("seed", visitors=10, chats=90, offline_share=0)
        found, url = [], f"{CHAT}/chats/search?q=type:chat"
        while url:
            page = empty.follow(url).json()
            found += [result["id"] for result in page["results"]]
            url = page["next_url"]
        assert len(found) == len(set(found)) == 90

    @pytest.mark.parametrize(("page", "status"), [(251, 200), (252, 400), (0, 400), ("x", 400)])
    def test_stops_after_251_pages(self, page: object, status: int, three: Client):
        assert three.get(f"{CHAT}/chats/search", q="type:chat", page=page).status == status

    def test_a_planted_record_without_a_readable_history_is_found_too(self, three: Client):
        three.control("chats", id="one", history=3)
        assert three.chat("/chats/search", q="Ann")["results"][-1]["preview"] == ""
