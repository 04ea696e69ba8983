"""How a batch finds the visitor of each answer, and follows visitors that Zendesk joins."""

from datetime import timedelta

import pytest

from linking.clients.zendesk_records import parse_visitor
from linking.models import Visitor, VisitorAlias
from linking.sync.store.batch import Batch, VisitorAnswer
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def pair(acme):
    """Two visitors, each linked to a user of its own."""
    rows = [make_visitor(integration=acme, visitor_id=visitor_id) for visitor_id in ("7.a", "7.b")]
    for row, user_id in zip(rows, ("ua", "ub"), strict=True):
        make_link(visitor=row, login_user=make_login_user(integration=acme, user_id=user_id))
    return rows


def answer(asked_id, *, as_id=None, **values):
    record = parse_visitor({"id": as_id or asked_id, "external_id": "u", "name": "", "email": ""})
    return VisitorAnswer(asked_id=asked_id, record=record, **values)


def load(acme, *answers):
    return Batch.load(integration_id=acme.pk, answers=answers, now=NOW)


def make_batch(*rows, aliases=None):
    return Batch(rows={row.visitor_id: row for row in rows}, aliases=aliases or {}, now=NOW)


class TestResolve:
    def test_returns_the_row_of_an_id(self, pair):
        assert make_batch(*pair).resolve("7.a") is pair[0]

    def test_follows_an_alias(self, pair):
        assert make_batch(*pair, aliases={"7.old": "7.b"}).resolve("7.old") is pair[1]

    def test_prefers_a_row_to_an_alias_of_the_same_id(self, pair):
        assert make_batch(*pair, aliases={"7.a": "7.b"}).resolve("7.a") is pair[0]

    def test_returns_none_for_an_id_that_leads_nowhere(self, pair):
        assert make_batch(*pair).resolve("7.c") is None


class TestJoin:
    def test_gives_the_canonical_id_to_a_row_that_is_alone(self, pair):
        row, user_ids = make_batch(*pair).join(pair[0], canonical_id="7.c")
        assert (row.pk, row.visitor_id, user_ids) == (pair[0].pk, "7.c", frozenset())

    def test_keeps_the_canonical_row_and_returns_the_other_users(self, pair):
        row, user_ids = make_batch(*pair).join(pair[0], canonical_id="7.b")
        assert (row, user_ids) == (pair[1], {"ua"})
        assert list(Visitor.objects.all()) == [pair[1]]

    def test_stores_the_given_up_id_as_an_alias(self, pair):
        make_batch(*pair).join(pair[0], canonical_id="7.b")
        assert list(VisitorAlias.objects.values_list("alias_id", "visitor_id")) == [("7.a", pair[1].pk)]

    def test_leads_every_id_of_the_given_up_row_to_the_kept_one(self, pair):
        batch = make_batch(*pair, aliases={"7.old": "7.a"})
        batch.join(pair[0], canonical_id="7.b")
        assert {batch.resolve(visitor_id).pk for visitor_id in ("7.a", "7.b", "7.old")} == {pair[1].pk}

    def test_takes_over_users_of_an_earlier_join(self, pair):
        batch = make_batch(*pair)
        batch.supersede(pair[0], answer=answer("7.a"), joined_user_ids=frozenset({"earlier"}))
        _row, user_ids = batch.join(pair[0], canonical_id="7.b")
        assert (user_ids, batch.subjects) == ({"ua", "earlier"}, [])


class TestSupersede:
    def test_lets_the_last_answer_count(self, pair):
        batch, last = make_batch(*pair), answer("7.a")
        for given in (answer("7.a"), last):
            batch.supersede(pair[0], answer=given)
        assert [subject.answer for subject in batch.subjects] == [last]

    def test_remembers_users_that_earlier_answers_joined_in(self, pair):
        batch = make_batch(*pair)
        batch.supersede(pair[0], answer=answer("7.a"), joined_user_ids=frozenset({"earlier"}))
        batch.supersede(pair[0], answer=answer("7.a"), joined_user_ids=frozenset({"later"}))
        assert batch.subjects[0].joined_user_ids == {"earlier", "later"}


class TestLoad:
    def test_leaves_out_a_visitor_that_was_removed(self, acme, pair):
        assert load(acme, answer("7.c")).subjects == []

    def test_leaves_out_an_answer_to_an_earlier_question(self, acme, pair):
        late = answer("7.a", asked_at=NOW - timedelta(seconds=1))
        assert load(acme, late).subjects == []

    def test_counts_two_answers_about_one_joined_visitor_once(self, acme, pair):
        subjects = load(acme, answer("7.a", as_id="7.b"), answer("7.b")).subjects
        assert [(subject.row, subject.joined_user_ids) for subject in subjects] == [(pair[1], {"ua"})]
