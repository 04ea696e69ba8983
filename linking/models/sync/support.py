"""What the sync keeps for accounts on Messaging: its place in Support's feed, whom it looks for, and its token."""

from django.db import models
from django.db.models import Q

from linking.core.secretbox import SealBroken
from linking.fields import SealedTextField, key_ring


class UserFeed(models.Model):
    """Where the sync stands in Zendesk Support's feed of changed users; a row appears with the first pass.

    `cursor` leads on from the last page stored, "" before the first. `newest_at` is the newest time of a change that
    any page named, whoever changed: from there the feed is read again when Zendesk does not take the cursor any more.
    `awaited_until`: users who signed in up to then were put among those looked for.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="user_feed")
    cursor = models.TextField(blank=True, db_default="", default="")
    newest_at = models.DateTimeField(null=True)
    awaited_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"feed {self.integration_id}"


class AwaitedUser(models.Model):
    """A Login user who got a token and is not linked yet; Zendesk Support is asked for the user's ID a few times.

    `token_at` is when the token was issued, `asks` how often Zendesk was asked since, `due_at` when it is asked next.
    The row goes when the user is linked, and after the last question.
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="awaited_users")
    login_user = models.OneToOneField("linking.LoginUser", on_delete=models.CASCADE, related_name="awaited")
    token_at = models.DateTimeField()
    asks = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["integration", "due_at", "id"], name="awaited_by_time")]

    def __str__(self) -> str:
        return f"awaited {self.login_user_id}"


class ChangedUser(models.Model):
    """The bare ID of a Support user that Zendesk's webhook named; the next pass reads the user and the row goes."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="changed_users")
    user_id = models.CharField(max_length=20)
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_changed_user_an_id", fields=["integration", "user_id"]),
            models.CheckConstraint(name="changed_user_has_an_id", condition=~Q(user_id="")),
        ]

    def __str__(self) -> str:
        return self.user_id


class SupportToken(models.Model):
    """The access token that Zendesk Support gave an integration's OAuth client, sealed, for every process.

    `client_mark` is the fingerprint of client and address: a token of another client is of no use. `renew_at` is when
    the next one is fetched, `claimed_until` is set while somebody fetches it.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="support_token")
    client_mark = models.CharField(max_length=8, blank=True, db_default="", default="")
    sealed = SealedTextField(blank=True, db_default="", default="")
    fetched_at = models.DateTimeField(null=True)
    renew_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="support_token_says_when",
                condition=Q(sealed="") | Q(fetched_at__isnull=False, renew_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"token {self.integration_id}"

    def reveal(self) -> str:
        """Return the token, "" where there is none or it cannot be opened any more."""
        if not self.sealed:
            return ""
        try:
            return key_ring().unseal(self.sealed, place=support_token_place(integration_id=self.integration_id))
        except SealBroken:
            return ""


def support_token_place(*, integration_id: int) -> str:
    """Return the place a token is sealed for."""
    return f"support|{integration_id}|access_token"
