"""The OpenID Connect issuer of this installation, and how its claims name a person and their groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from linking.accounts import roles

ANY_VALUE = "*"
NAME_MAX_CHARACTERS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """What the operator says of the issuer.

    `groups` maps the issuer's groups to ours. `mfa_values` are the values of `amr` or `acr` that tell of a second
    factor; `*`: the issuer always asks for one. `emergency_accounts` alone keep their passwords, unless it is empty.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    groups_claim: str
    groups: Mapping[str, str]
    scopes: tuple[str, ...]
    mfa_values: tuple[str, ...]
    emergency_accounts: tuple[str, ...]

    @property
    def host(self) -> str:
        """Return the host, by which pages call the issuer."""
        return urlsplit(self.issuer).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPerson:
    """Who signed in at the issuer. `email` is "" where there is none that can be one; `groups` are ours."""

    subject: str
    username: str
    email: str
    has_verified_email: bool
    groups: frozenset[str]
    has_second_factor: bool


def find_issuer() -> Issuer | None:
    """Return the issuer, None where people sign in with passwords only."""
    read = settings.LINKING["SINGLE_SIGN_ON"]
    return Issuer(**read) if read else None


def may_use_password(user: Any) -> bool:
    """Return whether the password of `user` opens the account: of everybody's, or of the named accounts alone."""
    found = find_issuer()
    return found is None or not found.emergency_accounts or user.get_username() in found.emergency_accounts


def read_person(claims: Mapping[str, Any], *, issuer: Issuer) -> ClaimedPerson:
    """Return whom verified claims name."""
    email = _read_email(claims)
    return ClaimedPerson(
        subject=str(claims["sub"]),
        username=_read_name(claims, email=email),
        email=email,
        # The text "true" is no assurance; the standard has a boolean.
        has_verified_email=bool(email) and claims.get("email_verified") is True,
        groups=read_groups(claims, issuer=issuer),
        has_second_factor=_tells_of_second_factor(claims, issuer=issuer),
    )


def read_groups(claims: Mapping[str, Any], *, issuer: Issuer) -> frozenset[str]:
    """Return our groups that the claim names: one rank at most, the highest, and `developers` beside it."""
    value = find_claim(claims, issuer.groups_claim)
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    ours = {issuer.groups[name] for name in listed if isinstance(name, str) and name in issuer.groups}
    ranks = [name for name in (roles.ADMINS, roles.LEADS, roles.AGENTS) if name in ours]
    return frozenset(ranks[:1]) | (ours & {roles.DEVELOPERS})


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim called `name`, in which dots lead into objects, as in Keycloak's `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _read_email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or len(email) > 254:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email


def _read_name(claims: Mapping[str, Any], *, email: str) -> str:
    """Return what a new account may be called; "" leaves it to the product."""
    for value in (claims.get("preferred_username"), email):
        if isinstance(value, str) and value.strip():
            return value.strip()[:NAME_MAX_CHARACTERS]
    return ""


def _tells_of_second_factor(claims: Mapping[str, Any], *, issuer: Issuer) -> bool:
    if ANY_VALUE in issuer.mfa_values:
        return True
    methods, level = claims.get("amr"), claims.get("acr")
    told = [*methods] if isinstance(methods, list) else []
    return any(isinstance(value, str) and value in issuer.mfa_values for value in [*told, level])
