"""The guided path to an integration: steps, the draft behind them, tests of secrets, and the integration at the end."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from linking import registry
from linking.integrations import own_password
from linking.limits import Limiter
from linking.models import AuditEvent, DraftSecret, Integration, IntegrationDraft, Secret
from tests.factories import (
    LOGIN_PROJECT_ID,
    LOGIN_SECRET_KEY,
    ORIGIN,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    login_jwt,
    make_integration,
)
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
START, LOGIN, ZENDESK, PAGES, REVIEW = (
    "/integrations/new/", "/integrations/new/login/", "/integrations/new/zendesk/", "/integrations/new/origins/",
    "/integrations/new/review/",
)  # fmt: skip
PROJECT = {
    "login_project_id": LOGIN_PROJECT_ID, "login_algorithm": "HS256", "login_secret_key": LOGIN_SECRET_KEY, "go": "on",
}  # fmt: skip
ACCOUNT = {
    "zendesk_subdomain": "acme", "zendesk_shared_secret": ZENDESK_SHARED_SECRET,
    "zendesk_access_token": ZENDESK_ACCESS_TOKEN, "go": "on",
}  # fmt: skip
CREATE = {"name": "Acme Games", "slug": "acme", "own_password": "own-password", "go": "on"}


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(own_password, "_tries", Limiter(per_minute=5))


def sign_in(group, name="ada"):
    person = User.objects.create_user(name, password="own-password")
    person.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def admin():
    return sign_in("admins")


@pytest.fixture
def at_review(admin):
    admin.post(START, {"zendesk_product": "chat"})
    admin.post(LOGIN, PROJECT)
    admin.post(ZENDESK, ACCOUNT)
    admin.post(PAGES, {"allowed_origins": ORIGIN, "go": "on"})
    return admin


def problems(response):
    return {
        element.attributes["id"].removeprefix("problem-"): element.text
        for element in read(response).all("p", class_="problem")
        if "id" in element.attributes
    }


class TestWay:
    @pytest.mark.parametrize("group", ["agents", "leads", "developers"])
    @pytest.mark.parametrize("path", [START, LOGIN, REVIEW])
    def test_is_for_admins(self, group, path):
        assert sign_in(group).get(path).status_code == 403

    def test_begins_on_the_set_up_page(self, admin):
        assert read(admin.get("/setup/")).one("a", class_="btn-primary").attributes["href"] == START

    def test_leads_from_the_product_to_the_login_project(self, admin):
        assert admin.post(START, {"zendesk_product": "messaging"})["Location"] == LOGIN

    def test_begins_with_the_product(self, admin):
        assert admin.get(ZENDESK)["Location"] == START

    def test_says_where_each_value_is_found(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        place = read(admin.get(ZENDESK)).one("p", id="place-zendesk_shared_secret").text
        assert place.startswith("In Zendesk Chat, open Settings, Widget")

    def test_asks_an_account_on_messaging_for_its_key_and_client(self, admin):
        admin.post(START, {"zendesk_product": "messaging"})
        form = read(admin.get(ZENDESK)).one("form", class_="guide-boxes")
        names = [box.attributes["name"] for box in form.all("input", class_="form-control")]
        assert names == [
            "zendesk_subdomain", "zendesk_key_id", "zendesk_shared_secret", "zendesk_client_id",
            "zendesk_client_secret",
        ]  # fmt: skip

    def test_stays_at_a_step_with_something_missing(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        found = problems(admin.post(LOGIN, {"login_project_id": "p1", "login_algorithm": "HS256", "go": "on"}))
        assert found == {"login_secret_key": "This is needed."}

    def test_needs_no_key_where_login_signs_with_rs256(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        response = admin.post(LOGIN, {"login_project_id": "p1", "login_algorithm": "RS256", "go": "on"})
        assert response["Location"] == ZENDESK

    def test_creates_the_integration_and_leads_to_its_checklist(self, at_review):
        response = at_review.post(REVIEW, CREATE)
        assert response["Location"] == "/setup/acme/"
        row = Integration.objects.get()
        assert (row.name, row.zendesk_subdomain, row.allowed_origins) == ("Acme Games", "acme", [ORIGIN])
        assert {secret.name: secret.reveal() for secret in Secret.objects.all()} == {
            "login_secret_key": LOGIN_SECRET_KEY,
            "zendesk_shared_secret": ZENDESK_SHARED_SECRET,
            "zendesk_access_token": ZENDESK_ACCESS_TOKEN,
        }
        assert "Acme Games is created." in str(next(iter(get_messages(response.wsgi_request))))

    def test_is_recorded(self, at_review):
        at_review.post(REVIEW, CREATE)
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.target) == ("ada", "integration.created", "acme")

    def test_leaves_no_draft_behind(self, at_review):
        at_review.post(REVIEW, CREATE)
        assert not IntegrationDraft.objects.exists() and not DraftSecret.objects.exists()

    @pytest.mark.parametrize("password", ["", "wrong"])
    def test_creates_nothing_without_ones_own_password(self, at_review, password):
        assert "own_password" in problems(at_review.post(REVIEW, CREATE | {"own_password": password}))
        assert not Integration.objects.exists()


class TestDraft:
    def test_keeps_a_good_secret_beside_a_bad_box(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        response = admin.post(LOGIN, PROJECT | {"login_project_id": "no project"})
        page = read(response)
        assert "Enter again to change" in page.one("p", id="kept-login_secret_key").text
        assert page.one("input", id="login_project_id").attributes["value"] == "no project"
        assert DraftSecret.objects.get().reveal() == LOGIN_SECRET_KEY

    def test_shows_no_secret_ever(self, at_review):
        pages = [at_review.get(path).content.decode() for path in (LOGIN, ZENDESK, REVIEW)]
        secrets = (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, ZENDESK_ACCESS_TOKEN)
        assert not any(secret in page for page in pages for secret in secrets)
        assert not any(row.sealed in page for page in pages for row in DraftSecret.objects.all())

    def test_keeps_no_secret_that_is_refused(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        response = admin.post(LOGIN, PROJECT | {"login_secret_key": "short"})
        assert "shorter than 16 bytes" in problems(response)["login_secret_key"]
        assert not DraftSecret.objects.exists() and "short" not in [
            box.attributes.get("value") for box in read(response).all("input")
        ]

    @pytest.mark.parametrize("go", ["later", "back"])
    def test_keeps_what_was_typed_when_one_leaves(self, admin, go):
        admin.post(START, {"zendesk_product": "chat"})
        admin.post(LOGIN, PROJECT | {"login_project_id": "half an ID", "go": go})
        page = read(admin.get(LOGIN))
        assert page.one("input", id="login_project_id").attributes["value"] == "half an ID"
        assert page.all("p", id="kept-login_secret_key")

    def test_is_offered_on_the_set_up_page(self, at_review):
        assert "Continue your draft" in read(at_review.get("/setup/")).one("a", class_="btn-primary").text

    def test_is_ones_own(self, at_review):
        assert sign_in("admins", name="grace").get(REVIEW)["Location"] == START

    def test_dies_after_seven_days(self, at_review):
        IntegrationDraft.objects.update(touched_at=timezone.now() - timedelta(days=7, seconds=1))
        assert at_review.get(REVIEW)["Location"] == START
        at_review.post(START, {"zendesk_product": "chat"})
        assert not DraftSecret.objects.exists()

    def test_can_be_thrown_away(self, at_review):
        at_review.post("/integrations/new/drop/")
        assert not IntegrationDraft.objects.exists()

    def test_is_not_seen_by_the_token_endpoint(self, at_review):
        assert registry.refresh().by_slug == {}

    def test_saves_nothing_of_the_other_product(self, at_review):
        at_review.post(START, {"zendesk_product": "messaging"})
        at_review.post(ZENDESK, {
            "zendesk_subdomain": "acme", "zendesk_key_id": "app_1", "zendesk_client_id": "client",
            "zendesk_client_secret": "a-client-secret-of-zendesk-support", "go": "on",
        })  # fmt: skip
        at_review.post(REVIEW, CREATE)
        assert set(Secret.objects.values_list("name", flat=True)) == {
            "login_secret_key", "zendesk_shared_secret", "zendesk_client_secret",
        }  # fmt: skip


class TestReview:
    def test_proposes_a_name_and_a_slug(self, at_review):
        page = read(at_review.get(REVIEW))
        assert [page.one("input", id=box).attributes["value"] for box in ("name", "slug")] == ["Acme", "acme"]

    def test_makes_a_slug_of_the_name_where_none_is_given(self, at_review):
        at_review.post(REVIEW, CREATE | {"name": "Émile & Söhne", "slug": ""})
        assert Integration.objects.get().slug == "emile-sohne"

    def test_proposes_a_slug_that_is_free(self, at_review):
        make_integration()
        assert read(at_review.get(REVIEW)).one("input", id="slug").attributes["value"] == "acme-2"

    def test_does_not_take_another_integrations_slug(self, at_review):
        make_integration(name="Old")
        response = at_review.post(REVIEW, CREATE | {"slug": "acme"})
        assert problems(response)["slug"] == "Another integration has this slug."
        assert Integration.objects.get().name == "Old"

    def test_says_at_the_entry_what_is_wrong(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        admin.post(LOGIN, PROJECT | {"login_project_id": "no project", "go": "later"})
        entry = next(row for row in read(admin.get(REVIEW)).all("div") if row.all("dt") and "project ID" in row.text)
        assert "Use 1 to 100 letters" in entry.text


class TestTest:
    """The button beside a secret."""

    def press(self, client, path, name, **typed):
        return read(client.post(path, {"test": name, **typed})).one("p", id="outcome")

    def test_says_that_the_key_signed_a_players_token(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        typed = {key: value for key, value in PROJECT.items() if key != "go"}
        outcome = self.press(admin, LOGIN, "login_secret_key", login_jwt=login_jwt(), **typed)
        assert outcome.text == "This key signed the token, and the token belongs to this Login project."

    def test_says_that_another_key_signed_it(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        typed = {"login_project_id": LOGIN_PROJECT_ID, "login_secret_key": "another-login-key-for-tests-only-0000"}
        outcome = self.press(admin, LOGIN, "login_secret_key", login_jwt=login_jwt(), **typed)
        assert "did not sign the token" in outcome.text and "problem" in outcome.attributes["class"]

    def test_neither_shows_nor_keeps_the_token(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        token = login_jwt()
        response = admin.post(LOGIN, PROJECT | {"test": "login_secret_key", "login_jwt": token})
        assert token not in response.content.decode()
        assert token not in str(list(IntegrationDraft.objects.values()))

    def test_keeps_what_was_typed(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        admin.post(LOGIN, PROJECT | {"test": "login_secret_key", "login_jwt": "x"})
        assert DraftSecret.objects.get().name == "login_secret_key"

    def test_of_nothing_that_can_be_tested_is_not_found(self, admin):
        admin.post(START, {"zendesk_product": "chat"})
        assert admin.post(ZENDESK, {"test": "zendesk_subdomain"}).status_code == 404
