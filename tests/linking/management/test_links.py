"""`manage.py links`."""

import csv
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from linking.models import VisitorAlias
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def link(acme):
    visitor = make_visitor(integration=acme, visitor_id="7.a", name="Nadia", email="n@player.example")
    return make_link(visitor=visitor, login_user=make_login_user(integration=acme, user_id="u1"))


def printed(capsys, *arguments):
    call_command("links", "acme", *arguments)
    return capsys.readouterr().out


def lines(capsys, *arguments):
    return [json.loads(line) for line in printed(capsys, *arguments).splitlines()]


class TestLinks:
    def test_prints_the_keys_of_the_outer_face(self, link, capsys):
        assert lines(capsys) == [
            {
                "integration": "acme", "visitor_id": "7.a", "user_id": "u1", "state": "linked",
                "email": "n@player.example", "name": "Nadia", "first_seen_at": "2026-11-22T12:00:00Z",
                "last_seen_at": "2026-11-22T12:00:00Z", "verified": False, "trust": "claimed",
                "source": "chat",
            }
        ]  # fmt: skip

    def test_tells_who_got_a_token_from_us(self, acme, capsys):
        user = make_login_user(integration=acme, first_authenticated_at=NOW, last_authenticated_at=NOW, tokens_issued=1)
        make_link(visitor=make_visitor(integration=acme), login_user=user)
        assert lines(capsys)[0]["verified"] is True

    def test_leaves_ended_links_out(self, link, capsys):
        link.ended_at, link.end_reason = NOW, "relinked"
        link.save()
        assert lines(capsys) == []

    def test_adds_ended_links_with_their_end_when_asked(self, link, capsys):
        link.ended_at, link.end_reason = NOW + timedelta(hours=1), "relinked"
        link.save()
        (row,) = lines(capsys, "--history")
        assert (row["state"], row["ended_at"]) == ("ended", "2026-11-22T13:00:00Z")

    def test_says_null_for_the_end_of_an_open_link(self, link, capsys):
        assert lines(capsys, "--history")[0]["ended_at"] is None

    @pytest.mark.parametrize(("user_id", "number"), [("u1", 1), ("U1", 0), ("", 0)])
    def test_keeps_to_one_user(self, link, capsys, user_id, number):
        assert len(lines(capsys, "--user", user_id)) == number

    @pytest.mark.parametrize("visitor_id", ["7.a", "7-a"])
    def test_keeps_to_one_visitor_in_either_form(self, link, capsys, visitor_id):
        assert len(lines(capsys, "--visitor", visitor_id)) == 1

    def test_finds_a_visitor_by_an_id_it_had(self, acme, link, capsys):
        VisitorAlias.objects.create(integration=acme, alias_id="7.old", visitor=link.visitor, first_seen_at=NOW)
        assert len(lines(capsys, "--visitor", "7-old")) == 1

    def test_leaves_other_integrations_out(self, link, capsys):
        make_integration(slug="other")
        call_command("links", "other")
        assert capsys.readouterr().out == ""

    def test_names_an_integration_that_is_not_there(self):
        with pytest.raises(CommandError, match="nobody"):
            call_command("links", "nobody")


class TestCSV:
    def test_has_a_line_of_names(self, link, capsys):
        rows = list(csv.DictReader(printed(capsys, "--format", "csv").splitlines()))
        assert (rows[0]["visitor_id"], rows[0]["verified"]) == ("7.a", "false")

    def test_keeps_a_formula_from_running(self, acme, capsys):
        visitor = make_visitor(integration=acme, name='=HYPERLINK("https://evil.tld")')
        make_link(visitor=visitor, login_user=make_login_user(integration=acme, user_id="@SUM(1)"))
        (row,) = csv.DictReader(printed(capsys, "--format", "csv").splitlines())
        assert (row["name"][:2], row["user_id"][:2]) == ("'=", "'@")
