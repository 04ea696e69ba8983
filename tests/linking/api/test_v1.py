from datetime import timedelta

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from linking import queue
from linking.api import v1
from linking.api.access import PerPerson
from linking.clients.zendesk_api import ZendeskTryLater
from linking.limits import Limiter
from linking.models import Integration, VisitorAlias
from linking.notes import labels, player_labels
from linking.search import find
from linking.sync.chat.source import ChatSource
from tests.factories import (
    LOGIN_SECRET_KEY,
    NOW,
    USER_ID,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    make_chat,
    make_integration,
    make_link,
    make_login_user,
    make_visitor,
)
from tests.linking.conftest import make_person
from tests.linking.sync.fake_chat import FakeChat, FakeTime

pytestmark = pytest.mark.django_db
VISITOR_ID = "7700123.ab3XkQ9zLm2Rt7"
LIST, ONE = "/api/v1/visitors/", f"/api/v1/visitors/{VISITOR_ID}/"
REFRESH, USER, INTEGRATIONS = f"{ONE}refresh/", f"/api/v1/users/{USER_ID}/", "/api/v1/integrations/"
READS = (LIST, ONE, USER, INTEGRATIONS, "/api/schema/")


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def nadia(acme):
    visitor = make_visitor(
        integration=acme, name="nadia@player.example", email="nadia@player.example", phone="+4930123456"
    )
    user = make_login_user(integration=acme, email="nadia@player.example", name="nadia")
    make_link(visitor=visitor, login_user=user)
    return visitor


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    monkeypatch.setattr(v1, "CLOCK", FakeTime().clock)
    return fake


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(queue, "put", lambda *, task, **arguments: messages.append((task, arguments)))
    return messages


class TestAccess:
    @pytest.mark.parametrize("url", READS)
    def test_is_refused_to_nobody_with_401(self, nadia, url):
        response = APIClient().get(url)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")

    @pytest.mark.parametrize("url", READS)
    def test_is_refused_to_somebody_in_no_group_with_403(self, nadia, signed_in, url):
        assert signed_in("").get(url).status_code == 403

    @pytest.mark.parametrize("url", [url for url in READS if url.startswith("/api/v1/")])
    def test_is_refused_to_developers_with_403(self, nadia, signed_in, url):
        assert signed_in("developers").get(url).status_code == 403

    @pytest.mark.parametrize("group", ["agents", "leads", "admins"])
    @pytest.mark.parametrize("url", READS)
    def test_is_given_to_every_group(self, nadia, signed_in, url, group):
        assert signed_in(group).get(url).status_code == 200

    @pytest.mark.parametrize("url", READS)
    def test_is_given_to_an_api_token(self, nadia, with_token, url):
        assert with_token("agents").get(url).status_code == 200

    def test_is_refused_to_a_wrong_token(self, nadia):
        response = APIClient(HTTP_AUTHORIZATION="Token 0000").get(LIST)
        assert (response.status_code, set(response.json())) == (401, {"detail"})

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_by_another_method_is_405(self, nadia, signed_in, method):
        response = getattr(signed_in("leads"), method)(LIST)
        assert (response.status_code, set(response.json())) == (405, {"detail"})

    def test_beyond_the_budget_is_429(self, nadia, signed_in, monkeypatch):
        monkeypatch.setattr(PerPerson, "_limiter", Limiter(per_minute=1))
        client = signed_in("leads")
        responses = [client.get(LIST) for _ in range(2)]
        assert responses[-1].status_code == 429
        assert int(responses[-1]["Retry-After"]) > 0

    def test_of_an_unknown_address_is_404_in_json(self, signed_in):
        response = signed_in("leads").get("/api/v1/nowhere/")
        assert (response.status_code, set(response.json())) == (404, {"detail"})

    def test_is_kept_by_no_cache(self, nadia, signed_in):
        assert signed_in("leads").get(ONE)["Cache-Control"] == "no-store"


class TestVisitors:
    def test_have_the_shape_of_a_cursor_list(self, nadia, signed_in):
        body = signed_in("leads").get(LIST).json()
        assert (set(body), body["next"], body["previous"]) == ({"next", "previous", "results"}, None, None)

    def test_come_with_their_link(self, nadia, signed_in):
        (row,) = signed_in("leads").get(LIST).json()["results"]
        assert (row["visitor_id"], row["state"], row["link"]["user_id"], row["link"]["verified"]) == (
            VISITOR_ID, "linked", USER_ID, False,
        )  # fmt: skip

    def test_tell_times_in_utc(self, nadia, signed_in):
        assert signed_in("leads").get(LIST).json()["results"][0]["last_seen_at"] == "2026-11-22T12:00:00Z"

    def test_without_link_have_null(self, acme, signed_in):
        make_visitor(integration=acme)
        assert signed_in("leads").get(LIST).json()["results"][0]["link"] is None

    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ("q=nadia", 1), ("q=nobody", 0), ("state=linked", 1), ("state=gone", 0), ("integration=acme", 1),
            ("q=&integration=&state=&ordering=", 1), ("ordering=name", 1), ("q=%00", 1),
            ("q=7700123-ab3XkQ9zLm2Rt7", 1),
        ],
    )  # fmt: skip
    def test_can_be_narrowed(self, nadia, signed_in, query, number):
        assert len(signed_in("leads").get(f"{LIST}?{query}").json()["results"]) == number

    @pytest.mark.parametrize(
        "query",
        [
            "state=x", "integration=none", "ordering=email", "cursor=x", "cursor=%00", "page_size=0", "page_size=201",
            "page_size=x", "stat=linked", "integration=%00",
        ],
    )  # fmt: skip
    def test_refuse_what_cannot_be_meant(self, nadia, signed_in, query):
        response = signed_in("leads").get(f"{LIST}?{query}")
        assert (response.status_code, list(response.json())) == (400, ["detail"])

    def test_lead_through_ties_to_the_end(self, acme, signed_in):
        for number in range(25):
            make_visitor(integration=acme, visitor_id=f"1.v{number}", last_seen_at=NOW + timedelta(seconds=number % 2))
        client, url, seen = signed_in("leads"), f"{LIST}?page_size=4&state=anonymous", []
        while url:
            body = client.get(url).json()
            seen += [row["visitor_id"] for row in body["results"]]
            url = body["next"]
        assert sorted(seen) == sorted(f"1.v{number}" for number in range(25))

    def test_cost_the_same_queries_whatever_their_number(self, acme, signed_in, django_assert_max_num_queries):
        for number in range(20):
            user = make_login_user(integration=acme, user_id=f"u{number}")
            make_link(visitor=make_visitor(integration=acme, visitor_id=f"1.v{number}"), login_user=user)
        client = signed_in("leads")
        with django_assert_max_num_queries(7):
            client.get(LIST)


class TestChats:
    @pytest.mark.parametrize("url", [LIST, ONE])
    def test_are_counted_with_the_time_of_the_last(self, nadia, signed_in, url):
        for hours in (1, 5):
            make_chat(visitor=nadia, chat_id=f"c{hours}", started_at=NOW - timedelta(hours=hours))
        body = signed_in("agents").get(url).json()
        row = body["results"][0] if url == LIST else body
        assert (row["chats"], row["last_chat_at"]) == (2, "2026-11-22T11:00:00Z")

    @pytest.mark.parametrize(("product", "chats"), [("chat", 0), ("messaging", None)])
    def test_are_none_or_not_known(self, nadia, signed_in, product, chats):
        Integration.objects.update(zendesk_product=product)
        row = signed_in("agents").get(LIST).json()["results"][0]
        assert (row["chats"], row["last_chat_at"]) == (chats, None)


class TestMasking:
    @pytest.mark.parametrize("url", [LIST, ONE, USER])
    def test_hides_address_and_number_from_agents(self, nadia, signed_in, url):
        body = signed_in("agents").get(url).content.decode()
        assert "nadia@player.example" not in body and "4930123" not in body and "n•••@p•••.example" in body

    @pytest.mark.parametrize("group", ["leads", "admins"])
    @pytest.mark.parametrize("url", [LIST, ONE, USER])
    def test_hides_nothing_from_others(self, nadia, signed_in, url, group):
        assert "nadia@player.example" in signed_in(group).get(url).content.decode()


class TestOneVisitor:
    @pytest.mark.parametrize("visitor_id", [VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7", "7700123-alias1", "7700123.alias1"])
    def test_is_found_by_every_id(self, acme, nadia, signed_in, visitor_id):
        VisitorAlias.objects.create(integration=acme, alias_id="7700123.alias1", visitor=nadia, first_seen_at=NOW)
        assert signed_in("agents").get(f"{LIST}{visitor_id}/").json()["visitor_id"] == VISITOR_ID

    @pytest.mark.parametrize(
        "visitor_id", ["nobody", "%00", "x" * 3000, "%ED%A0%80", "..%2f", "1.a%2Fb", "1." + "x" * 300]
    )
    def test_that_is_none_is_404(self, nadia, signed_in, visitor_id):
        response = signed_in("agents").get(f"{LIST}{visitor_id}/")
        assert (response.status_code, list(response.json())) == (404, ["detail"])


class TestUnknownVisitor:
    """Zendesk is asked at once, by a session or a token that may read."""

    def test_is_read_from_zendesk(self, acme, signed_in, chat):
        chat.add_visitor(VISITOR_ID, external_id=USER_ID, name="nadia@player.example")
        response = signed_in("agents").get(ONE)
        assert (response.status_code, response.json()["user_id"]) == (200, USER_ID)
        assert response.json()["name"] == "n•••@p•••.example"

    def test_is_read_for_a_read_only_token_too(self, acme, with_token, chat):
        chat.add_visitor(VISITOR_ID, external_id=USER_ID)
        assert with_token("leads").get(ONE).json()["user_id"] == USER_ID

    def test_comes_under_its_canonical_id(self, acme, signed_in, chat):
        chat.add_visitor("7700123.Zz9kQ2mL4xRt01", external_id=USER_ID)
        chat.aliases[VISITOR_ID] = "7700123.Zz9kQ2mL4xRt01"
        assert signed_in("leads").get(ONE).json()["visitor_id"] == "7700123.Zz9kQ2mL4xRt01"

    def test_that_zendesk_does_not_know_is_404(self, acme, signed_in, chat):
        response = signed_in("leads").get(ONE)
        assert (response.status_code, response.json()) == (404, {"detail": "Zendesk has no such visitor."})

    def test_of_another_account_is_404_and_not_asked_for(self, nadia, signed_in, chat):
        response = signed_in("leads").get(f"{LIST}9855790-xjj3u5xPWhW1Fv/")
        assert (response.status_code, "another Zendesk account" in response.json()["detail"]) == (404, True)
        assert chat.calls == []

    def test_without_an_answer_is_202(self, acme, signed_in, chat):
        chat.faults = [ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30)]
        response = signed_in("leads").get(ONE)
        assert (response.status_code, response.json()) == (
            202,
            {
                "visitor_id": VISITOR_ID,
                "queued": True,
                "detail": "Zendesk asked for a pause. This visitor is next in line.",
            },
        )
        assert int(response["Retry-After"]) > 0

    def test_is_429_for_more_than_20_a_minute(self, acme, signed_in, chat):
        client = signed_in("leads")
        for number in range(20):
            client.get(f"{LIST}7700123.unknownVisitor{number}/")
        response = client.get(ONE)
        assert (response.status_code, set(response.json()), len(chat.asked("visitor"))) == (429, {"detail"}, 20)
        assert int(response["Retry-After"]) > 0

    def test_is_not_asked_for_by_a_search(self, acme, signed_in, chat):
        signed_in("leads").get(f"{LIST}?q={VISITOR_ID}")
        assert chat.calls == []


class TestOneLoginUser:
    def test_names_the_labels_that_support_put_on(self, acme, nadia, signed_in):
        by = make_person("lead")
        for name in ("VIP", "Creator"):
            label = labels.add_label(name=name, colour="grey", by=by, now=NOW)
            player_labels.put_label(player=nadia.links.get().login_user, label_key=label.pk, by=by, now=NOW)
        assert signed_in("agents").get(USER).json()["labels"] == ["Creator", "VIP"]

    def test_comes_with_all_linked_visitors(self, acme, nadia, signed_in):
        user = nadia.links.get().login_user
        make_link(visitor=make_visitor(integration=acme, visitor_id="1.phone"), login_user=user)
        body = signed_in("leads").get(USER).json()
        assert {row["visitor_id"] for row in body["visitors"]} == {VISITOR_ID, "1.phone"}

    @pytest.mark.parametrize("user_id", ["nobody", "%00", "a%2Fb"])
    def test_that_is_none_is_404(self, nadia, signed_in, user_id):
        assert signed_in("leads").get(f"/api/v1/users/{user_id}/").status_code == 404


class TestIntegrations:
    def test_tell_state_and_counts(self, nadia, signed_in):
        (row,) = signed_in("agents").get(INTEGRATIONS).json()["results"]
        told = (row["slug"], row["state"], row["last_success_at"], row["lag_s"], row["counts"]["linked"])
        assert told == ("acme", "never_synced", None, None, 1)

    def test_never_tell_a_secret(self, nadia, signed_in):
        body = signed_in("admins").get(INTEGRATIONS).content.decode()
        assert not any(one in body for one in (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN))


class TestRefresh:
    def test_is_queued_with_202(self, nadia, signed_in, sent):
        response = signed_in("agents").post(REFRESH)
        assert (response.status_code, sent) == (202, [("linking.tasks.refresh_visitor", {"visitor_pk": nadia.pk})])

    def test_is_queued_once_while_one_is_pending(self, nadia, signed_in, sent):
        client = signed_in("agents")
        assert [client.post(REFRESH).status_code for _ in range(3)] == [202, 202, 202]
        assert len(sent) == 1

    def test_is_429_for_more_than_20_a_minute(self, nadia, signed_in, sent):
        client = signed_in("agents")
        responses = [client.post(REFRESH) for _ in range(21)]
        assert [one.status_code for one in responses] == [202] * 20 + [429]
        assert int(responses[-1]["Retry-After"]) > 0

    def test_can_be_asked_for_again_after_the_queue_was_away(self, nadia, signed_in, monkeypatch):
        messages = []

        def fail_once(**arguments):
            messages.append(arguments)
            if len(messages) == 1:
                raise queue.BrokerUnavailable

        monkeypatch.setattr(queue, "put", fail_once)
        client = signed_in("agents")
        assert [client.post(REFRESH).status_code for _ in range(2)] == [503, 202]
        assert len(messages) == 2

    def test_of_an_unknown_visitor_asks_zendesk_at_once(self, acme, signed_in, sent, chat):
        chat.add_visitor(VISITOR_ID, external_id="u")
        response = signed_in("agents").post(REFRESH)
        assert (response.status_code, response.json(), sent) == (
            202, {"visitor_id": VISITOR_ID, "queued": False}, [],
        )  # fmt: skip

    def test_of_a_visitor_that_zendesk_does_not_know_is_404(self, acme, signed_in, sent, chat):
        assert (signed_in("agents").post(REFRESH).status_code, sent) == (404, [])

    def test_by_a_read_only_token_is_403(self, nadia, with_token, sent):
        response = with_token("leads").post(REFRESH)
        assert (response.status_code, sent) == (403, [])
        assert "scope refresh" in response.json()["detail"]

    def test_by_a_token_that_may_write_is_queued(self, nadia, with_token, sent):
        client = with_token("leads", "refresh")
        assert client.post(REFRESH).status_code == 202

    def test_in_a_session_needs_the_csrf_token(self, nadia, person, sent):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(person("leads"))
        assert (client.post(REFRESH).status_code, sent) == (403, [])

    def test_takes_the_csrf_token_from_a_form_too(self, nadia, person, sent):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(person("leads"))
        client.get("/")
        token = client.cookies[settings.CSRF_COOKIE_NAME].value
        form = {"content_type": "application/x-www-form-urlencoded"}
        assert client.post(REFRESH, f"csrfmiddlewaretoken={token}", **form).status_code == 202

    def test_says_so_when_the_queue_is_away(self, nadia, signed_in, monkeypatch):
        def fail(**_options):
            raise queue.BrokerUnavailable

        monkeypatch.setattr(queue, "put", fail)
        assert signed_in("leads").post(REFRESH).status_code == 503


class TestCORS:
    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            ("https://acme.zendesk.com", "https://acme.zendesk.com"),
            ("https://other.zendesk.com", None),
            ("https://shop.example", None),
            ("null", None),
        ],
    )
    def test_lets_the_own_zendesk_account_read(self, nadia, with_token, origin, allowed):
        response = with_token("leads").get(LIST, HTTP_ORIGIN=origin)
        assert response.get("Access-Control-Allow-Origin") == allowed

    def test_never_with_cookies(self, nadia, with_token):
        response = with_token("leads").get(LIST, HTTP_ORIGIN="https://acme.zendesk.com")
        assert "Access-Control-Allow-Credentials" not in response


class TestDocs:
    def test_describe_every_call(self, signed_in):
        paths = signed_in("agents").get("/api/schema/").json()["paths"]
        assert {path.removeprefix("/api/v1/") for path in paths} == {
            "visitors/", "visitors/{visitor_id}/", "visitors/{visitor_id}/refresh/", "users/{user_id}/",
            "integrations/", "diagnose/", "hooks/zendesk/{slug}/", "/generate/token", "/generate/token/{slug}",
        }  # fmt: skip

    def test_come_as_yaml_too(self, signed_in):
        response = signed_in("agents").get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi")
        assert response.content.startswith(b"openapi:")

    def test_are_a_page_for_people(self, signed_in):
        assert "/api/v1/visitors/" in signed_in("agents").get("/api/docs/").content.decode()

    def test_show_developers_the_calls_without_records(self, signed_in):
        page = signed_in("developers").get("/api/docs/").content.decode()
        assert "/api/v1/diagnose/" in page and "/generate/token/{slug}" in page
        assert "/api/v1/visitors/" not in page

    def test_are_shown_to_members_only(self, signed_in):
        assert signed_in("").get("/api/docs/").status_code == 403


class TestVisitorsOfOneUser:
    @pytest.fixture
    def many(self, acme, monkeypatch):
        monkeypatch.setattr(find, "LINKS_A_PAGE", 2)
        user = make_login_user(integration=acme)
        for number in range(5):
            at = NOW + timedelta(hours=number // 2)
            visitor = make_visitor(integration=acme, visitor_id=f"1.{number}", first_seen_at=NOW, last_seen_at=at)
            make_link(visitor=visitor, login_user=user)

    def test_are_all_reached_page_by_page(self, many, signed_in):
        client, address, pages = signed_in("leads"), USER, []
        while address:
            answer = client.get(address).json()
            pages.append([one["visitor_id"] for one in answer["visitors"]])
            address = answer["visitors_next"]
        assert pages == [["1.4", "1.3"], ["1.2", "1.1"], ["1.0"]]

    def test_end_where_all_are_there(self, nadia, signed_in):
        assert signed_in("leads").get(USER).json()["visitors_next"] is None

    @pytest.mark.parametrize("cursor", ["x", "WyJuYW1lIiwiZiIsInMiLCJ4IiwxXQ"], ids=["damaged", "of-another-list"])
    def test_refuse_a_cursor_of_elsewhere(self, many, signed_in, cursor):
        answer = signed_in("leads").get(USER, {"cursor": cursor})
        assert (answer.status_code, answer.json()["detail"][:7]) == (400, "cursor:")
