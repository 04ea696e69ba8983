"""What belongs to one person: API tokens, preferences and saved views."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TokenScope(models.TextChoices):
    """What a program may do with an API token, if its owner may do it too."""

    READ = "read", _("Read records")
    REFRESH = "refresh", _("Have records refreshed")
    METRICS = "metrics", _("Read metrics")


class APIToken(models.Model):
    """A key with which a program calls the API as a person; only its SHA-256 digest is stored.

    `hint` is how the key begins, "" for one from before there were hints. `scopes` are words with blanks between
    them. `ends_at` is empty for a key from before keys ended. `last_used_at` is written at most once a minute.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, blank=True, default="", db_default="")
    scopes = models.CharField(_("scopes"), max_length=60)
    created_at = models.DateTimeField(_("made"))
    created_by = models.CharField(_("made by"), max_length=150)
    ends_at = models.DateTimeField(_("ends"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="api_token_may_do_something", condition=~Q(scopes="") & ~Q(name="")),
        ]

    def __str__(self) -> str:
        return str(_("API token of %(name)s") % {"name": self.user.get_username()})

    def allows(self, scope: TokenScope) -> bool:
        """Return whether the token has this scope."""
        return scope.value in self.scopes.split()


TIME_ZONE_DEFAULT = "UTC"
LIST_ROWS_DEFAULT = 50


class Preference(models.Model):
    """`time_zone` is a name of the time zone database; every time a page shows this person is in it.

    `language` is a code of `settings.LANGUAGES`; empty: pages are in the language that the browser asks for.
    `list_rows` is how many rows a page of the visitors list has.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    time_zone = models.CharField(max_length=64, default=TIME_ZONE_DEFAULT, db_default=TIME_ZONE_DEFAULT)
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    list_rows = models.PositiveSmallIntegerField(default=LIST_ROWS_DEFAULT, db_default=LIST_ROWS_DEFAULT)

    class Meta:
        constraints = [models.CheckConstraint(name="preference_names_a_zone", condition=~Q(time_zone=""))]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class Presence(models.Model):
    """When a person was last here, to ten minutes, and since when their sessions count.

    A session that began before `signed_out_at` has ended. A row is made at the first sign-in. `ended_sign_ins` lists
    the keys of sign-ins that were ended one by one, and whose sessions may still lie somewhere, with blanks between.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="presence"
    )
    last_seen_at = models.DateTimeField(null=True)
    signed_out_at = models.DateTimeField(null=True)
    ended_sign_ins = models.TextField(default="", db_default="", blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("presence"), _("presences")

    def __str__(self) -> str:
        return f"presence of {self.user_id}"


class SignIn(models.Model):
    """One sign-in of a person in a browser, for the list of one's own.

    `device` is `browser|system`, as the browser names itself, each "" where it is unknown; `address` is a network, not
    a client: `192.0.2.x`. `last_seen_at` is right to ten minutes.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    device = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("sign-in"), _("sign-ins")

    def __str__(self) -> str:
        return f"sign-in of {self.user_id}"


class SavedView(models.Model):
    """A view of the list: `query` is its query string (`?state=anonymous&seen=7`), written by the list itself.

    It is its owner's alone, or everybody's where it `is_shared`. `place` orders the private ones of a person, and the
    shared ones.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    is_shared = models.BooleanField(default=False, db_default=False)
    place = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(name="one_saved_view_a_name", fields=["owner", "name"]),
            models.CheckConstraint(name="saved_view_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
