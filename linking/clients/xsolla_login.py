"""All HTTP to Xsolla Login: records out, and errors sorted by what the caller should do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from linking.clients.outbound import AddressRefused, Answer, Outbound, OutboundError
from linking.clients.retry_after import http_date, retry_after_s
from linking.clients.traffic import Service
from linking.core.key_sets import BadKeySet, KeyEncoding, list_keys

CALL_DEADLINE_S = 5.0
ANSWER_MAX_BYTES = 262_144


class LoginError(Exception):
    """Xsolla Login did not give what was asked for; the message carries no credential."""


class LoginRefused(LoginError):
    """A person has to act. `reason`: `host` (address), `project` (Login does not know it), `token` (not taken)."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LoginTryLater(LoginError):
    """Time heals it; `retry_after_s` is 0 where Login named no time."""

    def __init__(self, message: str, *, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LoginBroken(LoginError):
    """The answer is nonsense; another try may bring a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKeys:
    """A project's public keys as listed, unjudged; `answered_at` is Login's own clock where it told it."""

    encoding: KeyEncoding
    keys: tuple[Mapping[str, object], ...] = field(repr=False)
    answered_at: datetime | None = None


class LoginClient:
    """Reads one Login installation. Not to be shared by threads.

    Args:
        base_url: `https://login.xsolla.com/api`; which one it is, only the process's environment decides.
        allow_loopback: whether an address on this machine is allowed.
        deadline_s: the time one call may take.

    Raises: LoginRefused when the address cannot be used.
    """

    def __init__(self, *, base_url: str, allow_loopback: bool, deadline_s: float = CALL_DEADLINE_S) -> None:
        try:
            self._out = Outbound(
                base_url=base_url,
                hosts=(urlsplit(base_url).hostname or "",),
                allow_loopback=allow_loopback,
                deadline_s=deadline_s,
                service=Service.LOGIN,
            )
        except (AddressRefused, ValueError) as error:
            sentence = _("XSOLLA_LOGIN_API_URL cannot be used. %(why)s")
            raise LoginRefused(sentence % {"why": error}, reason="host") from error

    def key_set(self, *, project_id: str) -> ListedKeys:
        """Return the project's keys: the standard key set, or the older list where that one is empty or missing.

        The two are encoded differently, so the answer says which it is. Neither needs a credential.

        Raises: LoginRefused, LoginTryLater, LoginBroken.
        Source: Login API, "JSON Web Key Set" (`/projects/{id}/jwks.json`, an object, base64url); Xsolla's Go and PHP
        SDKs (`/projects/{id}/keys`, a bare array or `{}`, hexadecimal); read 2026-11-22.
        """
        project = quote(project_id, safe="")
        standard = self._get(path=f"/projects/{project}/jwks.json")
        found = _key_set(standard)
        if found.keys:
            return found
        older = self._get(path=f"/projects/{project}/keys")
        if older.status == 404 and standard.status == 404:
            raise LoginRefused(_("Xsolla Login does not know this Login project."), reason="project")
        return _key_set(older)

    def own_email(self, *, login_jwt: str) -> tuple[str, str]:
        """Return the user ID and the e-mail address ("" for none) of the user whose token this is.

        Raises: LoginRefused (`host`, `token`), LoginTryLater, LoginBroken.
        Source: Login API, "Get user details" (`GET /users/me`, the user's token as Bearer); read 2026-11-22.
        """
        answer = self._get(
            path="/users/me", headers={"Authorization": f"Bearer {login_jwt}"}, statuses=(200, 401, 403, 404)
        )
        if answer.status != 200:
            raise LoginRefused(_("Xsolla Login refuses this token."), reason="token")
        body = _parse(answer)
        user_id, email = (body.get(name) for name in ("id", "email")) if isinstance(body, dict) else (None, None)
        if not isinstance(user_id, str):
            raise LoginBroken(_("The answer of Xsolla Login names no user."))
        return user_id, email if isinstance(email, str) else ""

    def close(self) -> None:
        """Close the connection."""
        self._out.close()

    def _get(
        self, *, path: str, headers: Mapping[str, str] | None = None, statuses: tuple[int, ...] = (200, 404)
    ) -> Answer:
        try:
            answer = self._out.get(path=path, headers=headers)
        except AddressRefused as error:
            raise LoginRefused(str(error), reason="host") from error
        except OutboundError as error:
            raise LoginTryLater(_("Xsolla Login could not be reached. %(why)s") % {"why": error}) from error
        if answer.status == 429 or answer.status >= 500:
            wait_s = _wait_s(answer)
            sentence = _("Xsolla Login answered %(status)s.")
            raise LoginTryLater(sentence % {"status": answer.status}, retry_after_s=wait_s)
        if answer.status not in statuses:
            raise LoginBroken(_("Xsolla Login answered %(status)s, which is unexpected.") % {"status": answer.status})
        return answer


def _wait_s(answer: Answer) -> int:
    # Whether Login names a time at all is not documented.
    header = answer.headers.get("Retry-After")
    return retry_after_s(header, date=answer.headers.get("Date")) if header else 0


def _parse(answer: Answer) -> object:
    if len(answer.body) > ANSWER_MAX_BYTES:
        raise LoginBroken(_("The answer of Xsolla Login is too large."))
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise LoginBroken(_("The answer of Xsolla Login is not JSON.")) from error


def _key_set(answer: Answer) -> ListedKeys:
    # Which of the two shapes it is, the document says itself, whatever its address.
    try:
        encoding, keys = list_keys(_parse(answer) if answer.status == 200 else [])
    except BadKeySet as error:
        raise LoginBroken(_("Xsolla Login's list of keys has an unexpected form.")) from error
    return ListedKeys(encoding=encoding, keys=keys, answered_at=http_date(answer.headers.get("Date")))
