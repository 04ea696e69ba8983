"""What support keeps about players for itself: notes, and labels of the house."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

NOTE_MAX_CHARACTERS = 2_000
LABELS_MAX = 20
LABEL_MAX_CHARACTERS = 30


class LabelColour(models.TextChoices):
    """The colours of labels, each legible in both themes (`static/css/notes.css`)."""

    GREY = "grey", _("Grey")
    BLUE = "blue", _("Blue")
    GREEN = "green", _("Green")
    AMBER = "amber", _("Amber")
    RED = "red", _("Red")
    VIOLET = "violet", _("Violet")


class PlayerNote(models.Model):
    """One note on a player, as plain text.

    `revision` counts the edits, so that an edit of an older text is noticed. `plain` and `contact` are the words by
    which it is found, written with the text: what every reader sees, and the addresses and numbers in it.
    """

    login_user = models.ForeignKey("linking.LoginUser", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The name stays when the account goes.
    author_name = models.CharField(max_length=150)
    text = models.CharField(max_length=NOTE_MAX_CHARACTERS)
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    plain = models.TextField()
    contact = models.TextField()

    class Meta:
        verbose_name, verbose_name_plural = _("note"), _("notes")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="note_has_text", condition=~Q(text="")),
            models.CheckConstraint(name="note_has_an_author", condition=~Q(author_name="")),
        ]
        indexes = [
            models.Index(fields=["login_user", "-id"], name="note_by_player"),
            models.Index(fields=["written_at", "id"], name="note_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.author_name} {self.pk}"


class Label(models.Model):
    """A label of the house. `place` is one of twenty, so that there can never be more labels than that."""

    name = models.CharField(max_length=LABEL_MAX_CHARACTERS)
    # The name in lower case, by which labels are told apart and found.
    low_name = models.CharField(max_length=LABEL_MAX_CHARACTERS * 3, unique=True)
    colour = models.CharField(max_length=10, choices=LabelColour.choices)
    place = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        verbose_name, verbose_name_plural = _("label"), _("labels")
        ordering = ["low_name"]
        constraints = [
            models.CheckConstraint(name="label_has_a_name", condition=~Q(name="") & ~Q(low_name="")),
            models.CheckConstraint(
                name="label_has_one_of_twenty_places", condition=Q(place__gte=1, place__lte=LABELS_MAX)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlayerLabel(models.Model):
    """A label that a player carries."""

    login_user = models.ForeignKey("linking.LoginUser", on_delete=models.CASCADE, related_name="player_labels")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="player_labels")

    class Meta:
        verbose_name, verbose_name_plural = _("label of a player"), _("labels of players")
        constraints = [models.UniqueConstraint(name="one_label_once_a_player", fields=["login_user", "label"])]
        indexes = [models.Index(fields=["label", "login_user"], name="player_by_label")]

    def __str__(self) -> str:
        return f"{self.login_user_id} {self.label_id}"
