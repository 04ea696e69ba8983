"""The fixed cast and the records that tests are built from. Defaults describe one believable integration, Acme."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt

from linking import registry
from linking.core.config import IntegrationConfig, SecretName
from linking.models import (
    ConfigVersion,
    Integration,
    LoginUser,
    SyncRun,
    Visitor,
    VisitorChat,
    VisitorLink,
    keep_secret,
)

LOGIN_PROJECT_ID = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
LOGIN_SECRET_KEY = "login-secret-key-of-acme-for-tests-only"
ZENDESK_SHARED_SECRET = "zendesk-shared-secret-of-acme-for-tests-only"
ZENDESK_ACCESS_TOKEN = "zendesk-access-token-of-acme-for-tests-only"
ORIGIN = "https://shop.example"
USER_ID = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_config(**changes: Any) -> IntegrationConfig:
    """Acme's settings as the features see them; nothing is stored."""
    values: dict[str, Any] = {
        "integration_id": 1,
        "slug": "acme",
        "name": "Acme Games",
        "login_project_id": LOGIN_PROJECT_ID,
        "login_secrets": (LOGIN_SECRET_KEY.encode(),),
        "allowed_origins": frozenset({ORIGIN}),
        "zendesk_subdomain": "acme",
        "zendesk_shared_secret": ZENDESK_SHARED_SECRET.encode(),
        "zendesk_access_token": ZENDESK_ACCESS_TOKEN,
        "zendesk_api_url": "https://acme.zendesk.com/api/v2/chat",
    }
    return IntegrationConfig(**(values | changes))


def make_integration(*, secrets: dict[str, str] | None = None, **changes: Any) -> Integration:
    """Acme stored, with all three secrets, and the registry refreshed so that it is in force."""
    values: dict[str, Any] = {
        "slug": "acme",
        "name": "Acme Games",
        "login_project_id": LOGIN_PROJECT_ID,
        "allowed_origins": [ORIGIN],
        "zendesk_subdomain": "acme",
        "merchant_id": "77001",
        "publisher_project_id": "44056",
    }
    integration = Integration.objects.create(**(values | changes))
    kept = {
        SecretName.LOGIN_SECRET_KEY: LOGIN_SECRET_KEY,
        SecretName.ZENDESK_SHARED_SECRET: ZENDESK_SHARED_SECRET,
        SecretName.ZENDESK_ACCESS_TOKEN: ZENDESK_ACCESS_TOKEN,
    } | (secrets or {})
    for name, plain in kept.items():
        if plain:
            keep_secret(integration=integration, name=SecretName(name), plain=plain, actor="tests", now=NOW)
    ConfigVersion.bump()
    registry.refresh()
    return integration


def login_claims(*, now: int | None = None, **changes: Any) -> dict[str, Any]:
    """Claims of a fresh Login JWT; a change of `...` (Ellipsis) drops the claim."""
    issued = int(time.time()) if now is None else now
    claims = {
        "email": "nadia@player.example",
        "exp": issued + 86_400,
        "groups": [{"id": 1204, "name": "default", "is_default": True}],
        "iat": issued,
        "iss": "https://login.xsolla.com",
        "publisher_id": 77001,
        "sub": USER_ID,
        "type": "xsolla_login",
        "username": "nadia",
        "xsolla_login_project_id": LOGIN_PROJECT_ID,
    } | changes
    return {name: value for name, value in claims.items() if value is not ...}


def login_jwt(*, secret: str = LOGIN_SECRET_KEY, now: int | None = None, **changes: Any) -> str:
    """A Login JWT signed by PyJWT, an implementation that is not the one under test."""
    return jwt.encode(login_claims(now=now, **changes), secret, algorithm="HS256")


def signed_login_jwt(claims: Any) -> str:
    """What stands in `claims`, be it ever so wrong, rightly signed; also what PyJWT would not sign as claims."""
    return jwt.api_jws.encode(json.dumps(claims).encode(), LOGIN_SECRET_KEY, algorithm="HS256")


def make_run(*, integration: Integration, **changes: Any) -> SyncRun:
    """A complete pass."""
    values = {"trigger": "schedule", "state": "complete", "started_at": NOW, "touched_at": NOW, "finished_at": NOW}
    return SyncRun.objects.create(integration=integration, **(values | changes))


def make_visitor(*, integration: Integration, visitor_id: str = "7700123.ab3XkQ9zLm2Rt7", **changes: Any) -> Visitor:
    """An anonymous visitor that was looked up."""
    values = {
        "state": "anonymous", "first_seen_at": NOW, "last_seen_at": NOW, "last_chat_id": "2611.7700123.SbQ1",
        "checked_at": NOW,
    }  # fmt: skip
    return Visitor.objects.create(integration=integration, visitor_id=visitor_id, **(values | changes))


def make_chat(*, visitor: Visitor, **changes: Any) -> VisitorChat:
    """A chat of five minutes."""
    values = {
        "integration": visitor.integration, "chat_id": "2611.7700123.SbQ1", "kind": "chat", "started_at": NOW,
        "length_s": 300,
    }  # fmt: skip
    return VisitorChat.objects.create(visitor=visitor, **(values | changes))


def make_login_user(*, integration: Integration, user_id: str = USER_ID, **changes: Any) -> LoginUser:
    """A Login user whose identity is only claimed."""
    return LoginUser.objects.create(integration=integration, user_id=user_id, **changes)


def make_link(*, visitor: Visitor, login_user: LoginUser, **changes: Any) -> VisitorLink:
    """An open link, with the visitor and the user marked as the sync would."""
    values = {"evidence_asked_id": visitor.visitor_id, "first_seen_at": NOW, "last_confirmed_at": NOW}
    link = VisitorLink.objects.create(visitor=visitor, login_user=login_user, **(values | changes))
    if link.ended_at is None:
        Visitor.objects.filter(pk=visitor.pk).update(state="linked", external_id=login_user.user_id)
    LoginUser.objects.filter(pk=login_user.pk).update(is_seen_in_chat=True)
    return link
