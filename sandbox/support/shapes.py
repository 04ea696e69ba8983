"""The JSON of Support's records. Source: README M3, keys always present unless said, types as seen."""

from __future__ import annotations

from typing import Any

from sandbox.support.people import ADMIN, END_USER, Identity, SandboxUser, Ticket
from sandbox.world.state import format_time

# In the vendor's order; the values are those of a plain end user.
PLAIN_USER: dict[str, Any] = {
    "id": 0, "url": "", "name": "", "email": None, "created_at": "", "updated_at": "", "time_zone": "UTC",
    "iana_time_zone": "Etc/UTC", "phone": None, "shared_phone_number": None, "photo": None, "locale_id": 1,
    "locale": "en-US", "organization_id": None, "role": END_USER, "verified": True, "external_id": None, "tags": [],
    "alias": "", "active": True, "shared": False, "shared_agent": False, "last_login_at": None,
    "two_factor_auth_enabled": None, "signature": None, "details": "", "notes": "", "role_type": None,
    "custom_role_id": None, "moderator": False, "ticket_restriction": "requested", "only_private_comments": False,
    "restricted_agent": True, "suspended": False, "default_group_id": None, "report_csv": False, "user_fields": {},
}  # fmt: skip
EXTRA_KEYS = frozenset({
    "phone", "shared_phone_number", "photo", "locale_id", "locale", "organization_id", "tags", "alias", "last_login_at",
    "time_zone", "iana_time_zone", "signature", "details", "notes", "user_fields", "default_group_id",
})  # fmt: skip
# Agents carry more keys and other values. Source: README M3
STAFF = {
    "two_factor_auth_enabled": False, "role_type": None, "custom_role_id": 360_000_101, "moderator": True,
    "ticket_restriction": None, "restricted_agent": False, "default_group_id": 360_000_001, "report_csv": True,
    "chat_only": False, "custom_role_name": "Support staff",
}  # fmt: skip
ERASED_NAME = "Permanently Deleted User"
DELETED_KEYS = (
    "id", "url", "name", "email", "created_at", "updated_at", "time_zone", "phone", "shared_phone_number", "photo",
    "locale_id", "locale", "organization_id", "role", "active",
)  # fmt: skip


def build_user(user: SandboxUser, *, base: str, keeps_external_id: bool = True) -> dict[str, Any]:
    """Return the user object. `base` is the API's absolute URL; Source: README M3 and, for deleted users, M2.6."""
    shown = PLAIN_USER | (STAFF if user.role != END_USER else {}) | (user.extra or {})
    shown["id"], shown["url"] = user.id, f"{base}/users/{user.id}.json"
    shown["name"], shown["email"], shown["external_id"] = user.name, user.email, user.external_id
    shown["created_at"], shown["updated_at"] = format_time(user.created_s), format_time(user.updated_s)
    shown["role"], shown["verified"], shown["suspended"] = user.role, user.verified, user.suspended
    shown["active"] = user.active
    if user.is_erased:
        shown |= {"name": ERASED_NAME, "email": None, "external_id": None, "phone": None, "details": "", "notes": ""}
    elif not user.active and not keeps_external_id:
        shown["external_id"] = None
    if user.role == ADMIN:
        shown["restricted_agent"] = False
    return shown


def build_anonymous() -> dict[str, Any]:
    """Return what `users/me` answers without credentials. Source: README M3, seen in a recorded answer."""
    nobody = {"id": None, "url": None, "name": "Anonymous user", "email": "invalid@example.com"}
    return PLAIN_USER | nobody | {"created_at": None, "updated_at": None, "verified": False, "active": None}


def build_deleted_user(user: SandboxUser, *, base: str) -> dict[str, Any]:
    """Return a user of `deleted_users`. Source: README M2.6."""
    shown = build_user(user, base=base)
    shown["url"] = f"{base}/deleted_users/{user.id}.json"
    return {name: shown[name] for name in DELETED_KEYS}


def build_identity(
    identity: Identity, *, user_id: int, base: str, is_primary: bool, is_verified: bool
) -> dict[str, Any]:
    """Return an identity. Source: README M3."""
    made_at = format_time(identity.created_s)
    shown: dict[str, Any] = {
        "id": identity.id, "url": f"{base}/users/{user_id}/identities/{identity.id}.json", "user_id": user_id,
        "type": identity.kind, "value": identity.value, "verified": is_verified, "primary": is_primary,
        "created_at": made_at, "updated_at": made_at,
    }  # fmt: skip
    if identity.kind == "email":
        shown |= {"undeliverable_count": 0, "deliverable_state": "deliverable"}
    return shown


def build_ticket(ticket: Ticket, *, base: str) -> dict[str, Any]:
    """Return a ticket made from a conversation. Source: README M5."""
    return {
        "id": ticket.id, "url": f"{base}/tickets/{ticket.id}.json", "external_id": None,
        "via": {"channel": "native_messaging", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": format_time(ticket.created_s), "updated_at": format_time(ticket.updated_s), "type": None,
        "subject": ticket.subject, "raw_subject": ticket.subject, "description": ticket.subject, "priority": None,
        "status": "open", "requester_id": ticket.requester_id, "submitter_id": ticket.requester_id,
        "assignee_id": None, "organization_id": None, "group_id": None, "tags": [], "custom_fields": [],
        "is_public": True, "has_incidents": False, "allow_channelback": False, "allow_attachments": True,
        "generated_timestamp": ticket.updated_s,
    }  # fmt: skip
