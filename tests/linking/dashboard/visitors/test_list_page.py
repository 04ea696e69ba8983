from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import Conflict, Integration, Visitor
from tests.factories import USER_ID, make_chat, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
FRAME_QUERIES = 7  # session, person, group, integrations, three counts
# Integrations, visitors, links, conflicts, labels, chats, count, share, two ready views, kept views, and the labels
# there are.
LIST_QUERIES = FRAME_QUERIES + 12
# A release adds a dot and twelve digits to each name of a static file.
HASH_BYTES = 13


def rows_of(answer):
    return read(answer).one("table").one("tbody").all("tr")


def make_many(number, **changes):
    integration = make_integration()
    now = timezone.now()
    for place in range(number):
        make_visitor(
            integration=integration, visitor_id=f"77.v{place}", name=f"Visitor {place}",
            first_seen_at=now - timedelta(days=90), last_seen_at=now - timedelta(minutes=place), **changes,
        )  # fmt: skip
    return integration


def make_ordinary_page():
    """Fifty visitors of two integrations: names, addresses, chats, three of five linked, one banned."""
    of_two = (make_integration(), make_integration(slug="beta", name="Beta Arena", login_project_id="other"))
    now = timezone.now()
    for place in range(50):
        is_waiting = place % 5 == 3
        visitor = make_visitor(
            integration=of_two[place % 10 == 0], visitor_id=f"7700124.ab3XkQ9zLm{place:04}",
            name=f"Isabella Smith {place}",
            email=f"isabella.smith.2427{place:03}@gmail.com", first_seen_at=now - timedelta(days=90),
            last_seen_at=now - timedelta(hours=place), is_banned=place == 7,
            state="pending" if is_waiting else "anonymous", checked_at=None if is_waiting else now,
        )  # fmt: skip
        make_chat(visitor=visitor, chat_id=f"2611.77.{place}")
        if place % 5 < 3:
            user_id = f"{USER_ID[:-4]}{place:04}"
            user = make_login_user(integration=visitor.integration, user_id=user_id, name="Isabella")
            make_link(visitor=visitor, login_user=user)


class TestEmptyList:
    def test_teaches_on_the_first_run(self, lead):
        empty = read(lead.get("/")).one(class_="empty")
        assert empty.one("h2").text == "No integration yet"
        assert empty.one("a").attributes["href"] == "/setup/"

    def test_says_that_the_sync_is_on(self, lead):
        make_integration()
        assert read(lead.get("/")).one(class_="empty").one("h2").text == "No visitors yet"

    def test_says_that_the_sync_is_off(self, lead):
        make_integration(sync_enabled=False)
        assert read(lead.get("/")).one(class_="empty").one("h2").text == "Sync is off"

    def test_offers_to_clear_filters_when_nothing_fits(self, lead):
        make_many(1)
        empty = read(lead.get("/?q=nobody-like-that")).one(class_="empty")
        assert empty.one("h2").text == "No results"
        assert empty.one("a").attributes["href"] == "/"

    def test_says_when_nobody_waits(self, lead):
        make_integration()
        assert read(lead.get("/?state=signed_in")).one(class_="empty").one("h2").text == "No players to show"


class TestRows:
    def test_one_linked_visitor_in_words(self, lead):
        integration = make_integration()
        visitor = make_visitor(integration=integration, name="Nadia", email="nadia@player.example")
        make_link(visitor=visitor, login_user=make_login_user(integration=integration))
        cells = [cell.text for cell in rows_of(lead.get("/"))[0].all("td")]
        assert cells[1:3] == ["Nadia nadia@player.example", "Claimed"]

    def test_the_whole_id_is_there_though_the_middle_gives_way(self, lead):
        integration = make_integration()
        make_link(visitor=make_visitor(integration=integration), login_user=make_login_user(integration=integration))
        player = rows_of(lead.get("/"))[0].one(class_="login").one("a")
        assert "".join(part.text for part in player.all("span")) == USER_ID
        assert player.attributes["href"] == f"/users/{USER_ID}/?integration=acme"

    def test_are_light(self, lead):
        """A list stays open all day and is fetched again at every press of its news."""
        make_ordinary_page()
        content = lead.get("/").content
        assert content.count(b"<tr>") == 51
        assert len(content) + content.count(b"/static/") * HASH_BYTES < 60_000

    def test_masks_contact_data_for_agents(self, agent):
        make_visitor(integration=make_integration(), name="nadia@player.example", email="nadia@player.example")
        assert b"nadia@player.example" not in agent.get("/").content

    def test_shows_contact_data_to_leads(self, lead):
        make_visitor(integration=make_integration(), email="nadia@player.example")
        assert "nadia@player.example" in rows_of(lead.get("/"))[0].text

    def test_names_the_integration_where_there_are_several(self, lead):
        make_integration(slug="beta", name="Beta Arena", login_project_id="other")
        make_many(1)
        assert "Acme Games" in rows_of(lead.get("/"))[0].text


class TestSecondLine:
    def beside(self, lead, *, name, email, login_name=""):
        integration = make_integration()
        visitor = make_visitor(integration=integration, name=name, email=email)
        make_link(visitor=visitor, login_user=make_login_user(integration=integration, name=login_name))
        return rows_of(lead.get("/"))[0].one(class_="who").text.removeprefix(name).strip()

    def test_does_not_say_the_address_twice(self, lead):
        assert self.beside(lead, name="n@player.example", email="n@player.example") == ""

    def test_names_the_player_where_the_name_is_the_address(self, lead):
        assert self.beside(lead, name="n@player.example", email="n@player.example", login_name="StarFox") == "StarFox"

    def test_says_that_there_is_no_address(self, lead):
        assert self.beside(lead, name="Nadia", email="") == "no e-mail"


class TestHostileNames:
    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"])
    def test_stay_text(self, lead, name):
        make_visitor(integration=make_integration(), name=name, email=name[:40], notes=name)
        page = read(lead.get("/"))
        assert rows_of(lead.get("/"))[0].one("a", id=page.one("tbody").all("a")[0].attributes["id"]).text == name
        assert page.all("img") == []

    def test_stand_apart_from_the_text_around_them(self, lead):
        make_visitor(integration=make_integration(), name="\u202egnp.exe")
        assert rows_of(lead.get("/"))[0].all("bdi")[0].text == "\u202egnp.exe"

    def test_a_search_of_ten_thousand_letters_is_harmless(self, lead):
        make_many(1)
        assert lead.get("/", {"q": "A%_'\"\x00" * 1500}).status_code == 200


class TestFilters:
    def test_by_state(self, lead):
        make_many(2)
        Visitor.objects.filter(visitor_id="77.v1").update(state="pending")
        assert len(rows_of(lead.get("/?state=pending"))) == 1

    @pytest.mark.parametrize(
        ("query", "address"), [("integration=&seen=7", "/?seen=7"), ("q=&seen=&only=", "/"), ("q=a&state=", "/?q=a")]
    )
    def test_left_open_do_not_stay_in_the_address(self, lead, query, address):
        assert lead.get(f"/?{query}")["Location"] == address

    def test_by_days_since_seen(self, lead):
        make_many(1)
        make_visitor(integration=Integration.objects.get(), visitor_id="77.old")  # seen in 2026-11 by its default
        Visitor.objects.filter(visitor_id="77.old").update(
            first_seen_at=timezone.now() - timedelta(days=9), last_seen_at=timezone.now() - timedelta(days=8)
        )
        assert len(rows_of(lead.get("/?seen=7"))) == 1

    def test_each_is_a_chip_that_can_go(self, lead):
        make_many(1)
        chip = read(lead.get("/?state=anonymous&seen=30&q=visitor")).one(id="filter-q")
        assert chip.text == "Search: visitor Remove the filter Search"
        assert chip.one("a").attributes["href"] == "?state=anonymous&seen=30"

    def test_each_says_its_value_and_offers_the_others(self, lead):
        make_many(1)
        chip = read(lead.get("/?state=anonymous&seen=30")).one(id="filter-state")
        assert chip.one("summary").text == "State: Anonymous"
        assert [(choice.text, choice.attributes["href"]) for choice in chip.one("ul").all("a")] == [
            ("Linked", "?state=linked&seen=30"),
            ("Anonymous", "?state=anonymous&seen=30"),
            ("Waiting for lookup", "?state=pending&seen=30"),
            ("Deleted in Zendesk", "?state=gone&seen=30"),
        ]

    def test_by_ban(self, lead):
        make_many(2)
        Visitor.objects.filter(visitor_id="77.v1").update(is_banned=True)
        assert "Visitor 1" in rows_of(lead.get("/?banned=yes"))[0].text
        assert "Visitor 0" in rows_of(lead.get("/?banned=no"))[0].text

    def test_by_days_in_the_readers_time_zone(self, lead):
        make_visitor(integration=make_integration(), name="Nadia")  # seen at noon on 22 November 2026
        found = [
            len(read(lead.get(f"/?seen_from={first}&seen_to={last}")).all("tbody"))
            for first, last in [("2026-11-22", "2026-11-22"), ("2026-11-23", ""), ("", "2026-11-21")]
        ]
        assert found == [1, 0, 0]

    def test_of_days_keep_the_others(self, lead):
        make_many(1)
        form = read(lead.get("/?state=anonymous&seen_from=2026-11-01")).one(id="filter-days").one("form")
        sent = [(box.attributes["name"], box.attributes["value"]) for box in form.all("input")]
        assert sent == [("state", "anonymous"), ("seen_from", "2026-11-01"), ("seen_to", "")]

    def test_are_not_offered_where_nothing_could_be_narrowed(self, lead):
        make_integration()
        assert read(lead.get("/")).all("div", aria_label="Filters") == []

    @pytest.mark.parametrize(
        "query",
        [
            "state=none",
            "integration=none",
            "seen=x",
            "only=x",
            "trust=x",
            "banned=maybe",
            "seen_from=2026-02-30",
            "seen_to=20261130",
            "state=signed_in&trust=proven",
            "state=signed_in&only=no_email",
            "ordering=email",
            "cursor=abc",
        ],
    )
    def test_an_unknown_value_is_told(self, lead, query):
        make_many(1)
        answer = lead.get(f"/?{query}")
        assert answer.status_code == 400
        assert read(answer).one("h1").text == "This address contains an unknown filter"


class TestOrderAndPages:
    def test_newest_activity_first_and_said_so(self, lead):
        make_many(2)
        page = read(lead.get("/"))
        assert page.one("th", aria_sort="descending").text == "Last seen"
        assert "Visitor 0" in page.one("tbody").all("tr")[0].text

    def test_a_heading_turns_the_order(self, lead):
        make_many(2)
        heading = read(lead.get("/")).one("th", aria_sort="descending").one("a")
        assert "Visitor 1" in rows_of(lead.get("/" + heading.attributes["href"]))[0].text

    def test_the_next_page_goes_on_where_this_one_ends(self, lead):
        make_many(51)
        page = read(lead.get("/"))
        assert len(rows_of(lead.get("/" + page.one("a", rel="next").attributes["href"]))) == 1

    def test_each_page_says_which_rows_of_how_many_it_shows(self, lead):
        make_many(102)
        first = read(lead.get("/"))
        second = read(lead.get("/" + first.one("a", rel="next").attributes["href"]))
        third = read(lead.get("/" + second.one("a", rel="next").attributes["href"]))
        back = read(lead.get("/" + third.one("a", rel="prev").attributes["href"]))
        shown = [page.one(class_="showing").text for page in (first, second, third, back)]
        rows = ["1–50", "51–100", "101–102", "51–100"]
        assert shown == [f"Showing {which} of 102 visitors" for which in rows]

    @pytest.mark.parametrize("first", ["", "x", "٣", "-1", "9" * 13, "60"])
    def test_a_place_that_cannot_be_is_not_claimed(self, lead, first):
        make_many(51)
        address = read(lead.get("/")).one("a", rel="next").attributes["href"].replace("first=51", f"first={first}")
        assert read(lead.get("/" + address, follow=True)).one(class_="showing").text == "Showing 1 of 51 visitors"

    def test_filters_and_order_are_in_the_address_of_the_next_page(self, lead):
        make_many(51)
        address = read(lead.get("/?state=anonymous&ordering=name")).one("a", rel="next").attributes["href"]
        assert "state=anonymous" in address
        assert "ordering=name" in address


class TestSearchAlone:
    @pytest.mark.parametrize("text", ["7700123.ab3XkQ9zLm2Rt7", "7700123-ab3XkQ9zLm2Rt7", "x#!7700123-ab3XkQ9zLm2Rt7"])
    def test_a_pasted_visitor_id_opens_the_record(self, lead, text):
        make_visitor(integration=make_integration())
        answer = lead.get("/", {"q": text})
        assert answer["Location"] == "/visitors/7700123.ab3XkQ9zLm2Rt7/?integration=acme"

    def test_a_pasted_user_id_opens_the_user(self, lead):
        make_login_user(integration=make_integration())
        assert lead.get("/", {"q": USER_ID})["Location"] == f"/users/{USER_ID}/?integration=acme"

    def test_with_another_filter_it_is_a_search(self, lead):
        make_visitor(integration=make_integration())
        assert lead.get("/", {"q": "7700123.ab3XkQ9zLm2Rt7", "state": "anonymous"}).status_code == 200


class TestWaitingUsers:
    def test_are_listed_with_their_tokens(self, lead):
        now = timezone.now()
        proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 3}
        make_login_user(integration=make_integration(), name="Nadia", **proof)
        assert [cell.text for cell in rows_of(lead.get("/?state=signed_in"))[0].all("td")][1::2] == [
            "Nadia Page open now no e-mail",
            "3 tokens",
        ]


class TestLiveRefresh:
    def test_answers_the_same_rows_without_the_frame(self, lead):
        make_many(2)
        part = read(lead.get("/", headers={"HX-Request": "true"}))
        assert part.all("nav", aria_label="Main") == []
        assert len(part.one("tbody").all("tr")) == 2

    def test_asks_for_the_address_it_stands_on(self, lead):
        make_many(2)
        page = read(lead.get("/?state=anonymous&seen=30"))
        assert page.one(id="list").attributes["data-self"] == "/?state=anonymous&seen=30"


class TestBudget:
    def test_costs_as_many_queries_for_many_as_for_one(self, lead, django_assert_max_num_queries):
        integration = make_many(40)
        for visitor in Visitor.objects.all():
            user = make_login_user(integration=integration, user_id=f"user-{visitor.pk}")
            make_link(visitor=visitor, login_user=user)
        with django_assert_max_num_queries(LIST_QUERIES):
            lead.get("/")


class TestWordsInTheSearch:
    @pytest.mark.parametrize(
        ("q", "address"),
        [
            ("state:linked", "/?state=linked"),
            ("Seen:Week nadia", "/?q=nadia&seen=7"),
            ("nadia  state:gone k seen:today", "/?q=nadia+k&state=gone&seen=1"),
            ("state:signed_in", "/?state=signed_in"),
            ("trust:proven banned:YES", "/?trust=proven&banned=yes"),
            ("has:conflict anna", "/?q=anna&only=to_check"),
            ("from:2026-11-01 to:2026-11-30", "/?seen_from=2026-11-01&seen_to=2026-11-30"),
        ],
    )
    def test_become_filters(self, lead, q, address):
        assert lead.get("/", {"q": q})["Location"] == address

    def test_keep_the_filters_there_are(self, lead):
        assert lead.get("/?q=seen:month&state=linked")["Location"] == "/?state=linked&seen=30"

    @pytest.mark.parametrize("q", ["state:happy", "seen:once", "xstate:linked", "state:", "http://state:linked"])
    def test_that_name_nothing_stay_text(self, lead, q):
        make_many(1)
        assert read(lead.get("/", {"q": q})).one(id="filter-q").one("bdi").text == q


class TestTrust:
    @pytest.fixture
    def three(self, db):
        """A visitor for each word of trust, named by it, and one that nobody is linked to."""
        integration, now = make_integration(), timezone.now()
        for name in ("proven", "claimed", "disputed"):
            signed_in_at = now - timedelta(days=2)
            proof = {"first_authenticated_at": signed_in_at, "last_authenticated_at": signed_in_at, "tokens_issued": 1}
            proof = proof if name == "proven" else {}
            times = {"first_seen_at": now - timedelta(days=1), "last_confirmed_at": now}
            visitor = make_visitor(integration=integration, visitor_id=f"7.{name}", name=name)
            make_link(
                visitor=visitor, login_user=make_login_user(integration=integration, user_id=name, **proof), **times
            )
        Conflict.objects.create(
            integration=integration, kind="relinked", visitor=visitor, subject="1|", first_seen_at=now, last_seen_at=now
        )
        make_visitor(integration=integration, visitor_id="7.nobody", name="nobody")

    @pytest.mark.parametrize("trust", ["proven", "claimed", "disputed"])
    def test_finds_those_whose_badge_says_so(self, lead, three, trust):
        rows = rows_of(lead.get(f"/?trust={trust}"))
        assert [(row.one(class_="who").one("a").text, row.one(class_="is").text) for row in rows] == [
            (trust, trust.title())
        ]

    def test_is_judged_among_the_newest(self, lead, three, monkeypatch):
        monkeypatch.setattr("linking.search.narrow.JUDGED_MAX", 2)
        Visitor.objects.filter(name="claimed").update(first_seen_at=timezone.now() - timedelta(days=900),
                                                      last_seen_at=timezone.now() - timedelta(days=900))  # fmt: skip
        assert read(lead.get("/?trust=claimed")).all("tbody") == []


class TestIntegrationInTheSearch:
    def test_becomes_a_filter_where_there_is_one_of_that_name(self, lead):
        make_many(1)
        assert lead.get("/", {"q": "integration:Acme nadia"})["Location"] == "/?q=nadia&integration=acme"


class TestNothingFits:
    def ways(self, answer):
        return [(way.text, way.attributes["href"]) for way in read(answer).one(class_="empty").all("a")]

    def test_leads_to_users_who_signed_in_and_fit(self, lead):
        now = timezone.now()
        proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 1}
        make_login_user(integration=make_integration(), name="StarFox77", **proof)
        way = ("1 player who signed in and has no chat yet", "/?q=starf&state=signed_in")
        assert self.ways(lead.get("/?q=starf")) == [way, ("Clear filters", "/")]

    def test_leads_to_the_search_without_the_other_filters(self, lead):
        make_many(1)
        way = ("Search without the other filters", "/?q=visitor")
        assert self.ways(lead.get("/?q=visitor&state=gone")) == [way, ("Clear filters", "/")]
