"""Who can be invited, changed and switched off, by whom, and what the audit says of it."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from linking.accounts import people
from linking.accounts.people import PersonRefused
from linking.models import AuditEvent
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db):
    return make_person("admin")


def invite(by, *, username="nora", email="", groups=("leads",)):
    return people.invite(username=username, email=email, groups=groups, by=by, now=timezone.now())


def groups_of(person):
    return {group.name for group in person.groups.all()}


def last_deed():
    event = AuditEvent.objects.latest("pk")
    return event.actor, event.action, event.target, event.fields


class TestInvite:
    def test_makes_an_account_without_a_password(self, admin):
        user = invite(admin, email="nora@support.example").user
        assert (user.get_username(), user.email, user.has_usable_password()) == ("nora", "nora@support.example", False)
        assert groups_of(user) == {"leads"}

    def test_is_told_in_the_audit(self, admin):
        invite(admin, groups=("agents", "developers"))
        assert last_deed() == ("admin", "person.invited", "nora", ["agents", "developers"])

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"username": "  "}, "Enter a user name."),
            ({"username": "ADMIN"}, "There is an account with this name already."),
            ({"username": "no/slash here"}, "Enter a valid username."),
            ({"email": "root@support.example"}, "Another account has this e-mail address."),
            ({"email": "no address"}, "Enter a valid email address."),
            ({"groups": ("agents", "leads")}, "Choose one of the roles."),
            ({"groups": ("wheel",)}, "Choose one of the roles."),
        ],
    )
    def test_refuses_in_words_and_makes_nothing(self, admin, changes, sentence):
        get_user_model().objects.filter(pk=admin.pk).update(email="Root@support.example")
        with pytest.raises(PersonRefused, match=sentence):
            invite(admin, **changes)
        assert get_user_model().objects.count() == 1
        assert not AuditEvent.objects.exists()


class TestInvitationLink:
    def open(self, token):
        browser = Client()
        return browser, f"/accounts/invitation/{token}/"

    def test_signs_in_once_and_lets_the_person_choose_a_password(self, admin):
        browser, address = self.open(invite(admin).token)
        assert "nora" in browser.get(address).content.decode()
        assert browser.post(address).headers["Location"] == "/accounts/own-password/"
        browser.post("/accounts/own-password/", {"new_password1": "own long words", "new_password2": "own long words"})
        assert get_user_model().objects.get(username="nora").check_password("own long words")

    def test_works_once(self, admin):
        browser, address = self.open(invite(admin).token)
        browser.post(address)
        assert Client().post(address).status_code == 410

    def test_of_an_account_that_was_switched_off_does_not_work(self, admin):
        invitation = invite(admin)
        people.switch(user=invitation.user, is_active=False, by=admin, now=timezone.now())
        browser, address = self.open(invitation.token)
        assert browser.post(address).status_code == 410

    def test_does_not_work_as_an_administrator_link(self, admin):
        token = invite(admin, groups=("admins",)).token
        assert Client().post(f"/accounts/link/{token}/").status_code == 410

    def test_can_be_made_anew(self, admin):
        user = make_person("lead")
        browser, address = self.open(people.make_link(user=user, by=admin, now=timezone.now()).token)
        assert browser.post(address).status_code == 302
        assert [event.action for event in AuditEvent.objects.order_by("pk")][:2] == [
            "person.link_made",
            "person.link_used",
        ]


class TestChangeGroups:
    def test_counts_at_once(self, admin, agent):
        user = get_user_model().objects.get(username="agent")
        assert agent.get("/conflicts/?state=decided").status_code in (200, 403)
        people.change_groups(user=user, groups={"leads"}, by=admin, now=timezone.now())
        assert agent.get("/export/visitors.csv").status_code == 200
        assert last_deed()[1] != "person.invited"

    def test_leaves_groups_that_are_not_ours(self, admin):
        user = make_person("lead")
        user.groups.create(name="night shift")
        people.change_groups(user=user, groups={"agents"}, by=admin, now=timezone.now())
        assert groups_of(user) == {"agents", "night shift"}

    def test_says_when_nothing_changes(self, admin):
        assert not people.change_groups(user=make_person("lead"), groups={"leads"}, by=admin, now=timezone.now())
        assert not AuditEvent.objects.exists()

    def test_is_refused_for_oneself(self, admin):
        with pytest.raises(PersonRefused, match="your own role"):
            people.change_groups(user=admin, groups={"agents"}, by=admin, now=timezone.now())

    def test_of_a_superuser_is_refused_for_others(self, admin):
        root = make_person("root", is_superuser=True)
        for act in (
            lambda: people.change_groups(user=root, groups=set(), by=admin, now=timezone.now()),
            lambda: people.switch(user=root, is_active=False, by=admin, now=timezone.now()),
            lambda: people.make_link(user=root, by=admin, now=timezone.now()),
            lambda: people.sign_out_everywhere(user=root, by=admin, now=timezone.now()),
        ):
            with pytest.raises(PersonRefused, match="superuser"):
                act()


def switch_off(user, *, by, way):
    if way == "people":
        people.switch(user=user, is_active=False, by=by, now=timezone.now())
        return
    browser = Client()
    browser.force_login(by)
    page = f"/admin/auth/user/{user.pk}/change/"
    answer = browser.post(page, {"username": user.username, "groups": [user.groups.get().pk]})
    assert (answer.status_code, get_user_model().objects.get(pk=user.pk).is_active) == (302, False)


class TestSwitch:
    def test_ends_the_sessions_at_once(self, admin, lead):
        user = get_user_model().objects.get(username="lead")
        people.switch(user=user, is_active=False, by=admin, now=timezone.now())
        assert lead.get("/").status_code == 302
        assert last_deed() == ("admin", "person.switched_off", "lead", [])

    @pytest.mark.parametrize("way", ["people", "admin"])
    def test_ends_what_let_the_person_in_for_good(self, admin, lead, way):
        user = get_user_model().objects.get(username="lead")
        Token.objects.create(user=user)
        switch_off(user, by=admin, way=way)
        people.switch(user=user, is_active=True, by=admin, now=timezone.now())
        assert lead.get("/").status_code == 302
        assert not Token.objects.filter(user=user).exists()


class TestListPeople:
    def test_costs_two_queries_however_many_there_are(self, admin, django_assert_num_queries):
        for number in range(5):
            invite(admin, username=f"person{number}")
        with django_assert_num_queries(2):
            rows = people.list_people()
        assert [row.username for row in rows] == ["admin", *(f"person{number}" for number in range(5))]
        assert [row.is_invited for row in rows] == [False, True, True, True, True, True]
