import json

import pytest

from linking import integrations, registry
from linking.integrations import Actor, BadIntegration, remove_integration, save_integration, saving
from linking.models import AuditEvent, ConfigVersion, Integration, Secret, Visitor
from linking.registry import NoSuchIntegration
from tests.factories import (
    LOGIN_PROJECT_ID,
    LOGIN_SECRET_KEY,
    NOW,
    ZENDESK_SHARED_SECRET,
    make_integration,
    make_link,
    make_login_user,
    make_visitor,
)

pytestmark = pytest.mark.django_db
ADA = Actor(name="ada")
NEW = {"name": "Acme Games", "login_project_id": LOGIN_PROJECT_ID, "login_secret_key": LOGIN_SECRET_KEY}


@pytest.fixture(autouse=True)
def on_the_command_line():
    """References are taken, as from `integration set`."""
    with integrations.allow_any_reference():
        yield


def save(slug="acme", *, allow_loopback=False, **values):
    return save_integration(slug=slug, values=values, actor=ADA, now=NOW, allow_loopback=allow_loopback)


def problem(key, slug="acme", **values):
    with pytest.raises(BadIntegration) as raised:
        save(slug, **values)
    return raised.value.problems[key]


class TestCreate:
    def test_needs_only_three_keys(self):
        assert save(**NEW).is_new

    @pytest.mark.parametrize("key", sorted(NEW))
    def test_names_a_needed_key_that_is_missing(self, key):
        assert problem(key, **{name: value for name, value in NEW.items() if name != key}) == (
            "A new integration needs this setting."
        )

    def test_needs_no_login_secret_for_rs256(self):
        assert save(name="Acme", login_project_id="p", login_algorithm="RS256").is_new

    def test_stores_nothing_when_one_value_is_refused(self):
        problem("cookie_name", **NEW, cookie_name="a b")
        assert not Integration.objects.exists()

    def test_names_all_problems_at_once(self):
        with pytest.raises(BadIntegration) as raised:
            save(bogus=1, cookie_name="", sync_enabled="yes")
        assert {"bogus", "cookie_name", "sync_enabled", "name"} <= set(raised.value.problems)

    def test_seals_the_secret(self):
        save(**NEW)
        secret = Secret.objects.get()
        assert (LOGIN_SECRET_KEY in secret.sealed, secret.reveal(), secret.set_by) == (False, LOGIN_SECRET_KEY, "ada")

    def test_is_in_force_after_the_commit(self, django_capture_on_commit_callbacks):
        registry.current()
        with django_capture_on_commit_callbacks(execute=True):
            save(**NEW)
        assert registry.current().by_slug["acme"].login_secrets == (LOGIN_SECRET_KEY.encode(),)

    @pytest.mark.parametrize("slug", ["", "a b", "../x", "ä", "x" * 51, "a\n"])
    def test_refuses_a_bad_slug(self, slug):
        assert "letters" in problem("slug", slug, **NEW)


class TestUpdate:
    @pytest.fixture(autouse=True)
    def acme(self):
        return make_integration()

    def test_keeps_what_is_left_out(self):
        save(name="Acme Two")
        row = Integration.objects.get()
        assert (row.name, row.zendesk_subdomain, row.secrets.count()) == ("Acme Two", "acme", 3)

    def test_names_what_changed(self):
        assert save(name="Acme Two", cookie_name="token", enabled=False).changed == ("name", "enabled")

    def test_with_the_same_values_changes_nothing(self):
        assert save(name="Acme Games", login_secret_key=LOGIN_SECRET_KEY).changed == ()

    def test_writes_field_names_and_no_values_to_the_record(self):
        save(login_secret_key="another-login-secret-of-acme-0000000", name="New")
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.fields) == ("ada", "integration.changed", ["name", "login_secret_key"])

    def test_raises_the_version(self):
        before = ConfigVersion.read()
        save(name="New")
        assert ConfigVersion.read() == before + 1

    def test_lets_a_blocked_sync_try_again(self, acme):
        Integration.objects.update(blocked_reason="credentials", next_sync_at=NOW)
        save(zendesk_access_token="a-new-access-token")
        acme.refresh_from_db()
        assert (acme.blocked_reason, acme.next_sync_at) == ("", None)

    def test_leaves_alone_what_the_sync_writes(self, acme, monkeypatch):
        def progress(**_details):
            Integration.objects.update(cursor_epoch_s=7)

        monkeypatch.setattr(saving, "_check_whole", progress)
        save(name="New")
        acme.refresh_from_db()
        assert (acme.name, acme.cursor_epoch_s) == ("New", 7)

    def test_removes_a_secret_given_as_null(self):
        assert save(zendesk_access_token=None).changed == ("zendesk_access_token",)
        assert Secret.objects.filter(name="zendesk_access_token").count() == 0

    def test_warns_that_a_new_account_needs_a_full_pass(self):
        assert "--full" in save(zendesk_subdomain="other").warnings[0].sentence


class TestSecrets:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("", "blank"),
            ("   ", "blank"),
            ("x" * 15, "shorter than 16"),
            (" " + "x" * 40, "space or contains a line end"),
            ("x" * 20 + "\n", "line end"),
            ("x" * 5000, "too long"),
            ("\ud800" * 20, "characters"),
            (12345678901234567890, "Enter a secret as text"),
            ("env:ZDBRIDGE_TEST_NOT_SET", "is not set or is empty"),
            ("file:/nowhere/secret", "cannot be read"),
            ("dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==", "Everybody knows it"),
            ("admin@acme.example/token:" + "a1B2" * 10, "ends all on 2027-04-30"),
            ("Basic admin@acme.example/token:" + "a1B2" * 10, "OAuth client instead"),
        ],
    )
    def test_are_refused_in_words(self, value, words):
        assert words in problem("login_secret_key", **(NEW | {"login_secret_key": value}))

    def test_of_sixteen_bytes_pass_with_a_warning(self):
        assert "32 bytes" in save(**(NEW | {"login_secret_key": "x" * 16})).warnings[0].sentence

    def test_of_32_bytes_pass_without_one(self):
        secret = "thirty-two-bytes-of-a-login-key-"
        saved = save(**(NEW | {"login_secret_key": secret}), allowed_origins=["https://shop.example"])
        assert (len(secret), saved.warnings) == (32, ())

    def test_of_a_variable_that_the_running_processes_lack_are_saved_with_a_warning(self, monkeypatch):
        monkeypatch.setenv("ACME_LOGIN_SECRET", LOGIN_SECRET_KEY)
        registry.know_running({})
        try:
            saved = save(**(NEW | {"login_secret_key": "env:ACME_LOGIN_SECRET"}))
        finally:
            registry.know_running(None)
        assert any("ACME_LOGIN_SECRET is set in this shell only" in warning.sentence for warning in saved.warnings)

    def test_that_look_like_the_other_one_are_saved_with_a_warning(self):
        look_of_zendesk = "0123456789ABCDEF" * 4
        saved = save(**(NEW | {"login_secret_key": look_of_zendesk}), allowed_origins=["https://shop.example"])
        assert [one for one in saved.warnings if one.key == "login_secret_key" and "swapped" in one.sentence]

    def test_must_not_be_the_same_on_both_sides(self):
        assert "have the same secret" in problem("zendesk_shared_secret", **NEW, zendesk_shared_secret=LOGIN_SECRET_KEY)

    def test_must_not_equal_the_one_stored_for_the_other_side(self):
        make_integration()
        assert "have the same secret" in problem("login_secret_key", login_secret_key=ZENDESK_SHARED_SECRET)

    def test_can_be_a_reference_to_a_file(self, tmp_path):
        path = tmp_path / "secret"
        path.write_text(LOGIN_SECRET_KEY + "\n")
        save(**(NEW | {"login_secret_key": f"file:{path}"}))
        assert Secret.objects.get().reveal() == f"file:{path}"

    def test_can_be_a_reference_to_a_variable(self, monkeypatch):
        monkeypatch.setenv("ACME_LOGIN_SECRET", LOGIN_SECRET_KEY)
        assert save(**(NEW | {"login_secret_key": "env:ACME_LOGIN_SECRET"})).is_new

    def test_never_stand_in_an_error(self):
        canary = "canary-canary-canary-canary"
        with pytest.raises(BadIntegration) as raised:
            save(**NEW, zendesk_shared_secret=f" {canary}", zendesk_access_token=f"{canary} x")
        assert canary not in str(raised.value)


class TestValues:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("name", ""), ("name", " a"), ("name", "x" * 101), ("name", "a\u202eb"), ("name", None),
            ("login_project_id", "a/b"), ("login_project_id", ""), ("login_algorithm", "none"),
            ("login_algorithm", "hs256"), ("cookie_name", "a;b"),
            ("allowed_origins", "https://shop.example"), ("allowed_origins", ["*"]), ("allowed_origins", ["null"]),
            ("allowed_origins", ["https://shop.example/"]), ("allowed_origins", ["https://shop.example/x"]),
            ("allowed_origins", ["http://shop.example"]), ("allowed_origins", ["https://Shop.example"]),
            ("allowed_origins", ["https://shop.example:443"]), ("allowed_origins", ["https://*.shop.example"]),
            ("allowed_origins", ["https://shop.example:99999"]), ("allowed_origins", ["https://u@shop.example"]),
            ("allowed_origins", ["https://shop.example\n"]), ("allowed_origins", ["https://münchen.example"]),
            ("allowed_origins", [1]), ("allowed_origins", ["https://a.example"] * 101), ("missing_email", "maybe"),
            ("placeholder_domain", "no_domain"), ("placeholder_domain", ""), ("email_verified", True),
            ("zendesk_product", "support"), ("zendesk_subdomain", "acme.zendesk.com"), ("zendesk_account_key", "a b"),
            ("zendesk_api_url", "http://127.0.0.1:9100/api/v2/chat"), ("zendesk_api_url", "https://evil.example/api"),
            ("zendesk_api_url", "https://acme.zendesk.com.evil.example"), ("sync_enabled", 1), ("enabled", "true"),
            ("sync_start", "yesterday"), ("sync_start", "2026-01-01T00:00:00"), ("sync_start", 5),
            ("requests_per_minute", 0), ("requests_per_minute", 100_001), ("requests_per_minute", True),
            ("requests_per_minute", "200"), ("publisher_account_url_template", "http://x.example/{user_id}"),
            ("publisher_account_url_template", "https://x.example/{secret}"),
            ("publisher_account_url_template", "https://{user_id}.example/"),
            ("publisher_account_url_template", "https://x.{user_id}.example/"),
            ("publisher_account_url_template", "https://x.example/{user_id"),
            ("publisher_account_url_template", "https://x.example/{}"),
            ("publisher_account_url_template", "javascript:alert(1)"), ("merchant_id", "77x"),
            ("publisher_project_id", 44056),
        ],
    )  # fmt: skip
    def test_that_cannot_be_meant_are_refused_by_key(self, key, value):
        assert problem(key, **(NEW | {key: value}))

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("allowed_origins", ["https://shop.example", "https://shop.example:8443", "http://localhost:3000"]),
            ("allowed_origins", ["http://127.0.0.1:9100", "http://[::1]:9100", "https://xn--mnchen-3ya.example"]),
            ("zendesk_api_url", "https://www.zopim.com/api/v2"),
            ("requests_per_minute", 100_000),
            ("sync_start", None),
            (
                "publisher_account_url_template",
                "https://publisher.xsolla.com/{merchant_id}/{user_id}?p={login_project_id}",
            ),
            ("email_verified", "always"),
            ("placeholder_domain", "users.invalid"),
        ],
    )
    def test_that_make_sense_are_stored(self, key, value):
        save(**(NEW | {key: value}))
        assert getattr(Integration.objects.get(), key) == value

    def test_name_the_word_of_a_template_that_nothing_fills(self):
        told = problem(
            "publisher_account_url_template", **NEW, publisher_account_url_template="https://x.example/{users}"
        )
        assert "{users} is not a known placeholder. Use only {merchant_id} {project_id}" in told

    def test_may_name_this_machine_only_where_the_process_allows_it(self):
        url = "http://127.0.0.1:9100/api/v2/chat"
        save(**NEW, zendesk_api_url=url, allow_loopback=True)
        assert Integration.objects.get().zendesk_api_url == url

    def test_of_messaging_need_a_key_id(self):
        assert "Messaging" in problem("zendesk_key_id", **NEW, zendesk_product="messaging")

    def test_with_a_hostile_key_are_named_harmlessly(self):
        with pytest.raises(BadIntegration) as raised:
            save(**NEW, **{"\x1b[2J\u202e": 1})
        assert str(raised.value).isascii() and str(raised.value).isprintable()


class TestZendeskAddress:
    OLD, NEW = "https://www.zopim.com/api/v2", "https://acme.zendesk.com/api/v2/chat"

    def test_of_the_retired_host_becomes_todays_and_that_is_told(self):
        saved = save(**NEW, zendesk_subdomain="acme", zendesk_api_url=self.OLD)
        assert saved.integration.zendesk_api_url == self.NEW
        assert any(self.NEW in warning.sentence for warning in saved.warnings)

    def test_that_was_stored_long_ago_follows_once_the_subdomain_is_known(self):
        make_integration(zendesk_subdomain="", zendesk_api_url=self.OLD)
        assert save(zendesk_subdomain="acme").integration.zendesk_api_url == self.NEW

    def test_of_the_retired_host_stays_without_a_subdomain_and_that_is_told(self):
        saved = save(**NEW, zendesk_api_url=self.OLD)
        assert any("Set zendesk_subdomain" in warning.sentence for warning in saved.warnings)

    def test_may_be_left_to_be_found(self):
        assert save(**NEW, zendesk_subdomain="acme", zendesk_api_url="auto").integration.zendesk_api_url == "auto"

    @pytest.mark.parametrize("url", ["AUTO", " auto", "auto/"])
    def test_is_that_word_and_no_other(self, url):
        assert "The address " in problem("zendesk_api_url", **NEW, zendesk_subdomain="acme", zendesk_api_url=url)

    def test_cannot_be_found_without_a_subdomain(self):
        assert "zendesk_subdomain" in problem("zendesk_api_url", **NEW, zendesk_api_url="auto")

    def test_that_is_to_be_found_needs_the_subdomain_to_stay(self):
        make_integration(zendesk_api_url="auto")
        assert "zendesk_subdomain" in problem("zendesk_api_url", zendesk_subdomain="")


class TestRemove:
    def test_takes_everything_stored_with_it(self):
        acme = make_integration()
        make_link(visitor=make_visitor(integration=acme), login_user=make_login_user(integration=acme))
        remove_integration(slug="acme", actor=ADA, now=NOW)
        assert not (Integration.objects.exists() or Visitor.objects.exists() or Secret.objects.exists())

    def test_is_recorded(self):
        make_integration()
        remove_integration(slug="acme", actor=ADA, now=NOW)
        assert AuditEvent.objects.get().action == "integration.removed"

    def test_of_an_unknown_one_says_so(self):
        with pytest.raises(NoSuchIntegration):
            remove_integration(slug="nope", actor=ADA, now=NOW)


class TestContract:
    def test_knows_every_key_of_the_published_example(self):
        example = json.loads(EXAMPLE)
        ours = {
            "email_verified", "email_claim", "name_claim", "claim_map", "email_lookup", "mode",
            "login_secret_key_previous", "previous_login_secret_until", "zendesk_shared_secret_next",
            "zendesk_secret_switch_at", "zendesk_client_id", "zendesk_client_secret", "zendesk_webhook_secret",
            "export_requests_per_minute", "user_id_form", "zendesk_app_public_key", "zendesk_app_audience",
        }  # fmt: skip
        assert set(example) | ours == set(integrations.KEYS)

    def test_accepts_the_published_example(self):
        assert save(**json.loads(EXAMPLE), allow_loopback=True).is_new


EXAMPLE = """
{"name": "Acme Games", "login_project_id": "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10",
 "login_secret_key": "login-secret-of-the-example-0000000", "login_algorithm": "HS256", "cookie_name": "token",
 "allowed_origins": ["https://shop.example"], "missing_email": "refuse", "placeholder_domain": "users.invalid",
 "zendesk_product": "chat", "zendesk_subdomain": "acme", "zendesk_account_key": "AbCdEf0123456789",
 "zendesk_shared_secret": "zendesk-secret-of-the-example-00000", "zendesk_key_id": "",
 "zendesk_access_token": "sandbox-chat-token", "zendesk_api_url": "http://127.0.0.1:9100/api/v2/chat",
 "sync_enabled": true, "sync_start": "2026-01-01T00:00:00Z", "requests_per_minute": 200,
 "publisher_account_url_template":
  "https://publisher.xsolla.com/{merchant_id}/projects/{project_id}/login/users/{user_id}",
 "merchant_id": "77001", "publisher_project_id": "44056", "enabled": true}
"""
