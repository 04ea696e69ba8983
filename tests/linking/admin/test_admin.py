import re
from datetime import timedelta

import pytest
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from linking.accounts import api_tokens
from linking.integrations import own_password
from linking.limits import Limiter
from linking.models import APIToken, AuditEvent, Integration, Secret, VisitorLink
from tests.factories import (
    LOGIN_SECRET_KEY,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    make_integration,
    make_link,
    make_login_user,
    make_run,
    make_visitor,
)
from tests.linking.conftest import make_key

pytestmark = pytest.mark.django_db
CANARY = "canary-secret-canary-secret-canary-0001"
SECRETS = (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN)
ADD = "/admin/linking/integration/add/"
ADMIN_PATHS = ("/admin/", "/admin/login/", "/admin/password_change/", "/admin/jsi18n/", "/admin/auth/user/add/")
MODEL_PATHS = sorted(f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(own_password, "_tries", Limiter(per_minute=5))


def person(group: str, **changes) -> User:
    user = User.objects.create_user(username=f"one-of-{group or 'nobody'}", password="own-password", **changes)
    user.groups.set(Group.objects.filter(name=group))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def admin():
    client = Client()
    client.force_login(person("admins"))
    return client


def boxes(client: Client, url: str) -> dict[str, str]:
    """What a browser would send back unchanged."""
    form = client.get(url).context["adminform"].form
    sent = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if name in ("sync_start", "previous_login_secret_until", "zendesk_secret_switch_at"):
            continue
        if value is True:
            sent[name] = "on"
        elif value not in (None, False):
            sent[name] = str(field.prepare_value(value))
    return sent


def url_of(integration: Integration) -> str:
    return reverse("admin:linking_integration_change", args=[integration.pk])


class TestRegistered:
    def test_models_all_have_a_page_that_opens(self, admin):
        urls = {
            model: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            for model in site._registry
        }
        assert {
            model.__name__: code for model, url in urls.items() if (code := admin.get(url).status_code) != 200
        } == {}

    def test_models_are_all_listed_on_the_first_page(self, admin):
        listed = {model["model"] for app in admin.get("/admin/").context["available_apps"] for model in app["models"]}
        assert listed == set(site._registry)


class TestMayEnter:
    """Every address of the admin, for everybody: groups decide, `is_staff` does not."""

    @pytest.mark.parametrize("group", ["", "agents", "leads"])
    def test_refuses_everybody_but_admins_at_every_address(self, group):
        client = Client()
        client.force_login(person(group, is_staff=True))
        codes = {client.get(path, follow=True).status_code for path in (*ADMIN_PATHS, *MODEL_PATHS)}
        assert codes == {403}

    def test_lets_admins_in_who_are_not_staff(self):
        client = Client()
        client.force_login(person("admins", is_staff=False))
        assert {client.get(path).status_code for path in MODEL_PATHS} == {200}

    def test_lets_nobody_in_who_left_the_group(self, admin):
        Group.objects.get(name="admins").user_set.clear()
        assert admin.get("/admin/", follow=True).status_code == 403

    def test_sends_nobody_to_the_sign_in_page_and_back(self, rf):
        request = rf.get("/admin/login/?next=/admin/linking/visitor/")
        request.user = AnonymousUser()
        with request_context(request):
            assert site.login(request)["Location"] == "/accounts/login/?next=/admin/linking/visitor/"

    def test_leads_nobody_to_another_site(self):
        client = Client()
        client.force_login(person("admins"))
        assert client.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


class TestEntrance:
    @pytest.mark.parametrize("group", ["", "agents", "leads"])
    def test_is_closed_to_others(self, group):
        client = Client()
        client.force_login(person(group))
        assert client.get("/admin/", follow=True).status_code == 403

    def test_leads_nobody_to_sign_in(self):
        response = Client().get("/admin/", follow=True)
        assert response.redirect_chain[-1][0].startswith("/accounts/login/")

    def test_is_open_to_admins(self, admin):
        assert admin.get("/admin/").status_code == 200

    def test_leads_an_admin_without_second_factor_to_setting_one_up(self, admin, settings):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        response = admin.get("/admin/", follow=True)
        assert reverse("mfa_index") in [url for url, _status in response.redirect_chain]

    @pytest.mark.parametrize("url", ["/", "/sync/", "/conflicts/", "/export/visitors.csv", "/api/docs/"])
    def test_keeps_an_admin_without_second_factor_from_the_pages_too(self, admin, settings, url):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        assert admin.get(url).url == reverse("mfa_index")

    def test_keeps_an_admin_without_second_factor_from_the_api(self, admin, settings):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        response = admin.get("/api/v1/visitors/")
        assert response.status_code == 403 and "second factor" in response.json()["detail"]

    def test_lets_an_admin_without_second_factor_set_one_up_or_go(self, admin, settings):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        urls = [
            reverse(name) for name in ("mfa_index", "mfa_activate_totp", "account_reauthenticate", "account_logout")
        ]
        assert reverse("mfa_index") not in [getattr(admin.get(url), "url", "") for url in urls]

    @pytest.mark.parametrize("url", ["/", "/api/v1/visitors/"])
    def test_asks_nobody_else_for_a_second_factor(self, settings, url):
        settings.LINKING = settings.LINKING | {"REQUIRE_MFA": ("admins",)}
        client = Client()
        client.force_login(person("leads"))
        assert client.get(url).status_code == 200

    def test_has_no_sign_in_page_of_its_own(self, admin):
        assert admin.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302


class TestPages:
    @pytest.fixture
    def everything(self):
        acme = make_integration(name="Acme")
        user = make_login_user(integration=acme, name=HOSTILE, email=HOSTILE)
        make_link(visitor=make_visitor(integration=acme, name=HOSTILE, email=HOSTILE), login_user=user)
        make_run(integration=acme)
        return acme

    def test_all_open(self, everything, admin):
        index = admin.get("/admin/").content.decode()
        urls = set(re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/(?:add/)?)"', index))
        assert len(urls) > 12
        assert {url: admin.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)

    @pytest.mark.parametrize("table", ["visitor", "loginuser", "visitorlink"])
    def test_show_hostile_names_as_text(self, everything, admin, table):
        assert HOSTILE not in admin.get(f"/admin/linking/{table}/").content.decode()

    @pytest.mark.parametrize("table", ["visitor", "visitorlink", "syncrun", "loginuser"])
    def test_of_machine_written_tables_take_nothing(self, everything, admin, table):
        assert admin.get(f"/admin/linking/{table}/add/").status_code == 403

    def test_of_one_machine_written_record_takes_nothing(self, everything, admin):
        url = reverse("admin:linking_visitorlink_change", args=[VisitorLink.objects.get().pk])
        assert (admin.get(url).status_code, admin.post(url, {}).status_code) == (200, 403)

    def test_have_nothing_inline(self, everything, admin):
        html = "".join(admin.get(url).content.decode() for url in ("/admin/", ADD, url_of(everything)))
        scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", html)
        assert (scripts, re.findall(r"<style|\sstyle=|\son\w+=", html)) == ([], [])

    def test_carry_the_strict_policy(self, admin):
        assert "unsafe" not in admin.get(ADD)["Content-Security-Policy"]


class TestIntegration:
    @pytest.fixture
    def acme(self):
        return make_integration()

    def test_is_made(self, admin):
        values = boxes(admin, ADD) | {
            "slug": "acme", "name": "Acme", "login_project_id": "p1", "login_secret_key": CANARY,
            "allowed_origins": "https://shop.example\r\nhttps://www.example", "own_password": "own-password",
        }  # fmt: skip
        response = admin.post(ADD, values)
        assert response.status_code == 302
        assert Integration.objects.get().allowed_origins == ["https://shop.example", "https://www.example"]

    def test_shows_no_secret(self, acme, admin):
        html = admin.get(url_of(acme)).content.decode()
        assert not any(secret in html for secret in SECRETS)
        assert not any(row.sealed in html for row in Secret.objects.all())

    def test_shows_each_box_once(self, acme, admin):
        html = admin.get(url_of(acme)).content.decode()
        ids = re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', html)
        assert sorted(ids) == sorted(set(ids))
        assert "id_own_password" in ids

    def test_shows_fingerprint_day_and_author(self, acme, admin):
        html = admin.get(url_of(acme)).content.decode()
        mark = Secret.objects.get(name="login_secret_key").fingerprint
        assert mark in html and "22 Nov 2026, 12:00 UTC" in html and "tests" in html

    def test_keeps_secrets_whose_boxes_stay_empty(self, acme, admin):
        response = admin.post(url_of(acme), boxes(admin, url_of(acme)) | {"name": "New name"})
        assert response.status_code == 302
        assert Secret.objects.get(name="login_secret_key").reveal() == LOGIN_SECRET_KEY

    def test_sets_a_secret_with_the_own_password(self, acme, admin):
        changed = {"login_secret_key": CANARY, "own_password": "own-password"}
        admin.post(url_of(acme), boxes(admin, url_of(acme)) | changed)
        assert Secret.objects.get(name="login_secret_key").reveal() == CANARY

    @pytest.mark.parametrize(
        ("password", "why"), [("", "Enter your own password."), ("wrong", "This is not your password.")]
    )
    def test_sets_no_secret_without_it(self, acme, admin, password, why):
        response = admin.post(
            url_of(acme), boxes(admin, url_of(acme)) | {"login_secret_key": CANARY, "own_password": password}
        )
        assert why in response.content.decode()
        assert Secret.objects.get(name="login_secret_key").reveal() == LOGIN_SECRET_KEY

    def test_lets_nobody_try_passwords_without_end(self, acme, admin):
        sent = boxes(admin, url_of(acme)) | {"login_secret_key": CANARY, "own_password": "wrong"}
        answers = [admin.post(url_of(acme), sent).content.decode() for _ in range(6)]
        assert "Too many attempts" in answers[-1]

    def test_gives_back_no_secret_with_an_error(self, acme, admin):
        sent = {"login_secret_key": CANARY, "own_password": "own-password", "cookie_name": "a b"}
        html = admin.post(url_of(acme), boxes(admin, url_of(acme)) | sent).content.decode()
        assert "own-password" not in html and CANARY not in html and "errorlist" in html

    def test_removes_a_secret(self, acme, admin):
        sent = {"remove_zendesk_access_token": "on", "own_password": "own-password"}
        admin.post(url_of(acme), boxes(admin, url_of(acme)) | sent)
        assert not Secret.objects.filter(name="zendesk_access_token").exists()

    def test_says_at_the_box_what_is_wrong(self, acme, admin):
        response = admin.post(url_of(acme), boxes(admin, url_of(acme)) | {"allowed_origins": "https://shop.example/"})
        assert "without a slash at the end" in str(response.context["adminform"].form.errors["allowed_origins"])

    def test_refuses_the_same_secret_on_both_sides(self, acme, admin):
        sent = {"login_secret_key": ZENDESK_SHARED_SECRET, "own_password": "own-password"}
        response = admin.post(url_of(acme), boxes(admin, url_of(acme)) | sent)
        assert "login_secret_key" in response.context["adminform"].form.errors

    def test_writes_no_secret_to_any_record(self, acme, admin):
        sent = {"login_secret_key": CANARY, "own_password": "own-password", "name": "New"}
        admin.post(url_of(acme), boxes(admin, url_of(acme)) | sent)
        written = f"{list(LogEntry.objects.values())}{list(AuditEvent.objects.values())}{list(Secret.objects.values())}"
        assert CANARY not in written and "own-password" not in written

    def test_names_the_person_in_the_record(self, acme, admin):
        admin.post(url_of(acme), boxes(admin, url_of(acme)) | {"name": "New"})
        event = AuditEvent.objects.get()
        assert (event.actor, event.fields) == ("one-of-admins", ["name"])

    def test_is_removed_with_everything(self, acme, admin):
        make_link(visitor=make_visitor(integration=acme), login_user=make_login_user(integration=acme))
        url = reverse("admin:linking_integration_delete", args=[acme.pk])
        assert "all its visitors" in admin.get(url).content.decode()
        admin.post(url, {"post": "yes", "slug": "acme", "own_password": "own-password"})
        assert not Integration.objects.exists()

    @pytest.mark.parametrize(
        ("sent", "why"),
        [
            ({}, "Type the slug"),
            ({"slug": "acm", "own_password": "own-password"}, "Type the slug"),
            ({"slug": "acme"}, "Enter your own password"),
            ({"slug": "acme", "own_password": "wrong"}, "This is not your password"),
        ],
    )
    def test_is_not_removed_by_a_click_alone(self, acme, admin, sent, why):
        url = reverse("admin:linking_integration_delete", args=[acme.pk])
        assert why in admin.post(url, {"post": "yes"} | sent, follow=True).content.decode()
        assert Integration.objects.exists()

    @pytest.mark.parametrize(("minutes", "is_left"), [(1, False), (11, True)])
    def test_is_removed_without_a_password_after_a_recent_sign_in_alone(self, acme, admin, minutes, is_left):
        me = User.objects.get(username="one-of-admins")
        me.set_unusable_password()
        me.save()
        admin.force_login(me)
        session = admin.session
        session["signed_in_at"] = (timezone.now() - timedelta(minutes=minutes)).isoformat()
        session.save()
        url = reverse("admin:linking_integration_delete", args=[acme.pk])
        admin.post(url, {"post": "yes", "slug": "acme"})
        assert Integration.objects.exists() is is_left

    def test_is_removed_without_a_password_after_a_second_factor(self, acme, admin):
        me = User.objects.get(username="one-of-admins")
        me.set_unusable_password()
        me.save()
        admin.force_login(me)
        session = admin.session
        session["signed_in_at"] = (timezone.now() - timedelta(hours=2)).isoformat()
        shown = {"method": "mfa", "type": "totp", "at": timezone.now().timestamp()}
        session["account_authentication_methods"] = [shown]
        session["account_authentication_methods_user"] = str(me.pk)
        session.save()
        admin.post(reverse("admin:linking_integration_delete", args=[acme.pk]), {"post": "yes", "slug": "acme"})
        assert not Integration.objects.exists()

    def test_is_not_removed_from_the_list(self, acme, admin):
        picked = {"action": "delete_selected", "_selected_action": acme.pk, "post": "yes"}
        admin.post(reverse("admin:linking_integration_changelist"), picked)
        assert Integration.objects.exists()

    def test_history_holds_no_secret(self, acme, admin):
        sent = {"login_secret_key": CANARY, "own_password": "own-password"}
        admin.post(url_of(acme), boxes(admin, url_of(acme)) | sent)
        html = admin.get(reverse("admin:linking_integration_history", args=[acme.pk])).content.decode()
        assert CANARY not in html and "Login secret key" in html


class TestAPIToken:
    MAKE = "/admin/linking/apitoken/add/"

    @pytest.fixture
    def agent(self):
        return person("agents")

    @pytest.fixture
    def make(self, admin, agent):
        """Make a token and return the answer and the key in it."""

        def made(**sent):
            values = {"user": agent.pk, "name": "script", "chosen_scopes": ["read"], "days": "90"} | sent
            response = admin.post(self.MAKE, values)
            return response, re.search(r"zdb_[\w-]{43}", response.content.decode())

        return made

    def test_key_is_shown_when_it_is_made(self, make):
        response, key = make()
        assert APIToken.objects.get().digest == api_tokens.digest_key(key.group())
        assert "no-store" in response["Cache-Control"]

    def test_key_is_shown_nowhere_else(self, admin, agent, make):
        _response, key = make()
        token = APIToken.objects.get()
        pages = [reverse(f"admin:linking_apitoken_{name}", args=[token.pk]) for name in ("change", "delete")]
        urls = ("/admin/", "/admin/linking/apitoken/", *pages, f"/admin/auth/user/{agent.pk}/change/")
        assert not any(key.group() in admin.get(url).content.decode() for url in urls)

    def test_key_is_in_no_record(self, admin, make):
        _response, key = make()
        admin.post(reverse("admin:linking_apitoken_delete", args=[APIToken.objects.get().pk]), {"post": "yes"})
        rows = [*APIToken.objects.values(), *LogEntry.objects.values(), *AuditEvent.objects.values()]
        assert key.group() not in str(rows)

    def test_may_do_what_was_chosen(self, make):
        make(chosen_scopes=["refresh", "metrics"])
        assert APIToken.objects.get().scopes == "refresh metrics"

    @pytest.mark.parametrize("sent", [{"chosen_scopes": []}, {"days": "4000"}, {"days": ""}, {"name": ""}])
    def test_is_not_made_without_a_name_an_end_and_scopes(self, make, sent):
        make(**sent)
        assert not APIToken.objects.exists()

    def test_is_one_of_several(self, make):
        make()
        make(name="another")
        assert APIToken.objects.count() == 2

    def test_is_not_one_of_too_many(self, make, monkeypatch):
        monkeypatch.setattr(api_tokens, "TOKENS_MAX", 1)
        make()
        make(name="another")
        assert APIToken.objects.count() == 1

    def test_can_be_revoked(self, admin, make):
        make()
        admin.post(reverse("admin:linking_apitoken_delete", args=[APIToken.objects.get().pk]), {"post": "yes"})
        assert not APIToken.objects.exists()
        assert AuditEvent.objects.filter(action="api_token.revoked", target="one-of-agents").exists()

    def test_is_revoked_with_others_at_once(self, admin, make):
        make()
        sent = {"action": "delete_selected", "_selected_action": [APIToken.objects.get().pk], "post": "yes"}
        admin.post("/admin/linking/apitoken/", sent)
        assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1

    def test_has_a_page_with_the_way_to_revoke_it(self, admin, make):
        make()
        token = APIToken.objects.get()
        page = reverse("admin:linking_apitoken_change", args=[token.pk])
        assert f'href="{page}"' in admin.get("/admin/linking/apitoken/").content.decode()
        assert reverse("admin:linking_apitoken_delete", args=[token.pk]) in admin.get(page).content.decode()


class TestEndOfAccess:
    @pytest.fixture
    def agent(self):
        user = person("agents")
        make_key(user, "read")
        return user

    def test_comes_with_switching_off(self, admin, agent):
        admin.post(f"/admin/auth/user/{agent.pk}/change/", {"username": agent.username})
        assert not APIToken.objects.exists()

    def test_comes_with_a_password_that_an_admin_sets(self, admin, agent):
        password = "another long password"
        sent = {"password1": password, "password2": password, "usable_password": "true"}
        response = admin.post(f"/admin/auth/user/{agent.pk}/password/", sent, follow=True)
        assert "The sessions and API tokens of this person have ended." in response.content.decode()
        assert not APIToken.objects.exists()

    def test_does_not_come_with_ones_own_password(self, admin):
        me = User.objects.get(username="one-of-admins")
        make_key(me, "read")
        password = "another long password"
        sent = {"password1": password, "password2": password, "usable_password": "true"}
        response = admin.post(f"/admin/auth/user/{me.pk}/password/", sent, follow=True)
        assert "Your API tokens still work." in response.content.decode()
        assert APIToken.objects.exists()

    def test_does_not_come_with_a_password_that_is_refused(self, admin, agent):
        admin.post(f"/admin/auth/user/{agent.pk}/password/", {"password1": "x", "password2": "y"})
        assert APIToken.objects.exists()


class TestPeople:
    def test_cannot_be_made_superusers_by_an_admin(self, admin):
        user = person("agents")
        url = f"/admin/auth/user/{user.pk}/change/"
        admin.post(url, {"username": "x", "is_active": "on", "is_superuser": "on", "is_staff": "on"})
        user.refresh_from_db()
        assert (user.username, user.is_superuser, user.is_staff) == ("x", False, False)

    @pytest.mark.parametrize("page", ["password", "delete"])
    def test_who_are_superusers_are_out_of_an_admins_reach(self, admin, page):
        root = User.objects.create_superuser(username="root", password="pw")
        assert admin.get(f"/admin/auth/user/{root.pk}/{page}/").status_code == 403

    def test_join_a_group(self, admin):
        user = person("")
        group = Group.objects.get(name="leads")
        admin.post(f"/admin/auth/user/{user.pk}/change/", {"username": "x", "is_active": "on", "groups": [group.pk]})
        assert list(user.groups.all()) == [group]

    def test_second_factor_is_not_shown_and_can_be_removed(self, admin):
        factor = Authenticator.objects.create(
            user=person("leads"), type=Authenticator.Type.TOTP, data={"secret": "TOTPCANARY"}
        )
        url = reverse("admin:mfa_authenticator_change", args=[factor.pk])
        assert "TOTPCANARY" not in admin.get(url).content.decode()
        admin.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
        assert not Authenticator.objects.exists()
