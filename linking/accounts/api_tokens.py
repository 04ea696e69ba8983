"""API tokens: several a person, each with a name, an end and scopes; shown once and stored as a digest."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import Permission
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token

from linking.accounts.person_audit import record_deed
from linking.models import APIToken
from linking.models.people.person import TokenScope

MADE, REVOKED = "api_token.made", "api_token.revoked"
# By this beginning, scanners of code know a key that was committed by mistake.
PREFIX = "zdb_"
HINT_CHARACTERS = 8
LIFE_DAYS = (7, 30, 90, 180, 365)
LIFE_DEFAULT_DAYS = 90
NAME_MAX_CHARACTERS = 60
TOKENS_MAX = 20
USED_EVERY = timedelta(minutes=1)
# The name of keys that were stored in clear by releases before, and the permission that let them refresh.
MOVED_NAME = "moved"
_OLD_PERMISSION = "write_by_token"


class TokenRefused(Exception):
    """No token is made; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token and its key, which is shown once and cannot be found out again."""

    row: APIToken
    key: str = field(repr=False)


def make_token(
    *, user: Any, name: str, scopes: Collection[str], days: int, by: Any, now: datetime, made_max: int = TOKENS_MAX
) -> NewToken:
    """Make a token for `user` that ends after `days`.

    Raises: TokenRefused.
    """
    kept = [scope.value for scope in TokenScope if scope.value in scopes]
    title = " ".join(name.split())[:NAME_MAX_CHARACTERS]
    if not title:
        raise TokenRefused(_("Enter a name."))
    if not kept or len(kept) != len(set(scopes)):
        raise TokenRefused(_("Choose what the token may do."))
    if days not in LIFE_DAYS:
        raise TokenRefused(_("Choose when the token ends."))
    if not user.is_active:
        raise TokenRefused(_("This account is switched off. Switch it on first."))
    if APIToken.objects.filter(user=user).count() >= made_max:
        raise TokenRefused(_("This person has %(number)d tokens already. Revoke one first.") % {"number": made_max})
    key = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = APIToken.objects.create(
            user=user, name=title, digest=digest_key(key), hint=key[:HINT_CHARACTERS], scopes=" ".join(kept),
            created_at=now, created_by=by.get_username()[:150], ends_at=now + timedelta(days=days),
        )  # fmt: skip
        record_deed(action=MADE, by=by, about=user, now=now, fields=[title, *kept])
    return NewToken(row=row, key=key)


def list_tokens(*, user: Any) -> list[APIToken]:
    """Return the tokens of `user`, the newest first."""
    return list(APIToken.objects.filter(user=user))


def find_token(*, user: Any, pk: int) -> APIToken | None:
    """Return a token of `user`, None without it."""
    return APIToken.objects.filter(user=user, pk=pk).first()


@transaction.atomic
def revoke_token(*, row: APIToken, by: Any, now: datetime) -> None:
    """End a token at once."""
    # A release before this one looks for keys in the old table.
    old = Token.objects.filter(user_id=row.user_id)
    old.filter(pk__in=[token.pk for token in old if digest_key(token.key) == row.digest]).delete()
    APIToken.objects.filter(pk=row.pk).delete()
    record_deed(action=REVOKED, by=by, about=row.user, now=now, fields=[row.name])


@transaction.atomic
def end_tokens(*, user: Any, by: Any, now: datetime) -> int:
    """End every token of `user`; return how many there were."""
    names = list(APIToken.objects.filter(user=user).values_list("name", flat=True))
    Token.objects.filter(user=user).delete()
    APIToken.objects.filter(user=user).delete()
    if names:
        record_deed(action=REVOKED, by=by, about=user, now=now, fields=names)
    return len(names)


def find_by_key(key: str) -> APIToken | None:
    """Return the token of a key with its owner, None where there is none, ended or not."""
    return APIToken.objects.select_related("user").filter(digest=digest_key(key)).first()


def has_ended(row: APIToken, *, now: datetime) -> bool:
    """Return whether a token counts no more."""
    return row.ends_at is not None and row.ends_at <= now


def note_use(row: APIToken, *, now: datetime) -> None:
    """Note that a token is in use, at most once in `USED_EVERY`."""
    if row.last_used_at is not None and abs(now - row.last_used_at) < USED_EVERY:
        return
    unseen = Q(last_used_at=row.last_used_at) if row.last_used_at else Q(last_used_at__isnull=True)
    try:
        APIToken.objects.filter(unseen, pk=row.pk).update(last_used_at=now)
    except OperationalError:
        # A store that can only be read still answers calls.
        return


def digest_key(key: str) -> str:
    """Return what is stored of a key: 256 random bits need no slow hash."""
    return sha256(key.encode()).hexdigest()


def move_old_tokens(*, now: datetime) -> int:
    """Move keys that a release before stored in clear, and drop the clear ones; return how many there were.

    A moved token may what it could do before and does not end.
    """
    old = list(Token.objects.select_related("user").order_by("pk"))
    for token in old:
        with transaction.atomic():
            APIToken.objects.get_or_create(digest=digest_key(token.key), defaults=_describe_old(token, now=now))
            Token.objects.filter(pk=token.pk).delete()
    return len(old)


def _describe_old(token: Token, *, now: datetime) -> dict[str, Any]:
    may_refresh = Permission.objects.filter(user=token.user, codename=_OLD_PERMISSION).exists()
    scopes = [TokenScope.READ, *([TokenScope.REFRESH] if may_refresh else []), TokenScope.METRICS]
    return {
        "user": token.user, "name": MOVED_NAME, "scopes": " ".join(scope.value for scope in scopes),
        "created_at": token.created or now, "created_by": token.user.get_username()[:150], "ends_at": None,
    }  # fmt: skip


def list_all() -> QuerySet[APIToken]:
    """Return every token with its owner, by the owner's name."""
    return APIToken.objects.select_related("user").order_by("user__username", "-pk")
