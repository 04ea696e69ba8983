"""The timeline of a record: every chat as a line, by day, page by page, and what else happened."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from linking.dashboard.records.events import EventSource, Place, describe_length, parse_place
from linking.dashboard.records.timeline import PAGE
from linking.models import BlockedUser, Integration, LoginUser, TokenDay, Visitor, VisitorChat
from tests.factories import NOW, USER_ID, make_chat, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
VISITOR_PAGE = f"/visitors/{VISITOR}/?integration=acme"
CHATS = f"{VISITOR_PAGE}&events=chats"
USER_PAGE = f"/users/{USER_ID}/?integration=acme"


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def visitor(acme):
    return make_visitor(integration=acme, name="Nadia")


@pytest.fixture
def player(visitor):
    return make_link(visitor=visitor, login_user=make_login_user(integration=visitor.integration)).login_user


def timeline(client, address=VISITOR_PAGE):
    return read(client.get(address)).one("section", id="timeline")


def lines(client, address=VISITOR_PAGE):
    return [line.text for line in timeline(client, address).all("li")]


def make_many(visitor, *, number=PAGE + 20, at=NOW, every=timedelta(hours=1)):
    rows = [
        VisitorChat(integration=visitor.integration, visitor=visitor, chat_id=f"c{one}", started_at=at - one * every)
        for one in range(number)
    ]
    for row in rows:
        row.kind = "chat"
    VisitorChat.objects.bulk_create(rows)


def walk(client, address):
    """Return the times of all events, following "Older" from page to page."""
    found = []
    while address:
        part = timeline(client, address)
        found.append([line.one("time").attributes["datetime"] for line in part.all("li")])
        older = [link for link in part.all("a") if link.text == "Older"]
        address = older[0].attributes["href"].partition("#")[0] if older else ""
    return found


class TestChat:
    def test_is_a_line_with_what_zendesk_says_of_it(self, lead, visitor):
        make_chat(visitor=visitor, length_s=372, rating="good", department="Billing", tags=["vip", "refund"])
        assert lines(lead, CHATS) == [
            "12:00 Chat · 6 min · rated good · Billing vip refund Open in Zendesk (leaves zdbridge, in a new tab)"
        ]

    @pytest.mark.parametrize(("kind", "title"), [("missed", "Missed chat"), ("offline", "Offline message")])
    def test_is_named_after_what_became_of_it(self, lead, visitor, kind, title):
        make_chat(visitor=visitor, kind=kind, length_s=None)
        assert lines(lead, CHATS)[0].startswith(f"12:00 {title} ")

    def test_leads_to_its_ticket(self, lead, visitor):
        make_chat(visitor=visitor, ticket_id=4711)
        link = timeline(lead, CHATS).all("li")[0].one("a")
        assert link.text.startswith("Ticket no. 4711")
        assert link.attributes["href"] == "https://acme.zendesk.com/agent/tickets/4711"

    def test_leads_to_its_visitor_where_no_ticket_was_made(self, lead, visitor):
        make_chat(visitor=visitor)
        assert timeline(lead, CHATS).all("li")[0].one("a").attributes["href"] == (
            "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7"
        )

    def test_leads_to_no_host_that_is_not_zendesks(self, lead, visitor):
        Integration.objects.update(zendesk_subdomain="evil.example/")
        make_chat(visitor=visitor, ticket_id=4711)
        assert timeline(lead, CHATS).all("li")[0].all("a") == []

    def test_shows_hostile_words_as_text(self, lead, visitor):
        bad = "<script>alert(1)</script>"
        make_chat(visitor=visitor, department=bad, tags=[bad])
        assert lines(lead, CHATS)[0].count(bad) == 2

    def test_masks_an_address_in_a_tag_for_agents(self, agent, visitor):
        make_chat(visitor=visitor, tags=["nadia@player.example"], department="nadia@player.example")
        assert "nadia@player.example" not in timeline(agent).text

    @pytest.mark.parametrize(
        ("length_s", "words"),
        [(None, ""), (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 min"), (3599, "59 min"),
         (3900, "1 h 5 min")],
    )  # fmt: skip
    def test_tells_its_length(self, length_s, words):
        assert describe_length(length_s) == words


class TestVisitorsTimeline:
    def test_is_newest_first_by_day_in_the_reader_s_zone(self, lead, visitor):
        Visitor.objects.update(checked_at=NOW - timedelta(days=3))
        for hours in (0, 5, 13):
            make_chat(visitor=visitor, chat_id=f"c{hours}", started_at=NOW - timedelta(hours=hours))
        lead.post("/accounts/time-zone/", {"time_zone": "Asia/Tokyo"})
        found = timeline(lead)
        assert [day.text for day in found.all("h3")] == ["22 Nov 2026", "19 Nov 2026"]
        assert [time.text for time in found.all("time")] == ["21:00", "16:00", "08:00", "21:00"]

    def test_tells_when_chats_were_seen_where_none_is_stored(self, lead, visitor):
        titles = [line.one("strong").text for line in timeline(lead).all("li")]
        assert titles == ["Updated from Zendesk", "Last chat seen", "First chat seen"]

    def test_says_so_only_where_none_is_stored(self, lead, visitor):
        make_chat(visitor=visitor)
        assert "chat seen" not in timeline(lead).text

    def test_says_where_the_conversations_of_messaging_are(self, lead):
        acme = make_integration(zendesk_product="messaging")
        make_visitor(integration=acme, visitor_id="4711", last_chat_id="")
        found = timeline(lead, "/visitors/4711/")
        assert "open this user in Zendesk to see them" in found.all("p")[0].text
        assert found.all("a")[0].attributes["href"] == "https://acme.zendesk.com/agent/users/4711"

    def test_names_the_player_it_was_linked_to(self, lead, player):
        LoginUser.objects.update(name="nadia77")
        assert "12:00 Linked nadia77" in lines(lead)


class TestKinds:
    @pytest.fixture
    def relinked(self, acme, visitor):
        make_link(visitor=visitor, login_user=make_login_user(integration=acme), ended_at=NOW, end_reason="relinked")
        make_link(visitor=visitor, login_user=make_login_user(integration=acme, user_id="b"))

    def titles(self, answer):
        return [line.one("strong").text for line in read(answer).one(id="timeline").all("li")]

    def kinds(self, answer):
        return [kind.text for kind in read(answer).one("nav", aria_label="Kind of events").all("a")]

    def test_are_offered_where_there_are_such_events(self, lead, relinked):
        assert self.kinds(lead.get(VISITOR_PAGE)) == ["All 6", "Chats 2", "Links 3", "Record in Zendesk 1"]

    def test_are_shown_alone_when_asked_for(self, lead, relinked):
        answer = lead.get(f"{VISITOR_PAGE}&events=links")
        assert sorted(self.titles(answer)) == ["Link ended", "Linked", "Linked"]
        chosen = read(answer).one("nav", aria_label="Kind of events").one("a", aria_current="true")
        assert (chosen.text, chosen.attributes["href"]) == ("Links 3", f"{VISITOR_PAGE}&events=links#timeline")

    @pytest.mark.parametrize("kind", ["", "tokens", "<b>"])
    def test_without_events_show_all_of_them(self, lead, relinked, kind):
        assert len(self.titles(lead.get(f"{VISITOR_PAGE}&{urlencode({'events': kind})}"))) == 6

    def test_are_not_offered_among_few_events(self, lead, visitor):
        assert read(lead.get(VISITOR_PAGE)).all("nav", aria_label="Kind of events") == []


class TestPages:
    def test_hold_every_event_once_in_order(self, lead, visitor):
        make_many(visitor, number=2 * PAGE + 7)
        pages = walk(lead, VISITOR_PAGE)
        assert [len(page) for page in pages] == [PAGE, PAGE, 8]
        assert [at for page in pages for at in page] == sorted((at for page in pages for at in page), reverse=True)

    def test_lose_nothing_where_all_happened_in_one_moment(self, lead, visitor):
        make_many(visitor, every=timedelta())
        seen = [at for page in walk(lead, VISITOR_PAGE) for at in page]
        assert len(seen) == PAGE + 21

    def test_lead_back_to_the_newest(self, lead, visitor):
        make_many(visitor)
        older = next(link for link in timeline(lead).all("a") if link.text == "Older").attributes["href"]
        newest = next(link for link in timeline(lead, older.partition("#")[0]).all("a") if link.text == "Newest")
        assert newest.attributes["href"] == f"{VISITOR_PAGE}#timeline"

    def test_of_one_kind_stay_with_it(self, lead, visitor):
        make_many(visitor)
        pages = walk(lead, f"{VISITOR_PAGE}&events=chats")
        assert [len(page) for page in pages] == [PAGE, 20]

    @pytest.mark.parametrize("before", ["x", "1-2", "-1-0-0", "9" * 18 + "-0-1", "1-0-" + "9" * 30, "²-0-1"])
    def test_begin_at_the_newest_for_a_place_that_is_none(self, lead, visitor, before):
        make_many(visitor)
        assert len(timeline(lead, f"{VISITOR_PAGE}&before={before}").all("li")) == PAGE

    def test_count_no_further_than_they_must(self, lead, visitor):
        make_many(visitor, number=501)
        assert [kind.text for kind in timeline(lead).one("nav", aria_label="Kind of events").all("a")] == [
            "All 501+", "Chats 500+", "Record in Zendesk 1",
        ]  # fmt: skip

    @pytest.mark.parametrize("number", [PAGE, 5 * PAGE])
    def test_cost_the_same_however_many_chats_there_are(self, lead, visitor, number, django_assert_max_num_queries):
        make_many(visitor, number=number)
        with django_assert_max_num_queries(19):
            lead.get(VISITOR_PAGE)

    def test_are_fetched_alone_by_a_script(self, lead, visitor):
        make_many(visitor)
        answer = lead.get(VISITOR_PAGE, headers={"HX-Request": "true", "HX-Target": "timeline"})
        assert len(read(answer).one("section", id="timeline").all("li")) == PAGE


class TestPlace:
    def test_survives_the_way_through_an_address(self):
        place = Place(at=NOW + timedelta(microseconds=7), source=EventSource.DECISION, number=12)
        assert parse_place(place.encode()) == place


class TestPlayersTimeline:
    def test_holds_the_chats_of_all_linked_visitors(self, lead, player, visitor):
        laptop = make_visitor(integration=visitor.integration, visitor_id="7700123.laptop", name="On the laptop")
        make_link(visitor=laptop, login_user=player)
        make_chat(visitor=visitor, chat_id="c1")
        make_chat(visitor=laptop, chat_id="c2", started_at=NOW - timedelta(minutes=5))
        chats = timeline(lead, f"{USER_PAGE}&events=chats").all("li")
        assert [chat.all("a")[-1].text for chat in chats] == ["Nadia", "On the laptop"]

    def test_holds_no_chat_of_a_visitor_whose_link_ended(self, lead, player, visitor):
        other = make_visitor(integration=visitor.integration, visitor_id="7700123.shared")
        make_link(visitor=other, login_user=player, ended_at=NOW, end_reason="unlinked")
        make_chat(visitor=other, chat_id="of-somebody-else")
        assert "Chats" not in timeline(lead, USER_PAGE).text

    def test_tells_who_blocked_the_player(self, lead, player, acme):
        BlockedUser.objects.create(integration=acme, user_id=USER_ID, blocked_at=NOW, blocked_by="admin")
        page = read(lead.get(USER_PAGE))
        assert "Blocked by admin" in page.one("section", id="timeline").text
        assert "Blocked" in page.one("h1").text
        assert "This player is blocked and gets no token" in page.one(class_="why").text


class TestTokens:
    def tokens(self, client):
        return lines(client, f"{USER_PAGE}&events=tokens")

    @pytest.fixture
    def verified(self, player):
        first_at, last_at = NOW - timedelta(days=40, seconds=20), NOW - timedelta(hours=2)
        LoginUser.objects.filter(pk=player.pk).update(
            first_authenticated_at=first_at, last_authenticated_at=last_at, tokens_issued=90
        )
        return player

    def make_day(self, player, *, days_ago, tokens):
        at = NOW - timedelta(days=days_ago)
        TokenDay.objects.create(login_user=player, day=at.date(), tokens=tokens, last_at=at.replace(second=0))

    def test_stand_by_day(self, lead, verified):
        self.make_day(verified, days_ago=0, tokens=12)
        self.make_day(verified, days_ago=3, tokens=1)
        assert self.tokens(lead) == [
            "12:00 12 tokens issued · that day, the last one at this time",
            "12:00 1 token issued",
            "11:59 First token issued",
        ]

    def test_are_the_first_and_the_last_where_no_day_is_stored(self, lead, verified):
        assert self.tokens(lead) == ["10:00 Last token issued", "11:59 First token issued"]

    def test_name_the_first_once_where_it_was_the_only_one_of_its_day(self, lead, verified):
        self.make_day(verified, days_ago=0, tokens=2)
        self.make_day(verified, days_ago=40, tokens=1)
        assert self.tokens(lead)[1:] == ["11:59 First token issued"]

    def test_name_the_integration_where_a_player_has_several(self, lead, verified):
        other = make_integration(slug="other", name="Other")
        twin = make_login_user(integration=other, first_authenticated_at=NOW, last_authenticated_at=NOW,
                               tokens_issued=2)  # fmt: skip
        self.make_day(twin, days_ago=0, tokens=2)
        assert "Other" in self.tokens(lead)[0]
