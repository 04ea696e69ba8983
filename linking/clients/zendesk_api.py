"""What Zendesk's APIs have in common: calls with an access token, and errors sorted by what the caller should do."""

import json
from typing import Any

from django.utils.translation import gettext as _

from linking.clients.outbound import AddressRefused, Answer, AnswerTooLarge, Outbound, OutboundError
from linking.clients.retry_after import retry_after_s
from linking.clients.traffic import Service
from linking.clients.vendor_urls import ZENDESK_HOSTS
from linking.core.strict_json import refuse_constant, refuse_duplicates

CALL_DEADLINE_S = 30.0


class ZendeskError(Exception):
    """Zendesk did not give what was asked for; the message carries no credential."""


class ZendeskRefused(ZendeskError):
    """A person has to act. `reason`: `credentials` (token), `scope` (role or plan), `host` (address).

    `status` is the one Zendesk answered with, None where it was not asked.
    """

    def __init__(self, message: str, *, reason: str, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class ZendeskTryLater(ZendeskError):
    """Time heals it. `reason`: `vendor_pause` or `vendor_fault`; `retry_after_s` is 0 where Zendesk named no time."""

    def __init__(self, message: str, *, reason: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s


class ZendeskGone(ZendeskError):
    """Zendesk does not know the visitor."""


class ZendeskBroken(ZendeskError):
    """The answer is nonsense; another try may bring a better one."""


class AnswerOverLimit(ZendeskBroken):
    """The answer is larger than any that is read."""


class ZendeskClient:
    """Calls one API of a Zendesk account. Not to be shared by threads.

    `api_name` names the API in messages.

    Args:
        base_url: the API's address, without a slash at its end.
        access_token: an OAuth token for it.
        allow_loopback: whether an address on this machine is allowed.
        deadline_s: the time one call may take.

    Raises: ZendeskRefused when the address or the token cannot be used at all.
    """

    api_name = "API"

    def __init__(
        self, *, base_url: str, access_token: str, allow_loopback: bool, deadline_s: float = CALL_DEADLINE_S
    ) -> None:
        if not access_token or not access_token.isascii() or not access_token.isprintable() or " " in access_token:
            raise ZendeskRefused(_("The access token is empty or contains spaces."), reason="credentials")
        try:
            self._out = Outbound(
                base_url=base_url,
                hosts=ZENDESK_HOSTS,
                allow_loopback=allow_loopback,
                deadline_s=deadline_s,
                service=Service.ZENDESK,
            )
        except AddressRefused as error:
            raise ZendeskRefused(str(error), reason="host") from error
        self._headers = {"Authorization": f"Bearer {access_token}"}

    def close(self) -> None:
        """Close the connection."""
        self._out.close()

    def _get(self, *, path: str, query: list[tuple[str, str]] | None = None) -> Answer:
        answer = self._call(path=path, query=query)
        if answer.status in (404, 410):
            sentence = _("There is no Zendesk %(api)s at this address (%(status)s).")
            message = sentence % {"api": self.api_name, "status": answer.status}
            raise ZendeskRefused(message, reason="host")
        return self._check(answer)

    def _call(self, *, path: str, query: list[tuple[str, str]] | None = None) -> Answer:
        try:
            return self._out.get(path=path, query=query or [], headers=self._headers)
        except AddressRefused as error:
            raise ZendeskRefused(str(error), reason="host") from error
        except AnswerTooLarge as error:
            raise AnswerOverLimit(str(error)) from error
        except OutboundError as error:
            raise ZendeskTryLater(str(error), reason="vendor_fault") from error

    def _check(self, answer: Answer) -> Answer:
        """Return `answer` if it is a success. Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken."""
        if answer.status == 200:
            return answer
        raise _error_of(answer)

    def _object(self, answer: Answer, *, what: str) -> dict[str, Any]:
        content_type = answer.headers.get("Content-Type", "application/json").lower()
        if "json" not in content_type:
            raise ZendeskBroken(_("Zendesk's answer is not JSON (%(call)s).") % {"call": what})
        try:
            body = json.loads(
                answer.body.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=refuse_duplicates
            )
        except (ValueError, RecursionError) as error:
            raise ZendeskBroken(_("Zendesk's answer cannot be read as JSON (%(call)s).") % {"call": what}) from error
        if not isinstance(body, dict):
            raise ZendeskBroken(_("Zendesk's answer is not an object (%(call)s).") % {"call": what})
        return body


def _error_of(answer: Answer) -> ZendeskError:
    """Return what an answer other than a success asks the caller to do."""
    status = answer.status
    if status == 401:
        return ZendeskRefused(_("Zendesk refused the access token (401)."), reason="credentials", status=401)
    if status == 403:
        message = _("The access token lacks the role, scope or plan for this call (403).")
        return ZendeskRefused(message, reason="scope", status=403)
    if status == 429:
        return ZendeskTryLater(
            _("Zendesk asked for a pause (429)."), reason="vendor_pause", retry_after_s=_wait_s(answer)
        )
    if status >= 500 or status in (408, 425):
        # Some gateways say how long they will be away; the wait is then theirs to choose.
        wait_s = _wait_s(answer) if answer.headers.get("Retry-After") else 0
        return ZendeskTryLater(f"Zendesk failed ({status}).", reason="vendor_fault", retry_after_s=wait_s)
    return ZendeskBroken(_("Zendesk answered %(status)s, which is unexpected.") % {"status": status})


def _wait_s(answer: Answer) -> int:
    return retry_after_s(answer.headers.get("Retry-After"), date=answer.headers.get("Date"))
