import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser, Group, User

from linking.accounts import roles

pytestmark = pytest.mark.django_db


def person(*groups: str, **changes) -> User:
    user = User.objects.create_user(username=changes.pop("username", "sam"), **changes)
    user.groups.set(Group.objects.filter(name__in=groups))
    return User.objects.get(pk=user.pk)


class TestGroups:
    def test_are_made_by_migrate(self):
        assert set(Group.objects.values_list("name", flat=True)) >= {"agents", "leads", "admins", "developers"}

    def test_keep_what_an_operator_added(self):
        group = Group.objects.get(name="admins")
        extra = group.permissions.model.objects.get(codename="add_session")
        group.permissions.add(extra)
        roles.make_groups()
        assert group.permissions.contains(extra)

    def test_let_admins_work_in_the_admin_without_being_superusers(self):
        admin = person("admins")
        wanted = ("linking.change_integration", "auth.add_user", "linking.add_apitoken", "linking.view_visitor")
        assert all(admin.has_perm(name) for name in wanted)

    @pytest.mark.parametrize("name", ["linking.change_visitor", "linking.delete_auditevent", "auth.change_group"])
    def test_give_admins_nothing_that_machines_write(self, name):
        assert not person("admins").has_perm(name)


class TestRank:
    @pytest.mark.parametrize(
        ("groups", "rank"),
        [
            ((), roles.Role.NONE),
            (("agents",), roles.Role.AGENT),
            (("leads",), roles.Role.LEAD),
            (("agents", "admins"), roles.Role.ADMIN),
            (("developers",), roles.Role.NONE),
            (("agents", "developers"), roles.Role.AGENT),
        ],
    )
    def test_is_that_of_the_highest_group(self, groups, rank):
        assert roles.find_role(person(*groups)) is rank

    def test_of_nobody_is_none(self):
        assert roles.find_role(AnonymousUser()) is roles.Role.NONE

    def test_of_a_superuser_is_that_of_an_admin(self):
        assert roles.is_admin(person(is_superuser=True))

    def test_of_a_switched_off_account_is_none(self):
        assert roles.find_role(person("admins", is_active=False)) is roles.Role.NONE

    def test_costs_one_query_for_one_request(self, django_assert_num_queries):
        user = person("leads")
        with django_assert_num_queries(1):
            assert roles.can_see_pages(user) and roles.can_use_setup(user) and not roles.is_developer(user)


class TestAllowances:
    def test_of_agents(self):
        user = person("agents")
        assert (roles.can_refresh(user), roles.can_see_contact(user), roles.can_export(user)) == (True, False, False)

    def test_of_leads(self):
        user = person("leads")
        assert (roles.can_see_contact(user), roles.can_decide(user), roles.is_admin(user)) == (True, True, False)

    def test_of_developers(self):
        user = person("developers")
        assert (roles.can_use_setup(user), roles.can_see_pages(user), roles.can_refresh(user)) == (True, False, False)

    def test_of_a_developer_who_is_an_agent_too(self):
        user = person("agents", "developers")
        assert (roles.is_developer(user), roles.can_see_pages(user), roles.can_see_contact(user)) == (True, True, False)

    @pytest.mark.parametrize("group", ["agents", "leads", "admins", "developers"])
    def test_of_set_up_belong_to_every_group(self, group):
        assert roles.can_use_setup(person(group))

    def test_of_set_up_do_not_belong_to_others(self):
        assert not roles.can_use_setup(person()) and not roles.can_use_setup(AnonymousUser())


class TestFactorStep:
    @pytest.fixture
    def equipped(self):
        admin = person("admins")
        Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={})
        return admin

    def step(self, user, *methods, groups=("admins",)):
        records = [{"method": method} for method in methods]
        return roles.find_factor_step(user, records=records, groups=groups)

    def test_is_setting_one_up_for_an_admin_without_one(self):
        assert self.step(person("admins"), "password") == "set_up"

    def test_is_showing_it_for_an_admin_whose_session_has_not_seen_it(self, equipped):
        assert self.step(equipped, "password") == "show"

    def test_is_none_once_it_was_shown(self, equipped):
        assert self.step(equipped, "password", "mfa") == ""

    def test_is_none_when_it_is_not_required(self, equipped):
        assert self.step(equipped, groups=()) == ""

    def test_is_none_for_groups_that_need_none(self):
        assert self.step(person("leads")) == ""

    @pytest.mark.parametrize("group", ["agents", "leads", "admins", "developers"])
    def test_is_setting_one_up_for_each_group_that_needs_one(self, group):
        assert self.step(person(group), groups=(group,)) == "set_up"

    def test_is_setting_one_up_for_a_superuser_among_admins(self):
        assert self.step(person(is_superuser=True)) == "set_up"

    def test_is_none_where_the_issuer_asked_for_it(self):
        assert self.step(person("admins"), "socialaccount", "issuer_mfa") == ""

    def test_is_showing_the_own_one_whatever_the_issuer_asked_for(self, equipped):
        assert self.step(equipped, "socialaccount", "issuer_mfa") == "show"

    def test_recovery_codes_alone_are_no_second_factor(self):
        admin = person("admins")
        Authenticator.objects.create(user=admin, type=Authenticator.Type.RECOVERY_CODES, data={})
        assert self.step(admin) == "set_up"
