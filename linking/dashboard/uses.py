"""What somebody did with all that a list finds, for the audit."""

from datetime import datetime

from django.http import HttpRequest

from linking.dashboard.visitors.filters import Asked
from linking.models import AuditEvent


def note_use(request: HttpRequest, *, action: str, target: str, asked: Asked, now: datetime) -> None:
    """Keep who did it and which filters were set, never what was searched for; `target` says how many of what."""
    AuditEvent.objects.create(
        at=now,
        actor=request.user.get_username(),
        actor_user=request.user,  # type: ignore[misc]
        action=action,
        target=target,
        fields=asked.filters,
    )
