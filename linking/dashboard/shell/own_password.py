"""Asks whoever makes a request for their own password, as its box sent it."""

from django.http import HttpRequest
from django.utils import timezone

from linking import integrations
from linking.accounts import sessions


def find_own_flaw(request: HttpRequest) -> str:
    """Return a sentence on why the box `own_password` does not show that it is the person who asks; "" when it does."""
    return integrations.find_password_flaw(
        request.user,
        request.POST.get("own_password", ""),
        proven_s_ago=sessions.count_seconds_since_proof(request, now=timezone.now()),
    )
