"""The words by which visitors and waiting Login users are found: a row each, written by the database itself.

`linking.models.sql.word_upkeep` makes the triggers that keep these tables, so no other code writes them. Apart from the
visitors' own table, because a visitor's times change with every chat and its words hardly ever: the costly index is
touched only when a word has changed.
"""

from django.db import models


class VisitorWords(models.Model):
    """What a visitor and the Login user it is linked to are called, lower-cased, each field between blanks.

    `plain` holds names and IDs; `contact` e-mail addresses, phone numbers (as written and as digits) and the names and
    IDs that hold one. A field of `contact` has `_` where it had blanks, so that a whole word there is a whole field.
    """

    visitor = models.OneToOneField(
        "linking.Visitor",
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="words",
        db_constraint=False,  # a trigger drops the row with its visitor
    )
    plain = models.TextField()
    contact = models.TextField()

    def __str__(self) -> str:
        return str(self.visitor_id)


class WaitingWords(models.Model):
    """The same of a Login user who got a token and was never seen in Chat; gone once the user was."""

    login_user = models.OneToOneField(
        "linking.LoginUser",
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="words",
        db_constraint=False,
    )
    plain = models.TextField()
    contact = models.TextField()

    def __str__(self) -> str:
        return str(self.login_user_id)
