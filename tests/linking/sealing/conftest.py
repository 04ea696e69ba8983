"""Two keys, and everything that is sealed under the older one."""

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet

from linking import fields
from linking.core.secretbox import KeyRing
from linking.models import (
    AlarmSettings,
    DraftPurpose,
    DraftSecret,
    ErasureKey,
    IntegrationDraft,
    SupportToken,
    ZendeskConnection,
    draft_secret_place,
    take_fingerprint,
)
from linking.models.fingerprint import ensure_fingerprint_key
from linking.models.people.factor import seal_factor
from linking.models.sync.connection import refresh_place
from linking.models.sync.support import support_token_place
from linking.monitoring import alarms
from tests.factories import NOW, make_integration
from tests.linking.conftest import make_person

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def use_keys():
    """Put these keys in force, as a restart with another ZDBRIDGE_SEAL_KEYS does."""
    before = fields.key_ring()
    yield lambda *keys: fields.use_key_ring(KeyRing(keys=keys))
    fields.use_key_ring(before)


@pytest.fixture
def everything(db, use_keys):
    """One value of each kind under the old key: two secrets of an integration and two of second factors among them."""
    # A migration has made the row already, under the key of the tests.
    fields_row = ensure_fingerprint_key()
    fields_row.delete()
    use_keys(OLD)
    ensure_fingerprint_key()
    ErasureKey.ensure()
    integration, person = make_integration(), make_person("admin")
    ring = fields.key_ring()
    draft = IntegrationDraft.objects.create(owner=person, purpose=DraftPurpose.GUIDE, touched_at=NOW)
    DraftSecret.objects.create(
        draft=draft, name="login_secret_key", fingerprint=take_fingerprint("a draft's"), kept_at=NOW,
        sealed=ring.seal("a draft's", place=draft_secret_place(draft_id=draft.pk, name="login_secret_key")),
    )  # fmt: skip
    ZendeskConnection.objects.create(
        integration=integration, authority="https://acme.zendesk.com", token_mark="0" * 8, connected_at=NOW,
        connected_by="admin",
        refresh_sealed=ring.seal("refresh", place=refresh_place(integration_id=integration.pk)),
    )  # fmt: skip
    SupportToken.objects.create(
        integration=integration, fetched_at=NOW, renew_at=NOW,
        sealed=ring.seal("support", place=support_token_place(integration_id=integration.pk)),
    )  # fmt: skip
    settings = AlarmSettings(pk=1)
    alarms.keep_webhook(settings=settings, url="https://hooks.example.com/x")
    settings.save()
    Authenticator.objects.create(
        user=person, type=Authenticator.Type.TOTP, data={"secret": seal_factor("JBSWY3DPEHPK3PXP")}
    )
    Authenticator.objects.create(
        user=person, type=Authenticator.Type.RECOVERY_CODES, data={"seed": seal_factor("5eed"), "used_mask": 3}
    )
    return integration
