import pytest

from sandbox.world.box import Box
from tests.sandbox.client import Client
from tests.sandbox.conftest import Clock
from tests.sandbox.support.browser import Browser
from tests.sandbox.support.calls import Support

VERIFIED = {"email": "nadia@player.example", "email_verified": True}


@pytest.fixture
def browser(client: Client, box: Box) -> Browser:
    client.control("reset", empty=True)
    return Browser(client, box)


@pytest.fixture
def account(browser: Browser) -> Support:
    return Support(browser.client)


def find(account: Support, external_id: str) -> list[dict]:
    return account.get("/users/search", external_id=external_id)["users"]


class TestSignIn:
    def test_alone_makes_no_support_user(self, browser: Browser, account: Support):
        state = browser.log_in()
        assert (state["authenticated"], state["ticket_id"], state["support_user_id"]) == (True, None, None)
        assert find(account, "p-1") == []

    def test_finds_the_same_messaging_user_in_another_browser(self, browser: Browser, box: Box):
        first = browser.log_in()["messaging_user_id"]
        assert Browser(browser.client, box).log_in()["messaging_user_id"] == first

    def test_upgrades_the_anonymous_user(self, browser: Browser):
        before = browser.connect()
        assert (before["authenticated"], before["name"]) == (False, f"Web User {before['messaging_user_id']}")
        assert browser.log_in()["messaging_user_id"] == before["messaging_user_id"]

    def test_with_another_s_address_is_409_and_stays_anonymous(self, browser: Browser, account: Support, box: Box):
        Browser(browser.client, box).log_in("p-1", **VERIFIED)
        browser.connect()
        assert browser.try_to_log_in("p-2", **VERIFIED).status == 409
        user = account.get(f"/users/{browser.write()['support_user_id']}")["user"]
        assert (user["external_id"], user["name"].startswith("Web User ")) == (None, True)

    def test_with_the_address_of_a_support_user_with_another_id_is_409(self, browser: Browser):
        browser.client.control("support/users", email="nadia@player.example", external_id="crm-1")
        assert browser.try_to_log_in("p-2", **VERIFIED).status == 409


class TestTicket:
    def test_makes_a_support_user_with_the_external_id(self, browser: Browser, account: Support):
        browser.log_in(name="Nadia K", **VERIFIED)
        state = browser.write()
        (user,) = find(account, "p-1")
        assert (str(user["id"]), user["name"], user["email"]) == (
            state["support_user_id"], "Nadia K", "nadia@player.example",
        )  # fmt: skip
        ticket = account.get(f"/tickets/{state['ticket_id']}")["ticket"]
        assert (ticket["requester_id"], ticket["via"]["channel"]) == (user["id"], "native_messaging")
        assert ticket["subject"] == "Conversation with Nadia K"

    def test_is_shown_to_agents(self, browser: Browser):
        browser.log_in(name="<b>Nadia</b>")
        state = browser.write()
        page = browser.client.get(f"/support/agent/users/{state['support_user_id']}").body.decode()
        assert "p-1" in page
        assert "&lt;b&gt;Nadia" in page
        assert browser.client.get(f"/support/agent/tickets/{state['ticket_id']}").status == 200
        assert browser.client.get("/support/agent/users/1").status == 404

    def test_finds_the_support_user_by_external_id_without_case(self, browser: Browser, account: Support):
        (made,) = browser.client.control("support/users", name="Imported", external_id="P-1")["users"]
        browser.log_in("p-1")
        assert browser.write()["support_user_id"] == str(made["id"])
        assert find(account, "p-1")[0]["external_id"] == "P-1"

    def test_finds_one_without_an_id_by_a_verified_address(self, browser: Browser, account: Support):
        (made,) = browser.client.control("support/users", email="nadia@player.example")["users"]
        browser.log_in("p-1", **VERIFIED)
        assert browser.write()["support_user_id"] == str(made["id"])
        assert find(account, "p-1")[0]["id"] == made["id"]

    def test_leaves_an_unverified_address_aside(self, browser: Browser, account: Support):
        browser.log_in(email="nadia@player.example", email_verified=False)
        browser.write()
        assert find(account, "p-1")[0]["email"] is None

    def test_takes_an_unverified_address_when_the_account_does(self, browser: Browser, account: Support):
        browser.client.control("support", claim_addresses="both")
        browser.log_in(email="nadia@player.example", email_verified=False)
        browser.write()
        assert find(account, "p-1")[0]["email"] == "nadia@player.example"

    def test_a_verified_claim_takes_an_address_from_an_unverified_holder(self, browser: Browser, account: Support):
        (holder,) = browser.client.control("support/users", email="nadia@player.example", verified=False)["users"]
        browser.log_in(**VERIFIED)
        browser.write()
        assert find(account, "p-1")[0]["email"] == "nadia@player.example"
        assert account.get(f"/users/{holder['id']}")["user"]["email"] is None

    def test_on_a_flagged_account_has_no_external_id(self, browser: Browser, account: Support):
        browser.client.control("support", flagged_account=True)
        browser.log_in()
        state = browser.write()
        assert find(account, "p-1") == []
        assert account.get(f"/users/{state['support_user_id']}")["user"]["external_id"] is None

    def test_waits_for_a_person_while_a_bot_answers(self, browser: Browser):
        browser.client.control("support", bot=True)
        browser.log_in()
        assert browser.write()["ticket_id"] is None
        assert browser.post("hand_over")["ticket_id"] == "1001"
        assert browser.call("POST", "hand_over", {}).status == 409

    def test_comes_late_when_told_so(self, browser: Browser, account: Support, clock: Clock):
        browser.client.control("support", support_delay_s=30)
        browser.log_in()
        assert browser.write()["ticket_id"] is None
        clock.now_s += 29
        assert find(account, "p-1") == []
        clock.now_s += 1
        assert len(find(account, "p-1")) == 1
        assert browser.read()["ticket_id"] == "1001"

    def test_comes_to_the_feeds(self, browser: Browser, account: Support, clock: Clock):
        browser.log_in()
        browser.write()
        clock.now_s += 60
        start = int(clock.now_s) - 70
        assert [user["external_id"] for user in account.read_feed(start_time=start)] == ["p-1"]
        page = account.get("/incremental/tickets/cursor", start_time=start, include="users")
        assert ([ticket["id"] for ticket in page["tickets"]], len(page["users"])) == ([1001], 1)

    def test_has_an_identity_of_its_messaging_user(self, browser: Browser, account: Support):
        browser.log_in()
        state = browser.write()
        (found,) = account.get(f"/users/{state['support_user_id']}/identities")["identities"]
        assert (found["type"], found["value"]) == ("messaging", state["messaging_user_id"])


class TestSignInAfterWriting:
    def test_gives_the_anonymous_support_user_the_id(self, browser: Browser, account: Support):
        browser.connect()
        before = browser.write()["support_user_id"]
        assert account.get(f"/users/{before}")["user"]["external_id"] is None
        browser.log_in(name="Nadia K")
        (user,) = find(account, "p-1")
        assert (str(user["id"]), user["name"]) == (before, "Nadia K")

    def test_merges_into_the_known_user_with_its_tickets(self, browser: Browser, account: Support, box: Box):
        other = Browser(browser.client, box)
        other.log_in()
        known = other.write()["support_user_id"]
        browser.connect()
        anonymous = browser.write()["support_user_id"]
        state = browser.log_in()
        assert state["messaging_user_id"] == other.read()["messaging_user_id"]
        assert account.get(f"/users/{anonymous}")["user"]["active"] is False
        tickets = account.get(f"/users/{known}/tickets/requested")["tickets"]
        assert [ticket["id"] for ticket in tickets] == [1001, 1002]

    def test_moves_to_a_known_user_without_a_ticket(self, browser: Browser, account: Support, box: Box):
        Browser(browser.client, box).log_in()
        browser.connect()
        before = browser.write()["support_user_id"]
        browser.log_in()
        assert [str(user["id"]) for user in find(account, "p-1")] == [before]

    def test_joins_several_browsers_of_one_person(self, browser: Browser, account: Support, box: Box):
        browsers = [browser, Browser(browser.client, box), Browser(browser.client, box)]
        for one in browsers:
            one.connect()
            one.write()
        browser.client.control("support", support_delay_s=20)
        for one in browsers:
            one.log_in()
        box.support.clock.now_s += 20
        (user,) = find(account, "p-1")
        assert len(account.get(f"/users/{user['id']}/tickets/requested")["tickets"]) == 3

    def test_shows_in_support_late_when_told_so(self, browser: Browser, account: Support, clock: Clock):
        browser.connect()
        browser.write()
        browser.client.control("support", support_delay_s=20)
        browser.log_in()
        assert find(account, "p-1") == []
        clock.now_s += 20
        assert len(find(account, "p-1")) == 1

    def test_by_a_person_whom_support_deleted_makes_a_new_user(self, browser: Browser, account: Support, box: Box):
        browser.log_in()
        before = int(browser.write()["support_user_id"])
        browser.client.control("support/users", id=before, deleted=True)
        browser.client.control("support/remove_messaging_user", id="p-1")
        other = Browser(browser.client, box)
        other.log_in()
        assert int(other.write()["support_user_id"]) != before
