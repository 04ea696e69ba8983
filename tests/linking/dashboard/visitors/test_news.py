from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import Conflict, LoginUser, Visitor
from linking.notes import labels, player_labels
from tests.factories import NOW, make_chat, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
FRAMELESS_QUERIES = 2 + 2  # session, person, group, and the group's permissions


@pytest.fixture
def acme():
    integration = make_integration()
    for place in range(3):
        seen(integration, f"77.v{place}", minutes=10 + place)
    return integration


def seen(integration, visitor_id, *, minutes=0, **changes):
    at = timezone.now() - timedelta(minutes=minutes)
    return make_visitor(
        integration=integration, visitor_id=visitor_id, name=visitor_id, first_seen_at=at, last_seen_at=at, **changes
    )


def asked_where(browser, path="/"):
    """Where the list at `path` asks for news, as its page has it."""
    return read(browser.get(path)).one(id="list").attributes["data-news"]


def fetch_news(browser, url):
    answer = browser.get(url)
    assert answer.status_code == 200, answer
    return answer.json()


class TestNothingNew:
    def test_is_told_of_labels_and_chats(self, lead, acme, admin_user):
        visitor = Visitor.objects.get(visitor_id="77.v0")
        player = make_login_user(integration=acme)
        make_link(visitor=visitor, login_user=player)
        label = labels.add_label(name="VIP", colour="violet", by=admin_user, now=NOW)
        player_labels.put_label(player=player, label_key=label.pk, by=admin_user, now=NOW)
        make_chat(visitor=visitor)
        assert lead.get(asked_where(lead)).status_code == 204

    @pytest.mark.parametrize("path", ["/", "/?seen=7&q=77", "/?ordering=name", "/?state=signed_in", "/?state=gone"])
    def test_is_answered_by_nothing(self, lead, acme, path):
        answer = lead.get(asked_where(lead, path))
        assert (answer.status_code, answer.content) == (204, b"")

    def test_before_the_first_visitor_of_all(self, lead):
        make_integration()
        assert lead.get(asked_where(lead)).status_code == 204

    def test_costs_a_few_queries(self, lead, acme, django_assert_max_num_queries):
        url = asked_where(lead)
        with django_assert_max_num_queries(FRAMELESS_QUERIES + 3):
            lead.get(url)


class TestNew:
    def test_are_those_who_would_stand_before_the_first_row(self, lead, acme):
        url = asked_where(lead)
        seen(acme, "77.new")
        seen(acme, "77.late", minutes=11)
        assert fetch_news(lead, url)["words"] == "1 new · show"

    def test_is_the_first_visitor_of_all(self, lead):
        acme = make_integration()
        url = asked_where(lead)
        seen(acme, "77.new", minutes=600)
        assert fetch_news(lead, url)["words"] == "1 new · show"

    def test_are_told_once(self, lead, acme):
        url = asked_where(lead)
        seen(acme, "77.new")
        mark = fetch_news(lead, url)["mark"]
        assert lead.get(f"{url}&mark={mark}").status_code == 204
        seen(acme, "77.newer")
        assert fetch_news(lead, f"{url}&mark={mark}")["words"] == "2 new · show"

    def test_are_taken_back_when_they_are_gone_again(self, lead, acme):
        url = asked_where(lead)
        newcomer = seen(acme, "77.new")
        mark = fetch_news(lead, url)["mark"]
        newcomer.delete()
        assert fetch_news(lead, f"{url}&mark={mark}") == {"mark": "", "words": "", "changed": []}

    def test_are_counted_no_further_than_fifty(self, lead, acme):
        url = asked_where(lead)
        for place in range(52):
            seen(acme, f"77.n{place}")
        assert fetch_news(lead, url)["words"] == "50+ new · show"

    def test_keep_to_the_filters(self, lead, acme):
        url = asked_where(lead, "/?q=special&seen=7")
        seen(acme, "77.new")
        seen(acme, "77.special")
        assert fetch_news(lead, url)["words"] == "1 new · show"

    def test_by_when_they_were_seen_first(self, lead, acme):
        url = asked_where(lead, "/?ordering=-first_seen_at")
        Visitor.objects.filter(visitor_id="77.v2").update(last_seen_at=timezone.now())
        seen(acme, "77.new")
        assert fetch_news(lead, url)["words"] == "1 new, 1 changed · show"

    @pytest.mark.parametrize("path", ["/?ordering=name", "/?ordering=last_seen_at"])
    def test_are_none_where_the_newest_do_not_stand_first(self, lead, acme, path):
        url = asked_where(lead, path)
        seen(acme, "77.new")
        assert lead.get(url).status_code == 204

    def test_are_none_on_a_later_page(self, lead, acme):
        for place in range(60):
            seen(acme, f"77.p{place}", minutes=20)
        url = asked_where(lead, "/" + read(lead.get("/")).one("a", rel="next").attributes["href"])
        seen(acme, "77.new")
        assert lead.get(url).status_code == 204


class TestChanged:
    def changed(self, lead, url, visitor_id):
        news = fetch_news(lead, url)
        assert news["words"] == "1 changed · show"
        return news["changed"] == [f"v{Visitor.objects.get(visitor_id=visitor_id).pk}"]

    def test_is_a_row_whose_visitor_was_linked(self, lead, acme):
        url = asked_where(lead)
        make_link(visitor=Visitor.objects.get(visitor_id="77.v1"), login_user=make_login_user(integration=acme))
        assert self.changed(lead, url, "77.v1")

    def test_is_a_row_whose_visitor_came_into_a_conflict(self, lead, acme):
        url, visitor = asked_where(lead), Visitor.objects.get(visitor_id="77.v1")
        Conflict.objects.create(
            integration=acme, kind="relinked", visitor=visitor, subject="1|", first_seen_at=NOW, last_seen_at=NOW
        )
        assert self.changed(lead, url, "77.v1")

    def test_is_a_row_that_left_the_filter(self, lead, acme):
        Visitor.objects.update(state="pending")
        url = asked_where(lead, "/?state=pending")
        Visitor.objects.filter(visitor_id="77.v1").update(state="anonymous")
        assert self.changed(lead, url, "77.v1")

    def test_is_a_row_whose_visitor_chats_again_and_not_new(self, lead, acme):
        url = asked_where(lead)
        Visitor.objects.filter(visitor_id="77.v1").update(last_seen_at=timezone.now())
        assert self.changed(lead, url, "77.v1")

    def test_is_a_row_that_is_gone(self, lead, acme):
        url, key = asked_where(lead), Visitor.objects.get(visitor_id="77.v1").pk
        Visitor.objects.filter(pk=key).delete()
        assert fetch_news(lead, url)["changed"] == [f"v{key}"]

    def test_is_told_again_when_it_changes_again(self, lead, acme):
        url = asked_where(lead)
        Visitor.objects.filter(visitor_id="77.v1").update(name="One")
        mark = fetch_news(lead, url)["mark"]
        Visitor.objects.filter(visitor_id="77.v1").update(name="Two")
        assert fetch_news(lead, f"{url}&mark={mark}")["mark"] != mark

    def test_is_not_what_this_reader_does_not_see(self, agent, acme):
        Visitor.objects.filter(visitor_id="77.v1").update(phone="+49 30 1234567")
        url = asked_where(agent)
        Visitor.objects.filter(visitor_id="77.v1").update(phone="+49 30 7654321")
        assert agent.get(url).status_code == 204


class TestWaitingUsers:
    def waiting(self, acme, user_id, *, minutes=0):
        at = timezone.now() - timedelta(minutes=minutes)
        proof = {"first_authenticated_at": at, "last_authenticated_at": at, "tokens_issued": 1}
        return make_login_user(integration=acme, user_id=user_id, **proof)

    def test_who_sign_in_are_new(self, lead, acme):
        self.waiting(acme, "one", minutes=5)
        url = asked_where(lead, "/?state=signed_in")
        self.waiting(acme, "two")
        assert fetch_news(lead, url)["words"] == "1 new · show"

    def test_whose_open_page_renews_its_token_are_no_news(self, lead, acme):
        self.waiting(acme, "one", minutes=5)
        url = asked_where(lead, "/?state=signed_in")
        LoginUser.objects.update(last_authenticated_at=timezone.now(), tokens_issued=2)
        assert lead.get(url).status_code == 204

    def test_who_are_seen_in_chat_have_changed(self, lead, acme):
        user = self.waiting(acme, "one", minutes=5)
        url = asked_where(lead, "/?state=signed_in")
        make_link(visitor=Visitor.objects.first(), login_user=user)
        assert fetch_news(lead, url) | {"mark": ""} == {
            "mark": "",
            "words": "1 changed · show",
            "changed": [f"u{user.pk}"],
        }


class TestNonsense:
    @pytest.mark.parametrize("query", ["rows=x", "since=abc", "seen=x", "rows=AAA", "since=%00", "state=none&since=a"])
    def test_is_refused(self, lead, acme, query):
        assert lead.get(f"/news/?{query}").status_code == 400

    def test_a_place_that_looks_the_other_way_is_refused(self, lead, acme):
        for place in range(60):
            seen(acme, f"77.p{place}", minutes=20)
        forward = read(lead.get("/")).one("a", rel="next").attributes["href"].partition("cursor=")[2].partition("&")[0]
        assert lead.get(f"/news/?since={forward}").status_code == 400

    def test_cannot_be_posted_to(self, lead):
        assert lead.post("/news/").status_code == 405

    def test_nobody_is_sent_to_sign_in(self, client):
        assert client.get("/news/")["Location"].startswith("/accounts/login/")

    def test_an_outsider_may_not(self, sign_in):
        assert sign_in("outsider").get("/news/").status_code == 403
