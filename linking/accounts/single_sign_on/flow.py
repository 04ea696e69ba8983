"""Signing in at the issuer: the way there and the way back.

State, nonce and PKCE's verifier lie in the session and serve once. allauth keeps the state, the pair of account and
issuer, and the steps after it; the tokens are verified by `id_tokens`, because allauth knows no nonce and trusts the
connection instead of the signature.
"""

import base64
import hashlib
import logging
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.socialaccount.internal import statekit
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from linking.accounts import roles
from linking.accounts.single_sign_on import issuer_accounts
from linking.accounts.single_sign_on.id_tokens import BadIDToken, verify_id_token
from linking.accounts.single_sign_on.issuer import ClaimedPerson, Issuer, find_claim, may_use_password, read_person
from linking.clients.openid_issuer import IssuerClient, IssuerConfiguration, IssuerError

METHOD = "socialaccount"  # allauth's word in its records of a session
CONFIGURATION_KEPT_S = 300.0
_JOIN = "join"
_known: dict[str, tuple[float, IssuerConfiguration]] = {}
_log = logging.getLogger(__name__)


class SignInRefused(Exception):
    """Nobody was signed in; the sentence says why, to the person who tried."""


def forget() -> None:
    """Forget what the issuer said about itself."""
    _known.clear()


def start(request: HttpRequest, *, issuer: Issuer, redirect_url: str, next_url: str = "", joins: bool = False) -> str:
    """Return the address at the issuer to which the browser goes now.

    `joins`: the person who is signed in wants to join their account with the issuer, not to sign in.

    Raises: SignInRefused.
    """
    try:
        configuration = _find_configuration(issuer)
    except IssuerError as error:
        raise _refuse(error) from error
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    state = {"nonce": nonce, "verifier": verifier, "next": next_url, _JOIN: request.user.pk if joins else None}
    query = {
        "response_type": "code",
        "client_id": issuer.client_id,
        "redirect_uri": redirect_url,
        "scope": " ".join(issuer.scopes),
        "state": statekit.stash_state(request, state=state, provider_id=issuer.issuer),
        "nonce": nonce,
        "code_challenge": _digest_verifier(verifier),
        "code_challenge_method": "S256",
    }
    parts = urlsplit(configuration.authorization_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *query.items()])))


def finish(request: HttpRequest, *, issuer: Issuer, redirect_url: str, now: datetime) -> HttpResponse | None:
    """Sign in the person who comes back from the issuer and return the answer; None after a join.

    Raises: SignInRefused.
    """
    state, code = _read_return(request, issuer=issuer)
    try:
        claims = _fetch_claims(code, state=state, issuer=issuer, redirect_url=redirect_url, now=now)
    except (IssuerError, BadIDToken) as error:
        raise _refuse(error) from error
    person = read_person(claims, issuer=issuer)
    if state[_JOIN] is not None:
        _join(request, wanted=state[_JOIN], person=person, issuer=issuer, now=now)
        return None
    with transaction.atomic():
        user = issuer_accounts.find_or_make(request, person=person, issuer=issuer, now=now)
        if user is not None:
            issuer_accounts.set_groups(user, groups=person.groups, now=now)
    if user is None or not (person.groups or user.is_superuser):
        raise SignInRefused(
            _(
                "%(host)s knows you, but you are in none of the groups that open zdbridge. Ask whoever manages the "
                "groups there."
            )
            % {"host": issuer.host}
        )
    return _sign_in(request, user=user, person=person, next_url=str(state["next"] or ""))


def _read_return(request: HttpRequest, *, issuer: Issuer) -> tuple[Mapping[str, Any], str]:
    state_id, code = request.GET.get("state", ""), request.GET.get("code", "")
    state = statekit.unstash_state(request, state_id=state_id, provider_id=issuer.issuer) if state_id else None
    if state is None:
        raise SignInRefused(_("This sign-in was started in another browser, or more than ten minutes ago. Try again."))
    # Source: RFC 9207: an answer that names another issuer is not for us.
    if not constant_time_compare(request.GET.get("iss", issuer.issuer), issuer.issuer):
        raise SignInRefused(_("The answer is of another issuer. Try again."))
    if not code:
        refusals = {"access_denied": _("The sign-in was cancelled, or you may not use zdbridge.")}
        said = request.GET.get("error", "")
        _log.info("The issuer refused a sign-in: %s", said if said.isidentifier() else "no code")
        raise SignInRefused(refusals.get(said) or _("%(host)s refused the sign-in.") % {"host": issuer.host})
    return state, code


def _fetch_claims(
    code: str, *, state: Mapping[str, Any], issuer: Issuer, redirect_url: str, now: datetime
) -> Mapping[str, Any]:
    """Return the verified claims; userinfo adds those that the ID token does not have."""
    client, configuration = _open_client(issuer), _find_configuration(issuer)
    tokens = client.exchange_code(
        configuration=configuration, code=code, redirect_url=redirect_url, verifier=state["verifier"]
    )
    claims = verify_id_token(
        tokens.id_token,
        keys=client.read_keys(configuration=configuration),
        issuer=issuer.issuer,
        client_id=issuer.client_id,
        nonce=state["nonce"],
        now_epoch_s=now.timestamp(),
    )
    is_complete = "email" in claims and find_claim(claims, issuer.groups_claim) is not None
    if is_complete or not configuration.userinfo_url:
        return claims
    told = client.read_userinfo(configuration=configuration, access_token=tokens.access_token)
    if told.get("sub") != claims["sub"]:
        raise BadIDToken("userinfo is of another person (sub)")
    return {**told, **claims}


def _join(request: HttpRequest, *, wanted: int, person: ClaimedPerson, issuer: Issuer, now: datetime) -> None:
    if request.user.pk != wanted:
        raise SignInRefused(_("Another person is signed in by now. Try again."))
    try:
        with transaction.atomic():
            issuer_accounts.join(request.user, person=person, issuer=issuer, now=now)
    except issuer_accounts.JoinRefused as refusal:
        raise SignInRefused(str(refusal)) from refusal


def _sign_in(request: HttpRequest, *, user: Any, person: ClaimedPerson, next_url: str) -> HttpResponse:
    if request.user.is_authenticated:
        # The browser was another person's, or an older session of this one.
        logout(request)
    # Whose password does not count cannot be asked for it again, so this sign-in confirms them for a while.
    record_authentication(request, user, METHOD, reauthenticated=not may_use_password(user) or None)
    if person.has_second_factor:
        record_authentication(request, user, roles.ISSUER_FACTOR_METHOD)
    # Not Django's `login`: allauth first asks for the account's own second factor, if it has one.
    answer: HttpResponse = perform_login(request, user, redirect_url=next_url or None)
    return answer


def _open_client(issuer: Issuer) -> IssuerClient:
    return IssuerClient(
        issuer=issuer.issuer,
        client_id=issuer.client_id,
        client_secret=issuer.client_secret,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
    )


def _find_configuration(issuer: Issuer) -> IssuerConfiguration:
    """Return what the issuer says about itself, asked at most once in `CONFIGURATION_KEPT_S`. Raises: IssuerError."""
    now_s = time.monotonic()
    until_s, known = _known.get(issuer.issuer, (0.0, None))
    if known is None or now_s >= until_s:
        known = _open_client(issuer).read_configuration()
        _known[issuer.issuer] = (now_s + CONFIGURATION_KEPT_S, known)
    return known


def _digest_verifier(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refuse(error: Exception) -> SignInRefused:
    """Return what the person is told; the operator reads the reason in the log."""
    _log.warning("A single sign-on failed: %s", error)
    return SignInRefused(_("The sign-in could not be completed. The log of zdbridge has the reason. Try again."))
