"""What the admin offers about tokens: blocks, counts, rehearsal and the end of observe mode."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from linking import registry
from linking.models import AnswerCount, BlockedUser, Integration
from tests.factories import NOW, make_integration
from tests.linking.admin.test_admin import admin, person  # noqa: F401

pytestmark = pytest.mark.django_db
ADD, LIST = "/admin/linking/blockeduser/add/", "/admin/linking/blockeduser/"
INTEGRATIONS = "/admin/linking/integration/"


@pytest.fixture
def acme():
    return make_integration(mode="observe")


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def act(client: Client, name: str, row):
    return client.post(INTEGRATIONS, {"action": name, "_selected_action": [row.pk]})


class TestBlockedUsers:
    def test_are_blocked(self, admin, acme):  # noqa: F811
        response = admin.post(ADD, {"integration": acme.pk, "user_id": "u-1"})
        assert response.status_code == 302
        assert BlockedUser.objects.values_list("user_id", "blocked_by").get() == ("u-1", "one-of-admins")

    def test_say_what_can_be_no_user(self, admin, acme):  # noqa: F811
        assert "claim sub" in admin.post(ADD, {"integration": acme.pk, "user_id": "null"}).content.decode()

    def test_are_let_go_by_deleting(self, admin, acme):  # noqa: F811
        row = BlockedUser.objects.create(integration=acme, user_id="u-1", blocked_at=NOW, blocked_by="ada")
        admin.post(reverse("admin:linking_blockeduser_delete", args=[row.pk]), {"post": "yes"})
        assert registry.refresh().by_slug["acme"].blocked_user_ids == set()

    def test_are_let_go_several_at_once(self, admin, acme):  # noqa: F811
        rows = [
            BlockedUser.objects.create(integration=acme, user_id=name, blocked_at=NOW, blocked_by="ada")
            for name in ("u-1", "u-2")
        ]
        admin.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"})
        assert not BlockedUser.objects.exists()

    @pytest.mark.parametrize("group", ["agents", "leads"])
    def test_are_not_for_others(self, group, acme):
        client = Client()
        client.force_login(person(group))
        assert client.post(ADD, {"integration": acme.pk, "user_id": "u-1"}, follow=True).status_code == 403


class TestIntegrationActions:
    def test_rehearse_a_change_of_secrets(self, admin, acme):  # noqa: F811
        assert any(
            "Zendesk JWTs are signed with this secret now" in line for line in said(act(admin, "rehearse", acme))
        )

    def test_put_the_rules_in_force(self, admin, acme):  # noqa: F811
        act(admin, "enforce", acme)
        assert Integration.objects.get().mode == "enforce"

    def test_say_that_visitors_drop_with_a_new_zendesk_secret(self, admin, acme):  # noqa: F811
        page = admin.get(reverse("admin:linking_integration_change", args=[acme.pk])).content.decode()
        assert "drop for about five minutes" in page


class TestAnswerCounts:
    def test_can_only_be_looked_at(self, admin, acme):  # noqa: F811
        AnswerCount.objects.create(integration=acme, hour_at=NOW, reason="issued", first_at=NOW, count=7)
        assert "issued" in admin.get("/admin/linking/answercount/").content.decode()
        assert admin.get("/admin/linking/answercount/add/").status_code == 403
