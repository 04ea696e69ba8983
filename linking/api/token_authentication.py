"""Who calls with an API token."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy
from rest_framework.authentication import TokenAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from linking.accounts import api_tokens
from linking.models import APIToken
from linking.models.people.person import TokenScope

KEY_MAX_CHARACTERS = 200


class ByAPIToken(TokenAuthentication):
    """`Authorization: Token …`, or `Bearer …` as Prometheus sends it. Only a token's digest is looked up."""

    keyword = "Token"
    model = APIToken

    def authenticate(self, request: Request) -> tuple[Any, APIToken] | None:
        """Return the owner and the token, None for a call without one.

        Raises: AuthenticationFailed.
        """
        if get_authorization_header(request).lower().startswith(b"bearer "):
            self.keyword = "Bearer"
        found: tuple[Any, APIToken] | None = super().authenticate(request)
        return found

    def authenticate_header(self, _request: Request) -> str:
        """Return the scheme that answers 401 name."""
        return "Token"

    def authenticate_credentials(self, key: str) -> tuple[Any, APIToken]:
        """Return the owner and the token of `key`, and note its use.

        Raises: AuthenticationFailed.
        """
        now = timezone.now()
        row = api_tokens.find_by_key(key) if len(key) <= KEY_MAX_CHARACTERS else None
        if row is None:
            raise AuthenticationFailed(gettext_lazy("This API token does not exist or was revoked."))
        if api_tokens.has_ended(row, now=now):
            raise AuthenticationFailed(gettext_lazy("This API token has ended. Make a new one."))
        if not row.user.is_active:
            raise AuthenticationFailed(gettext_lazy("The account of this API token is switched off."))
        api_tokens.note_use(row, now=now)
        return row.user, row


def may_call(auth: object, scope: TokenScope) -> bool:
    """Return whether a call may do what `scope` names: any call without a token, and one with a token that has it.

    `auth` is what the authentication returned beside the person. What the person may do is asked apart from this.
    """
    return not isinstance(auth, APIToken) or auth.allows(scope)
