from datetime import timedelta

import pytest

from linking.models import LoginUser, Visitor, VisitorAlias, WaitingWords
from linking.search import find, pages, parse_query
from linking.search.keyset import BadKeyset
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db
VISITOR_ID = "7700123.ab3XkQ9zLm2Rt7"


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def nadia(acme):
    visitor = make_visitor(
        integration=acme,
        name="Nadia Kovač",
        email="Nadia@Player.example",
        phone="+49 (30) 123-4567",
        last_chat_id="2611.7700123.SbQ2",
    )
    login = {"name": "StarFox77", "email": "n.kovac@login.example"}
    make_link(visitor=visitor, login_user=make_login_user(integration=acme, **login))
    return visitor


def found(q: str) -> list[str]:
    return [row.visitor_id for row in find.list_visitors(sees_contact=True, query=parse_query(q))]


class TestVisitors:
    @pytest.mark.parametrize(
        "q",
        [
            "nadia", "KOVAČ", "kovač", "na", "ko na", "kovač nadia", "Kovač, Nadia", "starf", "StarFox Kovač", "n",
            "login.example kovač", "2611.7700123.SbQ2", "External ID 3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01",
            "please help nadia@player.example now", "Visitor ID: 7700123-ab3XkQ9zLm2Rt7", "kov login",
            "nadia@player.EXAMPLE", "N.Kovac@login.example", "starfox77",
            "Nadia <nadia@player.example>", f"user {USER_ID}", "+49301234567",
            "123-4567", "(30) 1234", USER_ID, USER_ID.upper(), "3f0d2c54", VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7",
            "ab3xkq9", "visitor:7700123-ab3XkQ9zLm2Rt7", "#supportchat:7700123-ab3XkQ9zLm2Rt7",
            "  nadia  ",
            "https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7",
        ],
    )  # fmt: skip
    def test_are_found_by_any_of_their_marks(self, nadia, q):
        assert found(q) == [VISITOR_ID]

    @pytest.mark.parametrize(
        "q",
        [
            "%", "_", "na%a", "n_dia", "'", '"', "\\", "' OR 1=1 --", '" OR search : "a', "x" * 10_000, "🦊🦊🦊", "*",
            "NEAR(", "^nadia", "nadia OR omar", "\ud800abc\ud800xyz",
        ],
    )  # fmt: skip
    def test_are_not_found_by_hostile_text(self, nadia, q):
        assert found(q) == []

    def test_are_all_found_by_text_of_control_characters_only(self, nadia):
        assert found("\0\0\x1b") == [VISITOR_ID]

    def test_are_not_found_by_the_name_of_a_user_they_were_linked_to_before(self, nadia):
        nadia.links.update(ended_at=NOW, end_reason="cleared")
        assert found("StarFox77") == []

    def test_are_found_by_an_alias(self, acme, nadia):
        VisitorAlias.objects.create(integration=acme, alias_id="7700123.old1", visitor=nadia, first_seen_at=NOW)
        assert found("7700123-old1") == [VISITOR_ID]

    @pytest.mark.parametrize("q", ["nadia omar", "adia k nobody", "ov na", "ticket 4711", "2611.7700123.other"])
    def test_are_not_found_by_half_of_what_was_typed(self, nadia, q):
        assert found(q) == []

    def test_follow_a_user_who_was_renamed(self, nadia):
        LoginUser.objects.filter(user_id=USER_ID).update(name="Moonfox", email="moon@login.example")
        assert (found("starfox"), found("moonf"), found("moon@login")) == ([], [VISITOR_ID], [VISITOR_ID])

    def test_follow_a_link_to_another_user(self, acme, nadia):
        nadia.links.update(login_user=make_login_user(integration=acme, user_id="u2", name="Eriksen"))
        assert (found("starfox"), found("eriks nadia")) == ([], [VISITOR_ID])

    def test_lose_the_name_of_a_link_that_is_deleted(self, nadia):
        nadia.links.all().delete()
        assert (found("starfox"), found("nadia")) == ([], [VISITOR_ID])

    def test_are_not_all_found_by_the_number_of_their_account(self, acme, nadia):
        make_visitor(integration=acme, visitor_id="7700123.other", phone="+1 7700123 4")
        assert found("7700123") == ["7700123.other"]

    @pytest.mark.parametrize("q", ["🦊", "~", "☂"])
    def test_are_searched_for_marks_among_the_newest_only(self, acme, q, monkeypatch):
        monkeypatch.setattr(find, "NEWEST_SEARCHED", 1)
        for number, name in enumerate((f"old {q}", f"new {q}")):
            seen = NOW + timedelta(hours=number)
            make_visitor(integration=acme, visitor_id=f"1.v{number}", name=name, first_seen_at=seen, last_seen_at=seen)
        assert found(q) == ["1.v1"]

    def test_follow_a_changed_name(self, nadia):
        Visitor.objects.filter(pk=nadia.pk).update(name="Omar", phone="030 999888777")
        assert (found("nadia k"), found("omar"), found("999888777")) == ([], [VISITOR_ID], [VISITOR_ID])

    def test_are_forgotten_by_the_search_when_deleted(self, nadia):
        Visitor.objects.all().delete()
        assert found("nadia") == []

    def test_come_with_link_and_user_in_two_queries(self, acme, nadia, django_assert_num_queries):
        make_visitor(integration=acme, visitor_id="7700123.other")
        with django_assert_num_queries(2):
            rows = {row.visitor_id: row.open_links for row in find.list_visitors(sees_contact=True)}
        assert [rows[VISITOR_ID][0].login_user.user_id, rows["7700123.other"]] == [USER_ID, []]

    def test_can_be_narrowed_by_state(self, acme, nadia):
        make_visitor(integration=acme, visitor_id="7700123.other")
        assert [row.visitor_id for row in find.list_visitors(sees_contact=True, state="anonymous")] == ["7700123.other"]

    def test_can_be_narrowed_by_integration(self, nadia):
        other = make_integration(slug="other", name="Other", login_project_id="p2")
        make_visitor(integration=other, visitor_id="1.b")
        assert [row.visitor_id for row in find.list_visitors(sees_contact=True, integration="other")] == ["1.b"]

    @pytest.mark.parametrize(
        "filters", [{"state": "x"}, {"integration": "none"}, {"ordering": "email"}, {"integration": "\0"}]
    )
    def test_refuse_an_unknown_filter_by_name(self, acme, filters):
        with pytest.raises(find.UnknownFilter) as raised:
            find.list_visitors(sees_contact=True, **filters)
        assert raised.value.name == next(iter(filters))


class TestPage:
    @pytest.fixture
    def many(self, acme):
        # Three moments for eleven visitors: ties everywhere.
        for number in range(11):
            seen = NOW + timedelta(minutes=number % 3)
            make_visitor(
                integration=acme, visitor_id=f"1.v{number}", name=f"n{number % 4}", first_seen_at=NOW, last_seen_at=seen
            )

    @pytest.mark.parametrize("ordering", find.VISITOR_ORDERINGS)
    def test_leads_through_every_row_once_in_order(self, many, ordering):
        rows, cursor = [], ""
        while page := pages.load_page(
            find.list_visitors(sees_contact=True, ordering=ordering), ordering=ordering, cursor=cursor, size=3
        ):
            rows += page.rows
            cursor = page.next
            if not cursor:
                break
        assert rows == list(find.list_visitors(sees_contact=True, ordering=ordering))

    def test_leads_back_the_way_it_came(self, many):
        rows = find.list_visitors(sees_contact=True)
        first = pages.load_page(rows, ordering="-last_seen_at", size=4)
        second = pages.load_page(rows, ordering="-last_seen_at", size=4, cursor=first.next)
        back = pages.load_page(rows, ordering="-last_seen_at", size=4, cursor=second.previous)
        assert (back.rows, back.previous) == (first.rows, "")

    def test_of_nothing_leads_nowhere(self, acme):
        assert pages.load_page(find.list_visitors(sees_contact=True), ordering="-last_seen_at") == pages.Page(
            rows=[], next="", previous=""
        )

    @pytest.mark.parametrize("cursor", ["x", "e30", "\0", "é", "A" * 3000, "WzEsMiwzXQ"])
    def test_refuses_a_damaged_cursor(self, many, cursor):
        with pytest.raises(BadKeyset):
            pages.load_page(find.list_visitors(sees_contact=True), ordering="-last_seen_at", cursor=cursor)

    def test_refuses_a_cursor_of_another_order(self, many):
        cursor = pages.load_page(find.list_visitors(sees_contact=True), ordering="-last_seen_at", size=2).next
        with pytest.raises(BadKeyset, match="another order"):
            pages.load_page(find.list_visitors(sees_contact=True, ordering="name"), ordering="name", cursor=cursor)


class TestVisitor:
    @pytest.mark.parametrize("visitor_id", [VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7"])
    def test_is_found_by_dot_and_dash(self, nadia, visitor_id):
        assert find.find_visitor(visitor_id=visitor_id) == nadia

    def test_is_found_by_an_alias(self, acme, nadia):
        VisitorAlias.objects.create(integration=acme, alias_id="7700123.old1", visitor=nadia, first_seen_at=NOW)
        assert find.find_visitor(visitor_id="7700123-old1") == nadia

    @pytest.mark.parametrize("visitor_id", ["", "\0", "7700123.AB3XKQ9ZLM2RT7", "x" * 10_000, "\ud800"])
    def test_is_not_found_by_anything_else(self, nadia, visitor_id):
        assert find.find_visitor(visitor_id=visitor_id) is None


class TestLoginUser:
    def test_comes_with_its_visitors(self, acme, nadia, django_assert_num_queries):
        with django_assert_num_queries(4):
            user = find.find_login_user(user_id=USER_ID)
            ids = [link.visitor.visitor_id for link in user.open_links]
        assert ids == [VISITOR_ID]

    def test_leaves_out_ended_links(self, acme, nadia):
        nadia.links.update(ended_at=NOW, end_reason="cleared")
        assert find.find_login_user(user_id=USER_ID).open_links == []

    def test_is_none_where_nobody_has_the_id(self, acme):
        assert find.find_login_user(user_id="nobody") is None


class TestWaitingUsers:
    @pytest.fixture
    def omar(self, acme):
        seen = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
        return make_login_user(integration=acme, user_id="omar", email="omar@player.example", **seen)

    def test_have_a_token_and_no_visitor(self, omar, nadia):
        assert list(find.list_waiting_users(sees_contact=True)) == [omar]

    @pytest.mark.parametrize(("q", "count"), [("OMAR@", 1), ("nobody", 0), ("%", 0), ("om", 1), ("ma", 0)])
    def test_can_be_searched(self, omar, q, count):
        assert find.list_waiting_users(query=parse_query(q), sees_contact=True).count() == count

    def test_are_forgotten_by_the_search_once_they_were_seen(self, omar):
        LoginUser.objects.update(is_seen_in_chat=True)
        assert not WaitingWords.objects.exists()

    def test_come_with_who_asked_last_first_through_every_page(self, acme):
        for number in range(7):
            at = NOW + timedelta(minutes=(number * 3) % 5)
            seen = {"first_authenticated_at": NOW, "last_authenticated_at": at, "tokens_issued": 1}
            make_login_user(integration=acme, user_id=f"u{number}", **seen)
        rows, cursor = [], ""
        while not rows or cursor:
            waiting = find.list_waiting_users(sees_contact=True)
            part = pages.load_page(waiting, ordering="-last_authenticated_at", cursor=cursor, size=2)
            rows, cursor = rows + part.rows, part.next
        assert rows == sorted(rows, key=lambda one: (one.last_authenticated_at, one.pk), reverse=True)
        assert len(rows) == 7


class TestDirectHit:
    @pytest.mark.parametrize(
        ("q", "kind"),
        [
            ("7700123-ab3XkQ9zLm2Rt7", "visitor"),
            ("https://acme.zendesk.com/chat/agent#visitors/visitor_list/state#!7700123-ab3XkQ9zLm2Rt7", "visitor"),
            (USER_ID, "user"),
            (USER_ID.upper(), "user"),
            (f"https://publisher.xsolla.com/77001/projects/44056/login/users/{USER_ID}", "user"),
            ("N.Kovac@login.example", "user"),
            ("nadia@player.example", "visitor"),
            ("2611.7700123.SbQ2", "visitor"),
            ("https://acme.zendesk.com/chat/agent#history/2611.7700123.SbQ2", "visitor"),
            (f"External ID {USER_ID}", "user"),
            ("Her address is n.kovac@login.example, please look", "user"),
            (f"https://publisher.example/project/11111111-2222-4333-8444-555555555555/users/{USER_ID}", "user"),
        ],
    )
    def test_names_the_one_record(self, nadia, q, kind):
        assert find.find_exact(parse_query(q)).kind == kind

    @pytest.mark.parametrize("q", ["", "nadia", "%", "nobody@player.example", "7700123.none"])
    def test_is_none_where_no_record_is_named(self, nadia, q):
        assert find.find_exact(parse_query(q)) is None

    def test_is_none_where_two_people_have_the_address(self, acme, nadia):
        make_login_user(integration=acme, user_id="twin", email="n.kovac@login.example")
        assert find.find_exact(parse_query("n.kovac@login.example")) is None


class TestCappedCount:
    @pytest.mark.parametrize(("cap", "expected"), [(2, (2, True)), (3, (3, False)), (9, (3, False))])
    def test_counts_no_further_than_the_cap(self, acme, cap, expected):
        for number in range(3):
            make_visitor(integration=acme, visitor_id=f"1.v{number}")
        count = find.count_up_to_cap(find.list_visitors(sees_contact=True), cap=cap)
        assert (count.number, count.is_capped) == expected
