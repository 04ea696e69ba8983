"""All HTTP to Zendesk's token addresses: tokens out, and errors sorted by what became of the code or refresh token.

Both work once. So it matters whether a call that brought nothing may have been carried out all the same.
"""

from django.utils.translation import gettext as _

from linking.clients.oauth_messages import SCOPE, TOKEN_PATH, BadTokens, Tokens, read_refusal, read_tokens
from linking.clients.outbound import AddressRefused, Answer, Outbound, OutboundError
from linking.clients.retry_after import retry_after_s
from linking.clients.traffic import Service
from linking.clients.vendor_urls import ZENDESK_HOSTS

CALL_DEADLINE_S = 15.0
# The server said that it did nothing.
_NOT_DONE = (408, 429, 503)
_REFUSED = (400, 401, 403, 422)
_NOT_THERE = (404, 405, 410)


class OAuthError(Exception):
    """No tokens came; the message carries no credential."""


class OAuthRefused(OAuthError):
    """A final word. `code`: the vendor's (`invalid_grant`, `invalid_client`), or `address`; `description` in its words,
    cleaned."""

    def __init__(self, message: str, *, code: str, description: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.description = description


class OAuthTryLater(OAuthError):
    """Nothing was used up: the same can be asked again. `retry_after_s` is 0 where no time was named."""

    def __init__(self, message: str, *, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OAuthLost(OAuthError):
    """Nobody knows whether it was carried out: what was sent may be used up."""


class OAuthClient:
    """Speaks to one account's token address. Not to be shared by threads.

    Args:
        authority: `https://acme.zendesk.com`.
        allow_loopback: whether an address on this machine is allowed.
        token_path: where below it tokens are; Chat's by itself.

    Raises: OAuthRefused (`address`).
    """

    def __init__(
        self, *, authority: str, client_id: str, client_secret: str, allow_loopback: bool, token_path: str = TOKEN_PATH
    ) -> None:
        self._token_path = token_path
        self._client = {"client_id": client_id, "client_secret": client_secret}
        try:
            self._out = Outbound(
                base_url=authority,
                hosts=ZENDESK_HOSTS,
                allow_loopback=allow_loopback,
                deadline_s=CALL_DEADLINE_S,
                service=Service.ZENDESK,
            )
        except AddressRefused as error:
            raise OAuthRefused(str(error), code="address") from error

    def exchange(self, *, code: str, redirect_url: str) -> Tokens:
        """Return the tokens for a code; `redirect_url` is the one the code was asked with.

        Raises: OAuthRefused, OAuthTryLater, OAuthLost.
        Source: two public sign-in programs for Zendesk Chat, which send the same fields.
        """
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url, "scope": SCOPE}
        return self._tokens(fields)

    def refresh(self, *, refresh_token: str) -> Tokens:
        """Return the tokens that follow; the refresh token is used up by it. Raises as `exchange` does."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def grant(self, *, life_s: int) -> Tokens:
        """Return a token for the client itself (client credentials), which comes without a refresh token.

        Args:
            life_s: how long the token is to live. Zendesk names the end only of a token that was asked for with one.

        Raises: OAuthRefused, OAuthTryLater, OAuthLost. Nothing is used up by asking again.
        Source: developer.zendesk.com, OAuth, "Client credentials" (fact sheet of Messaging accounts, section 7).
        """
        return self._tokens({"grant_type": "client_credentials", "scope": SCOPE, "expires_in": str(life_s)})

    def close(self) -> None:
        """Close the connection."""
        self._out.close()

    def _tokens(self, fields: dict[str, str]) -> Tokens:
        try:
            answer = self._out.post(path=self._token_path, form=fields | self._client)
        except AddressRefused as error:
            raise OAuthRefused(str(error), code="address") from error
        except OutboundError as error:
            raise (OAuthLost(str(error)) if error.was_sent else OAuthTryLater(str(error))) from error
        if answer.status not in (200, 201):
            raise _error_of(answer)
        try:
            return read_tokens(answer.body)
        except BadTokens as error:
            raise OAuthLost(str(error)) from error


def _error_of(answer: Answer) -> OAuthError:
    status = answer.status
    if status in _NOT_DONE:
        header = answer.headers.get("Retry-After")
        wait_s = retry_after_s(header, date=answer.headers.get("Date")) if header else 0
        sentence = _("Zendesk's token address answered %(status)s.") % {"status": status}
        return OAuthTryLater(sentence, retry_after_s=wait_s)
    if status in _NOT_THERE:
        sentence = _("There is no token address of Zendesk (%(status)s).") % {"status": status}
        return OAuthRefused(sentence, code="address")
    if status in _REFUSED:
        found = read_refusal(answer.body)
        message = f"Zendesk refused ({status})."
        return OAuthRefused(message, code=found.code or f"http_{status}", description=found.description)
    return OAuthLost(_("Zendesk's token address answered %(status)s.") % {"status": status})
