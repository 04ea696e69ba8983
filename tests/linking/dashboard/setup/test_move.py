"""The page of an account that moves from Chat to Messaging."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import LoginUser
from tests.factories import make_integration
from tests.linking.dashboard.reading import read
from tests.linking.sync.messaging.fake_support import make_issued, make_support, uuid

pytestmark = pytest.mark.django_db
PAGE = "/setup/support/move/"


@pytest.fixture
def pair():
    chat = make_integration(login_project_id="p")
    return chat, make_support(slug="support", name="Acme Messaging", login_project_id="p")


def test_counts_players_by_week_and_lists_who_still_uses_the_old_widget(pair, lead):
    chat, messaging = pair
    now = timezone.now()
    make_issued(chat, uuid(1), at=now)
    make_issued(chat, uuid(2), at=now - timedelta(days=1))
    make_issued(messaging, uuid(2), at=now)
    page = read(lead.get(PAGE))
    weeks, players = page.all("table")
    assert len(weeks.all("tr")) == 13
    assert [uuid(1) in players.text, uuid(2) in players.text, "never" in players.text] == [True, False, True]


def test_shows_agents_no_whole_id(pair, agent):
    user = make_issued(pair[0], "nadia@player.example", at=timezone.now())
    html = agent.get(PAGE).content.decode()
    assert ("nadia@player.example" in html, f"~{user.pk}" in html) == (False, True)


def test_says_when_nobody_uses_the_old_widget(pair, lead):
    assert "every player's last token was for Messaging" in lead.get(PAGE).content.decode()


def test_is_offered_where_there_are_both_products(pair, lead):
    assert PAGE in lead.get("/setup/support/").content.decode()
    pair[1].delete()
    assert "/move/" not in lead.get("/setup/acme/").content.decode()
    assert lead.get("/setup/acme/move/").status_code == 404
    assert LoginUser.objects.count() == 0
