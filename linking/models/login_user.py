"""A user of a Login project."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from string import ascii_uppercase
from typing import NamedTuple

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from linking.core.text import email_key
from linking.core.trust import Trust, judge_trust
from linking.models.link import VisitorLink
from linking.models.sql import bulk

_ASCII_LOW = {ord(letter): letter.lower() for letter in ascii_uppercase}
_TOKENS_ISSUED = (
    "integration_id", "user_id", "email", "name", "first_authenticated_at", "last_authenticated_at", "tokens_issued",
)  # fmt: skip
# The counts add up and the times only widen, whichever process writes first.
_ADDED_UP = {
    "first_authenticated_at": (
        "CASE WHEN kept.first_authenticated_at < excluded.first_authenticated_at "
        "THEN kept.first_authenticated_at ELSE excluded.first_authenticated_at END"
    ),
    "last_authenticated_at": (
        "CASE WHEN kept.last_authenticated_at > excluded.last_authenticated_at "
        "THEN kept.last_authenticated_at ELSE excluded.last_authenticated_at END"
    ),
    "tokens_issued": "kept.tokens_issued + excluded.tokens_issued",
}


class TokensIssued(NamedTuple):
    """So many tokens issued to one Login user between two times, and what the last one said of the user."""

    integration_id: int
    user_id: str
    email: str
    name: str
    first_at: datetime
    last_at: datetime
    number: int


class LoginUserQuerySet(models.QuerySet["LoginUser"]):
    """What is asked of many users at once."""

    def note_tokens(self, tokens: Sequence[TokensIssued], *, now: datetime) -> None:
        """Add what was issued to users, known ones or not yet known; give them in one order, so that nobody waits in
        a circle. Raises: django.db.Error.
        """
        bulk.insert(
            LoginUser,
            _TOKENS_ISSUED,
            tokens,
            same={"is_seen_in_chat": False, "created_at": now},
            unique=("integration_id", "user_id"),
            update=("email", "name"),
            merge=_ADDED_UP,
        )

    def issued(self) -> "LoginUserQuerySet":
        """Users we signed a token for."""
        return self.filter(first_authenticated_at__isnull=False)

    def with_trust(self) -> "LoginUserQuerySet":
        """Users who know when Zendesk last confirmed an open link of theirs (`confirmed_at`, None without one), and
        whether a conflict about one of their linked visitors is open (`is_disputed`).

        Meant for one user; a list would ask this of every row.
        """
        mine = VisitorLink.objects.open().filter(login_user=OuterRef("pk"))
        newest = mine.order_by("-last_confirmed_at").values("last_confirmed_at")[:1]
        return self.annotate(confirmed_at=Subquery(newest), is_disputed=Exists(mine.disputed().order_by()))

    def in_any_case(self, *, user_ids: Collection[str]) -> "LoginUserQuerySet":
        """Users whose ID is one of `user_ids` but for upper and lower case, by index; mostly themselves among them.

        The database folds, and may know ASCII only (SQLite); so both foldings are looked for, and a caller that needs
        to be exact folds what comes back.
        """
        ascii_low = {user_id.translate(_ASCII_LOW) for one in user_ids for user_id in (one, one.lower(), one.upper())}
        wanted = sorted(ascii_low | {user_id.lower() for user_id in user_ids})
        return self.alias(low_id=Lower("user_id")).filter(low_id__any_of=wanted)

    def carrying(self, *, words: Iterable[str]) -> "LoginUserQuerySet":
        """Users whose e-mail address or name is one of `words`, without regard to case."""
        wanted = sorted({word.strip().lower() for word in words} | {email_key(word) for word in words})
        return self.alias(low_email=Lower("email"), low_name=Lower("name")).filter(
            Q(low_email__any_of=wanted) | Q(low_name__any_of=wanted)
        )


class LoginUser(models.Model):
    """A Login user we signed a token for, or whose `user_id` a Zendesk visitor carries.

    `first_authenticated_at` is set once we issued a token to this user; until then the identity is only claimed.
    """

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="login_users", db_index=False
    )
    user_id = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=255, blank=True)
    first_authenticated_at = models.DateTimeField(null=True)
    last_authenticated_at = models.DateTimeField(null=True)
    tokens_issued = models.PositiveBigIntegerField(default=0)
    # Whether any visitor was ever linked to this user; keeps "signed in, not seen in Chat yet" an index scan.
    is_seen_in_chat = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LoginUserQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("player"), _("players")
        constraints = [
            models.UniqueConstraint(name="one_login_user_an_id", fields=["integration", "user_id"]),
            models.CheckConstraint(name="login_user_has_an_id", condition=~Q(user_id="")),
            models.CheckConstraint(
                name="login_user_times_go_together",
                condition=Q(first_authenticated_at__isnull=True, last_authenticated_at__isnull=True, tokens_issued=0)
                | Q(first_authenticated_at__isnull=False, last_authenticated_at__isnull=False, tokens_issued__gt=0),
            ),
        ]
        indexes = [
            models.Index(fields=["user_id"], name="login_user_by_id"),
            # Both, because SQLite without statistics would rather read all users of an integration.
            models.Index("integration", Lower("user_id"), name="login_user_by_low_id"),
            models.Index(Lower("email"), name="login_user_by_low_email"),
            models.Index(Lower("name"), name="login_user_by_low_name"),
            models.Index(
                fields=["integration", "last_authenticated_at", "id"],
                name="login_user_by_last",
                condition=Q(last_authenticated_at__isnull=False),
            ),
            models.Index(
                fields=["-last_authenticated_at", "-id"],
                name="login_user_waiting",
                condition=Q(is_seen_in_chat=False, first_authenticated_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.user_id

    @property
    def is_verified(self) -> bool:
        """Whether we ever issued a token to this user; `trust` says what that proves."""
        return self.first_authenticated_at is not None

    @property
    def trust(self) -> Trust:
        """How far one may trust that this user's visitors are this user; of one from `with_trust`.

        Proven where one of them is; disputed where one of them is.
        """
        confirmed_at: datetime | None = self.confirmed_at  # type: ignore[attr-defined]
        return judge_trust(
            is_linked=confirmed_at is not None,
            is_disputed=self.is_disputed,  # type: ignore[attr-defined]
            first_token_at=self.first_authenticated_at,
            confirmed_at=confirmed_at,
        )
