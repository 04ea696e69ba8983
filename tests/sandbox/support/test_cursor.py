import pytest

from sandbox.support.cursor import encode_cursor
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S, Clock
from tests.sandbox.support.calls import START, Support


class TestUsersCursor:
    def test_shows_everybody_once_in_order_of_change(self, support: Support):
        users = support.read_feed(per_page=7)
        assert len({user["id"] for user in users}) == len(users) == 40
        assert [user["updated_at"] for user in users] == sorted(user["updated_at"] for user in users)

    def test_agents_and_people_without_an_id_lie_in_between(self, support: Support):
        users = support.read_feed()
        assert [user["role"] for user in users].count("end-user") == 35
        assert sum(user["external_id"] is None for user in users) == 20

    def test_has_the_documented_keys(self, support: Support):
        page = support.get("/incremental/users/cursor", start_time=START)
        assert set(page) == {"users", "after_cursor", "after_url", "before_cursor", "before_url", "end_of_stream"}

    def test_its_cursor_has_the_form_of_the_documented_sample(self):
        assert encode_cursor((1576613539, 467), generation=0) == "MTU3NjYxMzUzOS4wfHw0Njd8"

    def test_pages_hold_a_thousand(self, client: Client):
        client.control("seed", support_users=1500, support_ties=1200)
        page = Support(client).get("/incremental/users/cursor", start_time=START, per_page=5000)
        assert (len(page["users"]), page["end_of_stream"]) == (1000, False)

    def test_ties_longer_than_a_page_lose_nobody(self, client: Client):
        client.control("seed", support_users=1500, support_ties=1200)
        assert len({user["id"] for user in Support(client).read_feed()}) == 1501

    def test_an_empty_page_is_not_the_end(self, support: Support):
        support.client.control("support", empty_pages=2)
        page = support.get("/incremental/users/cursor", start_time=START)
        assert (page["users"], page["end_of_stream"]) == ([], False)
        assert len(support.read_feed()) == 40

    def test_short_pages_are_not_the_end(self, support: Support):
        support.client.control("support", page_at_most=9)
        assert len(support.get("/incremental/users/cursor", start_time=START)["users"]) == 9
        assert len(support.read_feed()) == 40

    def test_can_repeat_the_user_at_the_cursor(self, support: Support):
        support.client.control("support", repeat_cursor=True)
        ids = [user["id"] for user in support.read_feed(per_page=5)]
        assert (len(ids), len(set(ids))) == (49, 40)
        assert ids[4] == ids[5]

    def test_goes_on_from_the_last_cursor(self, support: Support):
        page = support.get("/incremental/users/cursor", start_time=START)
        again = support.get("/incremental/users/cursor", cursor=page["after_cursor"])
        assert (again["users"], again["end_of_stream"], again["after_cursor"]) == ([], True, page["after_cursor"])

    @pytest.mark.parametrize(("age_s", "status"), [(59, 422), (60, 200)])
    def test_refuses_a_young_start(self, support: Support, age_s: int, status: int):
        assert support.call("/incremental/users/cursor", start_time=int(NOW_S) - age_s).status == status

    def test_says_what_is_wrong_with_a_young_start(self, support: Support):
        support.client.control("support", young_start_s=300)
        answer = support.call("/incremental/users/cursor", start_time=int(NOW_S) - 299)
        assert answer.json() == {
            "error": "InvalidValue",
            "description": "Too recent start_time. Use a start_time older than 5 minutes",
        }

    @pytest.mark.parametrize("text", ["", "soon", "-1", "1.5"])
    def test_refuses_a_start_that_is_no_number(self, support: Support, text: str):
        assert support.call("/incremental/users/cursor", start_time=text).status == 422

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_refuses_older_cursors_when_told_to(self, support: Support, status: int):
        old = support.get("/incremental/users/cursor", start_time=START, per_page=5)["after_cursor"]
        support.client.control("support", refused_cursor_status=status)
        support.client.control("support/refuse_cursors")
        assert support.call("/incremental/users/cursor", cursor=old).status == status
        assert len(support.read_feed(per_page=9)) == 40

    @pytest.mark.parametrize("cursor", ["x", "", "MTIz", "////"])
    def test_refuses_a_cursor_that_it_did_not_give(self, support: Support, cursor: str):
        assert support.call("/incremental/users/cursor", cursor=cursor).status == 400

    def test_works_with_and_without_json(self, support: Support):
        one, other = (support.get(f"/incremental/users/cursor{end}", start_time=START) for end in ("", ".json"))
        assert one == other


class TestOtherFeeds:
    def test_the_sample_shows_at_most_fifty(self, client: Client):
        client.control("seed", support_users=60)
        assert len(Support(client).get("/incremental/users/sample", start_time=START)["users"]) == 50

    def test_the_older_call_names_its_end_time(self, support: Support):
        page = support.get("/incremental/users", start_time=START)
        assert (page["count"], page["end_of_stream"]) == (40, True)
        assert page["next_page"].endswith(f"start_time={page['end_time']}")

    @pytest.mark.parametrize("path", ["/chat/incremental/chats", "/chat/visitors/1", "/chats", "/nothing"])
    def test_chat_has_no_calls_here(self, support: Support, path: str):
        answer = support.call(path)
        assert (answer.status, answer.json()) == (404, {"error": "InvalidEndpoint", "description": "Not found"})


class TestSeed:
    def test_is_the_same_for_the_same_numbers(self, support: Support):
        first = support.read_feed()
        support.client.control("seed", support_users=20, support_agents=5, support_without_id=15, seed=1)
        assert support.read_feed() == first

    def test_leaves_the_chat_world_alone(self, client: Client):
        before = client.get("/_control/stats").json()["records"]
        client.control("seed", support_users=3)
        assert client.get("/_control/stats").json()["records"] == before

    def test_answers_the_counts(self, client: Client):
        told = client.control("seed", support_users=9, support_foreign=3, support_deleted=2, support_without_id=4)
        assert (told["support_in_feed"], told["support_truth"]) == (17, 10)

    def test_refuses_more_parts_than_people(self, client: Client):
        body = {"support_users": 3, "support_upper": 2, "support_deleted": 2}
        assert client.call("POST", "/_control/seed", body).status == 400

    def test_the_truth_is_what_the_feed_shows(self, client: Client):
        client.control("seed", support_users=30, support_foreign=4, support_upper=3, support_deleted=2)
        shown = {
            str(user["id"]): user["external_id"]
            for user in Support(client).read_feed()
            if user["active"] and user["role"] == "end-user" and user["external_id"]
        }
        assert client.get("/_control/support/truth").json()["truth"] == shown

    def test_can_end_an_hour_ago(self, client: Client, clock: Clock):
        client.control("seed", support_users=30, now=True)
        assert len(Support(client).read_feed(start_time=int(NOW_S) - 8 * 86_400)) == 31
