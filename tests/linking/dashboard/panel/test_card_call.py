import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from linking import registry
from linking.dashboard.panel import card_call
from linking.models import Conflict, Integration, Label, PlayerLabel, PlayerNote
from linking.panel.passes import issue_pass
from tests.factories import USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.panel.zendesk import set_up_app

pytestmark = pytest.mark.django_db
PATH = "/panel/acme/card"
VISITOR_ID, DASHED = "7700123.ab3XkQ9zLm2Rt7", "7700123-ab3XkQ9zLm2Rt7"


@pytest.fixture
def acme():
    # Zendesk is not to be asked: there is no access token.
    return make_integration(secrets={"zendesk_access_token": ""}, **set_up_app())


@pytest.fixture
def support():
    values = {"zendesk_product": "messaging", "zendesk_key_id": "key", "zendesk_client_id": ""}
    return make_integration(**values, **set_up_app())


def make_pass(slug="acme", *, late_s=0):
    now = timezone.now().timestamp() - late_s
    return issue_pass(config=registry.current().by_slug[slug], agent="7", now=now)[1]


def ask(body, *, path=PATH, bearer=None, **extra):
    bearer = make_pass() if bearer is None else bearer
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    browser = Client(enforce_csrf_checks=True)
    return browser.generic("POST", path, content, content_type="application/json", headers=headers, **extra)


def make_player(integration, *, is_proven=True, **changes):
    token_at = timezone.now() - timedelta(days=2) if is_proven else None
    return make_login_user(
        integration=integration, name="Nadia Petrova", email="nadia@player.example",
        first_authenticated_at=token_at, last_authenticated_at=token_at, tokens_issued=3 if is_proven else 0, **changes,
    )  # fmt: skip


def link(integration, *, visitor_id=VISITOR_ID, user=None, **changes):
    visitor = make_visitor(integration=integration, visitor_id=visitor_id, phone="+49 30 1234567", **changes)
    user = user or make_player(integration)
    make_link(visitor=visitor, login_user=user, last_confirmed_at=timezone.now())
    return visitor, user


class TestPass:
    def test_opens_the_card(self, acme):
        link(acme)
        response = ask({"external_id": USER_ID})
        assert (response.status_code, response.json()["user_id"]) == (200, USER_ID)

    @pytest.mark.parametrize(
        ("bearer", "reason"), [("", "pass_missing"), ("made-up", "pass_invalid"), ("x" * 5000, "pass_invalid")]
    )
    def test_is_needed(self, acme, bearer, reason):
        response = ask({"external_id": USER_ID}, bearer=bearer)
        assert (response.status_code, response.json()["reason"]) == (401, reason)
        assert response["WWW-Authenticate"] == "Bearer"

    def test_ends_after_ten_minutes(self, acme):
        response = ask({"external_id": USER_ID}, bearer=make_pass(late_s=600))
        assert (response.status_code, response.json()["reason"]) == (401, "pass_expired")

    def test_is_for_one_integration(self, acme):
        make_integration(slug="other", **set_up_app())
        response = ask({"external_id": USER_ID}, bearer=make_pass("other"))
        assert (response.status_code, response.json()["reason"]) == (401, "pass_invalid")

    def test_ends_with_the_key_that_started_it(self, acme):
        bearer = make_pass()
        Integration.objects.update(zendesk_app_public_key="")
        registry.refresh()
        assert ask({"external_id": USER_ID}, bearer=bearer).status_code == 401

    def test_of_an_unknown_integration_is_none(self, acme):
        assert ask({"external_id": USER_ID}, path="/panel/nope/card").status_code == 401

    def test_is_renewed_by_every_answer(self, acme):
        link(acme)
        fresh = ask({"external_id": USER_ID}, bearer=make_pass(late_s=500)).json()["pass"]
        assert ask({"external_id": "nobody"}, bearer=fresh).json()["pass"]

    def test_is_no_sign_in(self, acme, sign_in):
        browser = sign_in("admin")
        assert browser.post(PATH, "{}", content_type="application/json").status_code == 401

    def test_lets_sixty_look_ups_through_in_a_minute(self, acme, monkeypatch):
        bearer, other = make_pass(), make_pass()
        statuses = [ask({"external_id": "x"}, bearer=bearer).status_code for _ in range(61)]
        assert statuses == [404] * 60 + [429]
        assert ask({"external_id": "x"}, bearer=other).status_code == 404

    def test_is_counted_with_its_renewals(self, acme, monkeypatch):
        monkeypatch.setattr(card_call.limiter, "at_most", 1)
        fresh = ask({"external_id": "x"}).json()["pass"]
        response = ask({"external_id": "x"}, bearer=fresh)
        assert (response.status_code, response.json()["reason"]) == (429, "too_many")
        assert int(response["Retry-After"]) > 0

    def test_sets_no_cookie_and_is_not_kept(self, acme):
        response = ask({"external_id": "x"})
        assert (dict(response.cookies), "no-store" in response["Cache-Control"]) == ({}, True)


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"external_id": "a", "external_id": "b"}', {},
            {"external_id": ""},
            {"external_id": None}, {"external_id": True}, {"external_id": ["a"]}, {"external_id": {"a": 1}},
            {"external_id": "x" * 256}, {"bogus": "a"}, {"external_id": "a", "bogus": 1}, {"support_user_id": 10**300},
            b'{"external_id": NaN}',
        ],
    )  # fmt: skip
    def test_that_cannot_be_read_is_refused(self, acme, body):
        response = ask(body)
        assert (response.status_code, response.json()["reason"]) == (400, "not_readable")

    def test_that_is_too_large_is_refused(self, acme):
        assert ask({"external_id": "x" * 5000}).status_code == 413

    def test_that_is_nested_deeply_is_refused(self, acme):
        assert ask(b'{"external_id":' + b"[" * 2000 + b"]" * 2000 + b"}").status_code == 400

    @pytest.mark.parametrize("text", ["\x00", "a\u202eb", "'; --", "~1"])
    def test_with_a_hostile_id_finds_nobody(self, acme, text):
        link(acme)
        assert ask({"external_id": text}).status_code == 404

    def test_takes_no_number_that_stands_for_a_user(self, acme):
        """Addresses of records take `~1`; here it would let a panel count through all players."""
        _visitor, user = link(acme)
        assert ask({"external_id": f"~{user.pk}"}).status_code == 404

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
    def test_comes_by_post(self, acme, method):
        response = Client().generic(method, PATH)
        assert (response.status_code, response["Allow"]) == (405, "POST")


class TestWhoIsMeant:
    @pytest.mark.parametrize(
        "visitor_id",
        [VISITOR_ID, DASHED, f"visitor:{DASHED}", f"#supportchat:{DASHED}"],
    )  # fmt: skip
    def test_is_a_chat_visitor_in_any_form(self, acme, visitor_id):
        link(acme)
        assert ask({"visitor_id": visitor_id}).json()["user_id"] == USER_ID

    @pytest.mark.parametrize("number", [21478830000018, "21478830000018"])
    def test_is_a_user_of_support(self, support, number):
        link(support, visitor_id="21478830000018")
        assert ask({"support_user_id": number}).json()["user_id"] == USER_ID

    def test_is_no_user_of_support_for_chat(self, acme):
        link(acme, visitor_id="21478830000018")
        assert ask({"support_user_id": 21478830000018}).status_code == 404

    def test_is_a_player_in_any_case_of_letters_on_messaging(self, support):
        link(support, visitor_id="21478830000018")
        assert ask({"external_id": USER_ID.upper()}).json()["user_id"] == USER_ID

    def test_is_nobody_of_another_integration(self, acme):
        other = make_integration(slug="other", login_project_id="another-project")
        link(other)
        assert ask({"external_id": USER_ID}).status_code == 404
        assert ask({"visitor_id": VISITOR_ID}).status_code == 404

    def test_is_nobody_known(self, acme):
        response = ask({"external_id": USER_ID})
        assert (response.status_code, response.json()["reason"]) == (404, "unknown")
        assert response.json()["detail"].startswith("zdbridge does not know this player")

    def test_is_nobody_where_zendesk_names_no_player(self, support):
        response = ask({"support_user_id": 99})
        assert (response.status_code, response.json()["detail"].split(":")[0]) == (404, "Anonymous")


class TestTrust:
    def test_is_proven_by_a_token_before_the_link(self, acme):
        link(acme)
        card = ask({"visitor_id": VISITOR_ID}).json()
        assert (card["trust"], card["why"], card["states"][0]["word"]) == (
            "proven", "Proven: the player signed in through Login.", "Proven",
        )  # fmt: skip

    def test_is_claimed_without_a_token(self, acme):
        link(acme, user=make_player(acme, is_proven=False))
        assert ask({"visitor_id": VISITOR_ID}).json()["trust"] == "claimed"

    def test_is_disputed_while_a_conflict_is_open(self, acme):
        visitor, user = link(acme)
        make_conflict(acme, visitor=visitor, user=user)
        card = ask({"visitor_id": VISITOR_ID}).json()
        assert (card["trust"], len(card["open_conflicts"])) == ("disputed", 1)
        assert "/visitors/7700123.ab3XkQ9zLm2Rt7/" in card["open_conflicts"][0]["url"]

    def test_of_a_player_is_not_lent_to_a_visitor_who_only_claims_the_id(self, support):
        """Whoever writes another player's ID into a Support user must not see that player's proof."""
        link(support, visitor_id="21478830000018")
        card = ask({"external_id": USER_ID, "support_user_id": 99}).json()
        assert (card["user_id"], card["trust"]) == (USER_ID, "claimed")
        assert card["why"].startswith("Not proven: zdbridge has not confirmed")

    def test_is_that_of_the_id_that_zendesk_names_now(self, support):
        link(support, visitor_id="21478830000018")
        other = make_login_user(integration=support, user_id="11111111-0000-4000-8000-000000000001")
        card = ask({"external_id": other.user_id, "support_user_id": 21478830000018}).json()
        assert (card["user_id"], card["trust"]) == (other.user_id, "claimed")
        assert "another player than at the last sync" in card["why"]

    def test_is_nobodys_where_zendesk_names_a_stranger_now(self, support):
        link(support, visitor_id="21478830000018")
        card = ask({"external_id": "crm-17", "support_user_id": 21478830000018}).json()
        assert (card["user_id"], card["trust"], card["publisher_account_url"]) == (None, "", "")

    def test_of_a_visitor_without_a_player_says_why(self, acme):
        make_visitor(integration=acme)
        card = ask({"visitor_id": VISITOR_ID}).json()
        assert (card["user_id"], card["visitor_id"], card["trust"]) == (None, VISITOR_ID, "")
        assert card["why"] == "Anonymous: this visitor was not signed in while chatting."

    def test_of_a_player_who_has_not_chatted_says_so(self, acme):
        make_player(acme)
        card = ask({"external_id": USER_ID}).json()
        assert (card["trust"], card["why"]) == ("", "No chat visitor is linked to this player.")


class TestCard:
    def test_masks_what_agents_may_not_see(self, acme):
        link(acme)
        card = ask({"external_id": USER_ID, "visitor_id": VISITOR_ID}).json()
        assert (card["name"], card["email"], card["phone"]) == ("Nadia Petrova", "n•••@p•••.example", "•••67")
        assert "nadia@" not in json.dumps(card)

    def test_masks_an_id_that_is_an_address_and_its_ways_out(self, acme):
        link(acme, user=make_player(acme, user_id="nadia@player.example"))
        card = ask({"visitor_id": VISITOR_ID}).json()
        assert (card["user_id"], card["publisher_account_url"]) == ("n•••@p•••.example", "")
        assert "nadia" not in card["record_url"]

    def test_leads_to_publisher_account_and_to_the_record(self, acme):
        link(acme)
        card = ask({"external_id": USER_ID}).json()
        assert card["publisher_account_url"].endswith(f"/77001/projects/44056/login/users/{USER_ID}")
        assert card["record_url"] == f"http://testserver/users/{USER_ID}/?integration=acme"

    def test_lists_other_visitors_of_the_player(self, acme):
        _visitor, user = link(acme)
        link(acme, visitor_id="7700123.second", user=user, name="nadia@player.example")
        card = ask({"visitor_id": VISITOR_ID}).json()
        (other,) = card["other_visitors"]
        assert (other["visitor_id"], other["name"], card["other_visitors_left_out"]) == (
            "7700123.second", "n•••@p•••.example", 0,
        )  # fmt: skip

    def test_lists_five_others_and_counts_the_rest(self, acme):
        _visitor, user = link(acme)
        for number in range(7):
            link(acme, visitor_id=f"7700123.more{number}", user=user)
        card = ask({"visitor_id": VISITOR_ID}).json()
        assert (len(card["other_visitors"]), card["other_visitors_left_out"]) == (5, 2)

    def test_lists_visitors_of_the_same_login_project(self, acme):
        link(acme)
        moved = make_integration(slug="moved", zendesk_product="messaging", zendesk_key_id="key")
        link(moved, visitor_id="21478830000018", user=make_player(moved))
        (other,) = ask({"visitor_id": VISITOR_ID}).json()["other_visitors"]
        assert other["source"] == "Messaging"

    def test_tells_of_a_ban(self, acme):
        link(acme, is_banned=True)
        assert ask({"visitor_id": VISITOR_ID}).json()["ban"] == "This visitor is banned in Zendesk."

    def test_tells_the_last_token(self, acme):
        _visitor, user = link(acme)
        card = ask({"external_id": USER_ID}).json()
        assert (card["tokens_issued"], card["last_token_at"]) == (3, user.last_authenticated_at.isoformat())

    def test_shows_notes_and_labels_masked(self, acme):
        _visitor, user = link(acme)
        note = {"text": "Wrote from nadia@player.example", "author_name": "lead", "plain": "", "contact": ""}
        PlayerNote.objects.create(login_user=user, written_at=timezone.now(), **note)
        label = Label.objects.create(name="VIP", low_name="vip", colour="amber", place=1)
        PlayerLabel.objects.create(login_user=user, label=label)
        card = ask({"external_id": USER_ID}).json()
        assert [one["text"] for one in card["notes"]] == ["Wrote from n•••@p•••.example"]
        assert card["labels"] == [{"name": "VIP", "colour": "amber"}]

    def test_costs_the_same_number_of_queries_for_many_visitors(self, acme, django_assert_max_num_queries):
        visitor, user = link(acme)
        make_conflict(acme, visitor=visitor, user=user)
        for number in range(30):
            link(acme, visitor_id=f"7700123.more{number}", user=user)
        bearer = make_pass()
        with django_assert_max_num_queries(14):
            ask({"external_id": USER_ID, "visitor_id": VISITOR_ID}, bearer=bearer)

    def test_is_logged_without_names(self, acme, caplog):
        link(acme)
        with caplog.at_level(logging.INFO, logger="linking.dashboard.panel"):
            ask({"external_id": USER_ID})
        (line,) = [record.getMessage() for record in caplog.records if "look-up" in record.getMessage()]
        assert line.startswith("panel look-up: acme, start ") and line.endswith(", found")
        assert USER_ID not in line and "adia" not in line


def make_conflict(integration, *, visitor, user):
    now = timezone.now()
    return Conflict.objects.create(
        integration=integration, kind="relinked", visitor=visitor, login_user=user, subject="relinked|x",
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
