from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.world.box import Box
from tests.sandbox.client import CHAT, Client
from tests.sandbox.conftest import NOW_S, Clock

EXPORT = f"{CHAT}/incremental/chats"


def plant(client: Client, *pairs: tuple[str, int]) -> None:
    client.control("visitors", id="7.v", name="V")
    client.control(
        "chats", items=[{"id": name, "visitor_id": "7.v", "update_timestamp": time_s} for name, time_s in pairs]
    )


def ids(page: Any) -> list[str]:
    return [chat["id"] for chat in page["chats"]]


def walk(client: Client, **query: Any) -> list[list[str]]:
    """Follow next_page verbatim until a page is short."""
    pages, url = [], f"{EXPORT}?limit={query['limit']}"
    while True:
        page = client.follow(url).json()
        pages.append(ids(page))
        if page["count"] < query["limit"]:
            return pages
        url = page["next_page"]


class TestOrder:
    def test_goes_by_update_time_then_id(self, empty: Client):
        plant(empty, ("c", 2000), ("b", 2000), ("a", 3000), ("d", 1000))
        assert ids(empty.chat("/incremental/chats")) == ["d", "b", "c", "a"]

    def test_start_time_alone_is_included(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 2000))
        assert ids(empty.chat("/incremental/chats", start_time=1000)) == ["a", "b"]

    def test_with_start_id_it_is_strictly_after_both(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 1000), ("c", 2000))
        assert ids(empty.chat("/incremental/chats", start_time=1000, start_id="a")) == ["b", "c"]

    def test_an_empty_start_id_is_none(self, empty: Client):
        plant(empty, ("a", 1000))
        assert ids(empty.chat("/incremental/chats", start_time=1000, start_id="")) == ["a"]

    def test_equal_times_are_paged_without_loss_or_repeat(self, empty: Client):
        empty.control("seed", visitors=50, chats=250, ties=150)
        found = [chat_id for page in walk(empty, limit=40) for chat_id in page]
        assert len(found) == len(set(found)) == 250

    def test_a_chat_comes_again_after_an_update(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 2000))
        empty.call("PUT", f"{CHAT}/chats/a", {"tags": ["late"]})
        assert ids(empty.chat("/incremental/chats", start_time=2000, start_id="b")) == ["a"]


class TestPage:
    def test_next_page_is_there_on_an_empty_page_and_keeps_the_cursor(self, empty: Client):
        page = empty.chat("/incremental/chats", start_time=1234, start_id="x.y")
        assert (page["chats"], page["count"], page["end_time"], page["end_id"]) == ([], 0, 1234, "x.y")
        assert page["next_page"].endswith("?limit=1000&start_time=1234&start_id=x.y")

    def test_count_is_of_this_answer(self, client: Client):
        assert client.chat("/incremental/chats", limit=7)["count"] == 7

    def test_next_page_is_percent_encoded_and_works_untouched(self, client: Client):
        first = client.chat("/incremental/chats", fields="chats(*)", limit=3)
        assert "fields=chats%28%2A%29&limit=3&start_time=" in first["next_page"]
        second = client.follow(first["next_page"]).json()
        assert not set(ids(first)) & set(ids(second))
        assert "history" in second["chats"][0] or "message" in second["chats"][0]

    def test_next_page_follows_host_scheme_and_prefix_of_the_request(self, client: Client):
        headers = {"Host": "chat.example:8443", "X-Forwarded-Proto": "https"}
        page = client.call("GET", "/api/v2/incremental/chats?limit=1", headers=headers).json()
        assert page["next_page"].startswith("https://chat.example:8443/api/v2/incremental/chats?")

    def test_a_planted_record_is_shown_as_it_is(self, empty: Client):
        empty.control("raw_chats", items=[{"id": "r1", "update_timestamp": 1000, "record": None}])
        page = empty.chat("/incremental/chats", fields="chats(*)")
        assert (page["chats"], page["end_id"]) == ([None], "r1")


class TestFields:
    @pytest.mark.parametrize("fields", [None, "", "chats", "garbage((", "chats(id)"])
    def test_ids_alone_without_a_usable_list(self, fields: str | None, client: Client):
        query = {} if fields is None else {"fields": fields}
        assert set(client.chat("/incremental/chats", limit=1, **query)["chats"][0]) == {"id"}

    def test_named_ones_only(self, client: Client):
        page = client.chat("/incremental/chats", fields="chats(id,type,update_timestamp,deleted,visitor)", limit=60)
        assert all(set(chat) == {"id", "type", "update_timestamp", "deleted", "visitor"} for chat in page["chats"])

    def test_one_from_the_rest_of_the_record(self, client: Client):
        assert "session" in client.chat("/incremental/chats", fields="chats(id, session)", limit=1)["chats"][0]

    def test_unknown_names_are_passed_over(self, client: Client):
        page = client.chat("/incremental/chats", fields="chats(id,shoe_size)", limit=1)
        assert set(page["chats"][0]) == {"id"}

    def test_the_star_gives_everything(self, client: Client):
        assert len(client.chat("/incremental/chats", fields="chats(*)", limit=1)["chats"][0]) > 20


class TestRefusals:
    @pytest.mark.parametrize("query", ["limit=1001", "limit=0", "limit=-1", "limit=many", "limit=", "start_time=x",
                                       "start_time=-5", "start_time=1.5", "start_time=1e3"])  # fmt: skip
    def test_garbage_is_400(self, query: str, client: Client):
        answer = client.get(f"{EXPORT}?{query}")
        assert answer.status == 400
        assert set(answer.json()) == {"error", "description"}

    def test_a_thousand_is_allowed(self, client: Client):
        assert client.get(EXPORT, limit=1000).status == 200

    def test_a_young_start_time_is_400(self, client: Client):
        assert client.get(EXPORT, start_time=int(NOW_S) - 300).status == 400

    def test_one_second_older_is_taken(self, client: Client):
        assert client.get(EXPORT, start_time=int(NOW_S) - 301).status == 200

    def test_it_becomes_old_enough(self, client: Client, clock: Clock):
        start_s = int(NOW_S) - 10
        clock.now_s += 291
        assert client.get(EXPORT, start_time=start_s).status == 200


class TestSwitches:
    def test_ignoring_start_id_repeats_the_record(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 1000))
        empty.control("faults", ignore_start_id=True)
        page = empty.chat("/incremental/chats", start_time=1000, start_id="b")
        assert ids(page) == ["a", "b"]
        assert parse_qs(urlsplit(page["next_page"]).query)["start_id"] == ["b"]

    def test_the_record_at_the_cursor_can_come_again(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 2000))
        empty.control("faults", repeat_cursor=True)
        assert ids(empty.chat("/incremental/chats", start_time=1000, start_id="a")) == ["a", "b"]

    @pytest.mark.parametrize(("choice", "shown"), [("null", {"visitor": None}), ("missing", {})])
    def test_the_embedded_visitor_can_be_null_or_missing(self, choice: str, shown: dict, empty: Client):
        plant(empty, ("a", 1000))
        empty.control("faults", embedded_visitor=choice)
        assert empty.chat("/incremental/chats", fields="chats(visitor)")["chats"] == [shown]

    @pytest.mark.parametrize(("choice", "found"), [("keep", ["1", "x"]), ("null", [None, None]), ("missing", [])])
    def test_the_cursor_of_an_empty_page(self, choice: str, found: list, empty: Client):
        empty.control("faults", empty_page_cursor=choice)
        page = empty.chat("/incremental/chats", start_time=1, start_id="x")
        assert [page[name] and str(page[name]) for name in ("end_time", "end_id") if name in page] == found
        assert page["next_page"].endswith("&start_time=1&start_id=x")

    def test_a_page_can_be_smaller_than_was_asked_for(self, empty: Client):
        plant(empty, ("a", 1000), ("b", 2000), ("c", 3000))
        empty.control("faults", export_page_at_most=2)
        page = empty.chat("/incremental/chats", start_time=1, limit=500)
        assert (ids(page), parse_qs(urlsplit(page["next_page"]).query)["limit"]) == (["a", "b"], ["2"])

    def test_the_status_of_a_young_start_time(self, client: Client):
        client.control("faults", young_start_status=422)
        assert client.get(f"{CHAT}/incremental/chats", start_time=int(NOW_S)).status == 422

    def test_a_deleted_chat_is_named_with_its_flag(self, empty: Client):
        plant(empty, ("a", 1000))
        assert empty.call("DELETE", f"{CHAT}/chats/a").status == 204
        assert empty.chat("/incremental/chats", fields="chats(id,deleted)")["chats"] == [{"id": "a", "deleted": True}]

    def test_or_is_left_out(self, empty: Client, box: Box):
        plant(empty, ("a", 1000))
        empty.control("faults", deleted_in_export=False)
        empty.call("DELETE", f"{CHAT}/chats/a")
        assert empty.chat("/incremental/chats")["chats"] == []


class TestOtherFeeds:
    @pytest.mark.parametrize("feed", ["agent_timeline", "conversions", "department_events", "agent_events"])
    def test_are_empty_lists(self, feed: str, client: Client):
        page = client.chat(f"/incremental/{feed}", start_time=5)
        assert (page[feed], page["count"], page["end_time"]) == ([], 0, 5)

    def test_have_a_next_page_that_repeats_the_question(self, client: Client):
        query = {"fields": "agent_timeline(*)", "start_time": 1_767_225_600_000_000, "start_id": "a&b"}
        page = client.chat("/incremental/agent_timeline", **query)
        assert page["next_page"].endswith(
            "?fields=agent_timeline%28%2A%29&limit=1000&start_time=1767225600000000&start_id=a%26b"
        )
        assert client.follow(page["next_page"]).json() == page

    def test_one_nobody_knows_is_404_even_without_a_token(self, client: Client):
        assert Client(client.port, "").get(f"{CHAT}/incremental/shoes").status == 404
