import pytest

from linking import integrations
from linking.integrations import Actor
from linking.models import Integration, Secret
from tests.factories import (
    LOGIN_SECRET_KEY,
    NOW,
    ZENDESK_ACCESS_TOKEN,
    ZENDESK_SHARED_SECRET,
    make_integration,
)

pytestmark = pytest.mark.django_db
ADA = Actor(name="ada")
SECRETS = {
    "login_secret_key": LOGIN_SECRET_KEY,
    "zendesk_shared_secret": ZENDESK_SHARED_SECRET,
    "zendesk_access_token": ZENDESK_ACCESS_TOKEN,
}
# Every setting in a value of its own, so that one that is lost shows.
UNUSUAL = {
    "name": "Acmé Games",
    "enabled": False,
    "cookie_name": "session",
    "allowed_origins": ["https://shop.example", "https://www.example:8443"],
    "missing_email": "placeholder",
    "placeholder_domain": "nobody.invalid",
    "email_verified": "always",
    "email_claim": "partner_data.email",
    "name_claim": "partner_data.name",
    "claim_map": {"vip": "partner_data.vip"},
    "email_lookup": True,
    "mode": "observe",
    "zendesk_subdomain": "acme-two",
    "zendesk_account_key": "key",
    "zendesk_key_id": "app_1",
    "zendesk_client_id": "client",
    "zendesk_api_url": "https://acme-two.zendesk.com/api/v2/chat",
    "sync_enabled": False,
    "sync_start": NOW,
    "previous_login_secret_until": NOW,
    "requests_per_minute": 77,
    "export_requests_per_minute": 7,
    "user_id_form": "any",
    "publisher_account_url_template": "https://publisher.xsolla.com/{user_id}",
    "merchant_id": "1",
    "publisher_project_id": "2",
}


def column_values():
    return Integration.objects.values(*integrations.RULES).get()


class TestExportSettings:
    def test_has_every_setting_and_no_secret(self):
        make_integration()
        assert set(integrations.export_settings(slug="acme").settings) == set(integrations.RULES)

    def test_names_the_secrets_that_are_set(self):
        make_integration()
        assert integrations.export_settings(slug="acme").secrets == tuple(SECRETS)

    def test_makes_the_same_integration_with_its_secrets(self):
        make_integration(**UNUSUAL)
        before, exported = column_values(), integrations.export_settings(slug="acme").settings
        integrations.remove_integration(slug="acme", actor=ADA, now=NOW)
        integrations.save_integration(
            slug="acme", values=dict(exported) | SECRETS, actor=ADA, now=NOW, allow_loopback=False
        )
        assert column_values() == before
        assert {row.name: row.reveal() for row in Secret.objects.all()} == SECRETS
