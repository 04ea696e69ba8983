import pytest

from sandbox.support.shapes import PLAIN_USER
from tests.sandbox.client import Client
from tests.sandbox.support.calls import Support, read_error


@pytest.fixture
def linked(support: Support) -> list[dict]:
    """The people with an external ID."""
    return [user for user in support.read_feed() if user["external_id"]]


class TestShowMany:
    def test_finds_external_ids_without_case_and_answers_the_stored_one(self, support: Support, linked: list[dict]):
        wanted = ",".join(user["external_id"].upper() for user in linked)
        found = support.get("/users/show_many", external_ids=wanted)
        assert (found["count"], found["next_page"], found["previous_page"]) == (20, None, None)
        assert {user["external_id"] for user in found["users"]} == {user["external_id"] for user in linked}

    def test_promises_no_order(self, support: Support, linked: list[dict]):
        ids = [user["id"] for user in linked]
        found = support.get("/users/show_many.json", ids=",".join(map(str, ids)))["users"]
        assert sorted(user["id"] for user in found) == sorted(ids)
        assert [user["id"] for user in found] != ids

    def test_leaves_out_unknown_ids(self, support: Support, linked: list[dict]):
        found = support.get("/users/show_many", external_ids=f"nobody,{linked[0]['external_id']},")
        assert [user["id"] for user in found["users"]] == [linked[0]["id"]]

    @pytest.mark.parametrize("name", ["ids", "external_ids"])
    def test_takes_a_hundred(self, support: Support, name: str):
        assert support.call("/users/show_many", **{name: ",".join(["1"] * 100)}).status == 200
        assert support.call("/users/show_many", **{name: ",".join(["1"] * 101)}).status == 400


class TestSearch:
    def test_finds_an_exact_external_id(self, support: Support, linked: list[dict]):
        found = support.get("/users/search", external_id=linked[3]["external_id"].upper())
        assert [user["id"] for user in found["users"]] == [linked[3]["id"]]

    @pytest.mark.parametrize("text", ["", "nobody", "*", "3"])
    def test_finds_nobody_in_the_recorded_shape(self, support: Support, text: str):
        answer = support.call("/users/search", external_id=text)
        assert answer.json() == {"users": [], "next_page": None, "previous_page": None, "count": 0}
        assert answer.headers["x-zendesk-api-version"] == "v2"
        assert {"x-rate-limit", "x-rate-limit-remaining", "etag", "set-cookie"} <= set(answer.headers)


class TestList:
    def test_pages_by_cursor(self, support: Support):
        page = support.get("/users", **{"role[]": "end-user", "page[size]": 20})
        rest = support.follow(page["links"]["next"])
        assert (len(page["users"]), page["meta"]["has_more"]) == (20, True)
        assert (len(rest["users"]), rest["meta"]["has_more"], rest["links"]["next"]) == (15, False, None)
        assert not {user["id"] for user in page["users"]} & {user["id"] for user in rest["users"]}

    def test_takes_several_roles(self, support: Support):
        found = support.call("/users?role[]=agent&role[]=admin&page[size]=100").json()["users"]
        assert sorted(user["role"] for user in found) == ["admin", "agent", "agent", "agent", "agent"]

    def test_pages_by_number(self, support: Support):
        page = support.get("/users", per_page=30)
        assert (page["count"], page["previous_page"]) == (40, None)
        assert len(support.follow(page["next_page"])["users"]) == 10

    def test_by_number_ends_at_ten_thousand(self, support: Support):
        assert support.call("/users", page=100, per_page=100).status == 200
        assert read_error(support.call("/users", page=101, per_page=100)) == (400, "InvalidPaginationDepth")

    def test_finds_one_by_external_id(self, support: Support, linked: list[dict]):
        found = support.get("/users", external_id=linked[1]["external_id"].upper())
        assert [user["id"] for user in found["users"]] == [linked[1]["id"]]


class TestUser:
    def test_has_all_keys(self, support: Support, linked: list[dict]):
        user = support.get(f"/users/{linked[0]['id']}.json")["user"]
        assert list(user) == list(PLAIN_USER)
        assert user == linked[0]

    def test_ids_need_more_than_32_bits(self, linked: list[dict]):
        assert all(user["id"] > 2**32 for user in linked)

    @pytest.mark.parametrize("user_id", ["1", "x", "9" * 30])
    def test_an_unknown_one_is_no_record(self, support: Support, user_id: str):
        answer = support.call(f"/users/{user_id}")
        assert (answer.status, answer.json()) == (404, {"error": "RecordNotFound", "description": "Not found"})

    def test_a_deleted_one_is_shown_or_missing_by_switch(self, client: Client):
        client.control("seed", support_users=3, support_deleted=3)
        support = Support(client)
        user_id = next(user["id"] for user in support.read_feed() if not user["active"])
        assert support.get(f"/users/{user_id}")["user"]["active"] is False
        client.control("support", deleted_user="missing")
        assert support.call(f"/users/{user_id}").status == 404

    def test_its_address_is_an_identity(self, support: Support, linked: list[dict]):
        user = next(user for user in linked if user["email"])
        found = support.get(f"/users/{user['id']}/identities")
        assert [(item["type"], item["value"], item["primary"]) for item in found["identities"]] == [
            ("email", user["email"], True)
        ]


class TestDeleted:
    def test_are_listed_apart(self, client: Client):
        client.control("seed", support_users=5, support_deleted=2)
        support = Support(client)
        found = support.get("/deleted_users", **{"page[size]": 100})["deleted_users"]
        assert [user["active"] for user in found] == [False, False]
        assert support.get(f"/deleted_users/{found[0]['id']}")["deleted_user"] == found[0]
        assert found[0]["id"] not in {user["id"] for user in support.get("/users")["users"]}
