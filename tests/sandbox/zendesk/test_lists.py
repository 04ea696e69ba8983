import pytest

from tests.sandbox.client import CHAT, Client

LISTS = ["departments", "shortcuts", "triggers", "goals", "skills", "roles"]


class TestSmallLists:
    @pytest.mark.parametrize("name", LISTS)
    def test_is_a_plain_list_whose_records_are_shown(self, name: str, client: Client):
        first = client.chat(f"/{name}")[0]
        assert client.chat(f"/{name}/{first['id']}") == first

    @pytest.mark.parametrize("name", [*LISTS, "agents"])
    def test_an_unknown_record_is_404(self, name: str, client: Client):
        assert client.get(f"{CHAT}/{name}/0").status == 404

    def test_a_trigger_has_the_parts_that_connectors_read_without_asking(self, client: Client):
        definition = client.chat("/triggers")[0]["definition"]
        assert (type(definition["condition"]), type(definition["actions"])) == (list, list)

    def test_routing_settings(self, client: Client):
        assert "routing_mode" in client.chat("/routing_settings/account")["data"]


class TestAgents:
    def test_me_is_an_owner(self, client: Client):
        assert client.chat("/agents/me")["roles"]["owner"] is True

    def test_since_id_and_limit(self, client: Client):
        second = client.chat("/agents")[1]["id"]
        assert [agent["id"] for agent in client.chat("/agents", since_id=second, limit=1)] == [second]

    @pytest.mark.parametrize(("limit", "status"), [(100, 200), (500, 400), ("x", 400)])
    def test_five_hundred_are_too_many(self, limit: object, status: int, client: Client):
        assert client.get(f"{CHAT}/agents", limit=limit).status == status


class TestAccount:
    def test_counts_are_numbers_and_what_can_be_unlimited_is_text(self, client: Client):
        plan = client.chat("/account")["plan"]
        assert (type(plan["max_agents"]), type(plan["goals"])) == (int, int)
        assert {type(value) for name, value in plan.items() if name.startswith("max_") and name != "max_agents"} == {
            str
        }

    def test_billing_can_be_absent(self, client: Client):
        with_billing = client.chat("/account")
        client.control("faults", billing=False)
        assert set(with_billing) - set(client.chat("/account")) == {"billing"}
