"""Who looks at a record: recorded where the operator wants that, and led to export and erasure where they may do it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from linking.accounts import audit, roles


def note_view(request: HttpRequest, *, target: str) -> None:
    """Record that a person opened a record, with `ZDBRIDGE_AUDIT_VIEWS`."""
    if settings.LINKING["AUDIT_VIEWS"]:
        audit.audit_look(user=request.user, action=audit.VIEWED, target=target, now=timezone.now())


def build_personal_data(request: HttpRequest, *, kind: str, value: str, slug: str) -> dict[str, Any] | None:
    """Return what the form needs that leads to the page of personal data, None for whoever may not open it."""
    return {"kind": kind, "value": value, "slug": slug} if roles.is_admin(request.user) else None
