"""The share above the list: of whom it is one, and why the others are not linked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.conflicts import decisions
from linking.dashboard.visitors.link_rate import count_linked
from linking.models import Visitor
from linking.search import recent
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


class TestCountLinked:
    @pytest.mark.parametrize(
        ("total", "linked", "pending", "words"),
        [
            (2022, 492, 1381, "Linked: 492 of 641 looked up (77 %), 1,381 waiting for lookup."),
            (4, 1, 0, "Linked: 1 of 4 looked up (25 %)."),
            (3, 0, 3, "Linked: none yet, 3 waiting for lookup."),
            (1000, 999, 0, "Linked: 999 of 1,000 looked up (99 %)."),
            (1000, 1, 0, "Linked: 1 of 1,000 looked up (1 %)."),
            (1000, 1000, 0, "Linked: 1,000 of 1,000 looked up (100 %)."),
            (5, 0, 0, "Linked: 0 of 5 looked up (0 %)."),
        ],
    )
    def test_is_of_those_who_were_looked_up(self, total, linked, pending, words):
        assert count_linked(total=total, linked=linked, pending=pending) == words


def make_seen(integration, name, *, days=1, **changes):
    at = timezone.now() - timedelta(days=days)
    visitor_id = f"7.{integration.slug}-{name}"
    return make_visitor(integration=integration, visitor_id=visitor_id, first_seen_at=at, last_seen_at=at, **changes)


def make_linked(integration, name, **changes):
    user = make_login_user(integration=integration, user_id=f"user-{name}")
    return make_link(visitor=make_seen(integration, name, **changes), login_user=user)


@pytest.fixture
def acme():
    integration = make_integration()
    make_linked(integration, "one")
    make_linked(integration, "two", days=5)
    make_seen(integration, "nobody")
    make_seen(integration, "junk", external_id="undefined")
    make_seen(integration, "deleted", state="gone", gone_at=NOW)
    make_seen(integration, "waiting", state="pending", checked_at=None)
    make_seen(integration, "long-ago", days=40)
    return integration


@pytest.fixture
def beta():
    integration = make_integration(slug="beta", name="Beta <b>Arena</b>", login_project_id="other")
    make_linked(integration, "three")
    return integration


def rate_of(browser, query=""):
    found = read(browser.get(f"/{query}")).all(class_="rate")
    return found[0] if found else None


class TestAboveTheList:
    def test_counts_those_who_were_looked_up(self, lead, acme):
        words = "Linked: 2 of 5 looked up (40 %), 1 waiting for lookup. Among the visitors seen in the last 30 days."
        assert rate_of(lead).all("p")[0].text == words

    def test_does_not_fall_while_a_backlog_waits(self, lead, acme):
        for number in range(20):
            make_seen(acme, f"v{number}", state="pending", checked_at=None)
        assert "Linked: 2 of 5 looked up (40 %), 21 waiting for lookup." in rate_of(lead).text

    def test_says_why_the_others_are_not_linked(self, lead, acme):
        assert [reason.text for reason in rate_of(lead).all("li")] == [
            "1 anonymous: not signed in while chatting",
            "1 with an invalid user ID from the website",
            "1 deleted in Zendesk",
        ]

    def test_tells_those_apart_whom_a_person_unlinked(self, lead, acme):
        link = make_linked(acme, "wrong")
        decisions.part(link_id=link.pk, by=make_person("decider"), now=timezone.now())
        reasons = [reason.text for reason in rate_of(lead).all("li")]
        assert "1 unlinked by support" in reasons
        assert "1 with an invalid user ID from the website" in reasons

    def test_gives_each_integration_its_own(self, lead, acme, beta):
        each = {one.one("dt").text: one.one("dd").text for one in rate_of(lead).one("dl").all("div")}
        assert each == {
            "Acme Games": "Linked: 2 of 5 looked up (40 %), 1 waiting for lookup.",
            "Beta <b>Arena</b>": "Linked: 1 of 1 looked up (100 %).",
        }

    def test_is_of_the_integration_that_the_list_is_narrowed_to(self, lead, acme, beta):
        rate = rate_of(lead, "?integration=acme")
        assert ("2 of 5 looked up" in rate.text, rate.all("dl")) == (True, [])

    def test_is_of_the_days_that_the_list_is_narrowed_to(self, lead, acme):
        make_linked(acme, "older", days=20)
        assert "Linked: 3 of 6 looked up (50 %), " in rate_of(lead).text
        words = "Linked: 2 of 5 looked up (40 %), 1 waiting for lookup. Among the visitors seen in the last 7 days."
        assert words in rate_of(lead, "?seen=7").text

    @pytest.mark.parametrize("query", ["?q=nobody-like-that", "?state=anonymous", "?only=no_email", "?state=signed_in"])
    def test_is_not_there_where_it_would_be_of_others(self, lead, acme, query):
        assert rate_of(lead, query) is None

    def test_says_of_how_many_where_there_are_more(self, lead, acme, monkeypatch):
        monkeypatch.setattr(recent, "COUNT_CAP", 3)
        assert "Among the newest 3 visitors." in rate_of(lead).text

    def test_needs_no_query_more_for_several_integrations(self, lead, acme, beta, django_assert_max_num_queries):
        Visitor.objects.filter(external_id="undefined").delete()
        lead.get("/")
        with django_assert_max_num_queries(19):
            lead.get("/")
