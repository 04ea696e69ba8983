import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S, Clock
from tests.sandbox.support.calls import START, Support
from tests.sandbox.support.conftest import Receiver


@pytest.fixture
def person(support: Support) -> dict:
    return next(user for user in support.read_feed() if user["external_id"] and user["email"])


def change(support: Support, **fields) -> dict:
    (told,) = support.client.control("support/users", **fields)["users"]
    return told


class TestChange:
    @pytest.mark.parametrize("fields", [
        {"external_id": "someone-else"}, {"external_id": None}, {"suspended": True}, {"role": "agent"},
        {"name": "New name"}, {"tags": ["vip"]}, {"notes": "x"}, {"email": "new@player.example"},
    ])  # fmt: skip
    def test_brings_the_user_to_the_feed_again(self, support: Support, person: dict, clock: Clock, fields: dict):
        cursor = support.get("/incremental/users/cursor", start_time=START)["after_cursor"]
        change(support, id=person["id"], **fields)
        assert support.get("/incremental/users/cursor", cursor=cursor)["users"] == []
        clock.now_s += 60
        (again,) = support.get("/incremental/users/cursor", cursor=cursor)["users"]
        assert {name: again[name] for name in fields} == fields
        assert again["id"] == person["id"]

    def test_of_case_alone_keeps_the_user_found(self, support: Support, person: dict):
        change(support, id=person["id"], external_id=person["external_id"].upper())
        (found,) = support.get("/users/search", external_id=person["external_id"])["users"]
        assert (found["id"], found["external_id"]) == (person["id"], person["external_id"].upper())

    def test_frees_the_external_id(self, support: Support, person: dict):
        change(support, id=person["id"], external_id="other")
        assert support.get("/users/search", external_id=person["external_id"])["count"] == 0
        assert change(support, external_id=person["external_id"])["id"] != person["id"]

    def test_refuses_an_external_id_or_address_of_another(self, support: Support, person: dict):
        for name in ("external_id", "email"):
            body = {"name": "Copy", name: person[name].upper()}
            assert support.client.call("POST", "/_control/support/users", body).status == 400

    @pytest.mark.parametrize("body", [
        {"nothing": 1}, {"role": "king"}, {"suspended": "yes"}, {"external_id": 7}, {"id": 5, "deleted": True},
        {"id": "x"}, {"id": []}, {"id": True}, {"id": 0}, {"id": 2**64},
    ])  # fmt: skip
    def test_refuses_nonsense(self, support: Support, body: dict):
        assert support.client.call("POST", "/_control/support/users", body).status == 400

    def test_can_lie_in_the_past(self, support: Support):
        told = change(support, name="Old", external_id="old", updated_at=int(NOW_S) - 1000)
        users = support.read_feed(start_time=int(NOW_S) - 2000)
        assert [user["id"] for user in users] == [told["id"]]


class TestAdmin:
    def test_without_the_role_may_not_read_the_feed(self, support: Support):
        change(support, id=21478830000001, role="agent")
        answer = support.call("/incremental/users/cursor", start_time=START)
        assert (answer.status, answer.json()["error"]["title"]) == (403, "Forbidden")
        assert support.get("/users/me")["user"]["role"] == "agent"

    def test_who_left_takes_the_tokens_along(self, support: Support):
        change(support, id=21478830000001, suspended=True)
        assert [support.call(path).status for path in ("/users/1", "/users/me")] == [401, 401]

    def test_403_has_another_form_by_switch(self, support: Support):
        support.client.control("support", forbidden_body="text")
        change(support, id=21478830000001, role="agent")
        assert support.call("/incremental/users/cursor", start_time=START).json()["error"] == "Forbidden"


class TestDelete:
    def test_shows_the_user_inactive(self, support: Support, person: dict, clock: Clock):
        change(support, id=person["id"], deleted=True)
        clock.now_s += 60
        (again,) = support.read_feed(start_time=int(NOW_S) - 60)
        assert (again["active"], again["external_id"]) == (False, person["external_id"])
        assert support.get("/users/search", external_id=person["external_id"])["count"] == 0

    def test_hides_the_external_id_by_switch(self, support: Support, person: dict):
        support.client.control("support", deleted_keeps_external_id=False)
        change(support, id=person["id"], deleted=True)
        assert support.get(f"/users/{person['id']}")["user"]["external_id"] is None

    def test_for_good_leaves_no_personal_data_after_a_while(self, support: Support, person: dict, clock: Clock):
        support.client.control("support", support_delay_s=10)
        change(support, id=person["id"], erased=True)
        assert support.get(f"/deleted_users/{person['id']}")["deleted_user"]["name"] == person["name"]
        clock.now_s += 10
        gone = support.get(f"/deleted_users/{person['id']}")["deleted_user"]
        assert (gone["name"], gone["email"], gone["active"]) == ("Permanently Deleted User", None, False)


class TestMerge:
    @pytest.fixture
    def pair(self, support: Support) -> tuple[dict, dict]:
        people = [user for user in support.read_feed() if user["external_id"] and user["email"]]
        return people[0], people[1]

    def test_keeps_the_winner_and_ends_the_loser(self, support: Support, pair: tuple[dict, dict]):
        winner, loser = pair
        support.client.control("support/merge", winner=winner["id"], loser=loser["id"])
        kept, ended = (support.get(f"/users/{user['id']}")["user"] for user in pair)
        assert (kept["external_id"], kept["active"], ended["active"]) == (winner["external_id"], True, False)
        assert support.get("/users/search", external_id=loser["external_id"])["count"] == 0

    def test_brings_identities_late(self, support: Support, pair: tuple[dict, dict], clock: Clock):
        winner, loser = pair
        support.client.control("support/merge", winner=winner["id"], loser=loser["id"])
        path = f"/users/{winner['id']}/identities"
        assert [item["value"] for item in support.get(path)["identities"]] == [winner["email"]]
        clock.now_s += 5
        assert [item["value"] for item in support.get(path)["identities"]][1:] == [loser["email"]]

    @pytest.mark.parametrize("names", ["loser", "survivor"])
    def test_is_told(self, support: Support, pair: tuple[dict, dict], receiver: Receiver, names: str):
        winner, loser = pair
        support.client.control("support", merged_event_names=names)
        support.client.control("support/webhook", url=receiver.url, secret="s", types=["user.merged"])
        support.client.control("support/merge", winner=winner["id"], loser=loser["id"])
        (event,) = receiver.wait(1)
        named, other = (loser, winner) if names == "loser" else (winner, loser)
        assert event["event"] == {"user": {"id": str(named["id"])}}
        assert event["detail"]["id"] == str(other["id"])

    @pytest.mark.parametrize("ids", [{"winner": {}}, {"winner": 1, "loser": 2}, {"winner": 21478830000035}])
    def test_needs_two_people(self, support: Support, ids: dict):
        assert support.client.call("POST", "/_control/support/merge", ids).status == 400

    def test_is_for_end_users_only(self, support: Support, client: Client, pair: tuple[dict, dict]):
        body = {"winner": 21478830000001, "loser": pair[0]["id"]}
        assert client.call("POST", "/_control/support/merge", body).status == 400
