"""The search box's conditions on visitors, waiting users and notes, by the words that are kept for them.

Whoever may not see contact data searches names and IDs in part (`plain`), and an address or a phone number only as a
whole: a whole word of `contact` is a whole field. So no answer tells a right guess of a part from a wrong one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import and_, or_

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from linking.models import PlayerNote
from linking.models.sql import word_statements
from linking.models.words import VisitorWords, WaitingWords

# A trigram's length. Fewer signs are looked for where a word begins, which is where people begin to type.
PART_AT_LEAST = 3
WORDS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWords:
    """Conditions on the rows of one kind, visitors, waiting users or notes, by the words kept for them.

    `sees_contact` tells whether the reader may see e-mail addresses and phone numbers, and so search for parts of them.
    """

    model: type[VisitorWords | WaitingWords | PlayerNote]
    sees_contact: bool

    def match_words(self, words: Sequence[str]) -> Q:
        """Return the condition that every one of `words` stands somewhere, in any order and any case.

        A word of one or two signs is looked for where words begin, a longer one anywhere.
        """
        columns = ("plain", "contact") if self.sees_contact else ("plain",)
        return self._all_of([_part(word) for word in words[:WORDS_MAX]], columns=columns)

    def match_contact(self, text: str) -> Q:
        """Return the condition that `text`, an address or the digits of a phone number, is there.

        In part for those who may see it, else as a whole.
        """
        return self._all_of([text if self.sees_contact else f" {text} "], columns=("contact",))

    def _all_of(self, parts: Sequence[str], *, columns: Sequence[str]) -> Q:
        if _has_full_text() and (long := [part for part in parts if len(part) >= PART_AT_LEAST]):
            # The index takes what it can; what is too short for it is compared with the rows that are left.
            short = [part for part in parts if len(part) < PART_AT_LEAST]
            by_index = Q(pk__in=self._full_text(long, columns=columns))
            return reduce(and_, (self._like(part, columns=columns) for part in short), by_index)
        return reduce(and_, (self._like(part, columns=columns) for part in parts))

    def _like(self, part: str, *, columns: Sequence[str]) -> Q:
        # The words of people are lower-cased by the database, which may know ASCII only.
        is_low = part.isascii() or _lowers_everything()
        spellings = {part.lower()} if is_low else {part, part.lower(), part.upper(), part.title()}
        # A note has its words in its own row.
        path = "" if self.model is PlayerNote else "words__"
        return reduce(
            or_, (Q(**{f"{path}{column}__contains": spelling}) for column in columns for spelling in sorted(spellings))
        )

    def _full_text(self, parts: Sequence[str], *, columns: Sequence[str]) -> RawSQL:
        table = word_statements.full_text(self.model._meta.db_table)  # noqa: SLF001  Django documents it
        # A parameter, and each part quoted as one phrase of FTS5's own language.
        phrases = " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)
        asked = f"{{{' '.join(columns)}}} : ({phrases})"
        return RawSQL(f"SELECT rowid FROM {table} WHERE {table} MATCH %s", [asked])  # noqa: S608, S611


def is_indexed(words: Sequence[str]) -> bool:
    """Return whether an index can find one of `words`, so that not every row has to be read."""
    return any(_is_indexed(_part(word)) for word in words[:WORDS_MAX])


def _part(word: str) -> str:
    return word if len(word) >= PART_AT_LEAST else f" {word}"


def _is_indexed(part: str) -> bool:
    if connection.vendor == "sqlite":
        return len(part) >= PART_AT_LEAST
    # pg_trgm knows letters and digits only, three in a row or fewer where a word begins or two where it ends.
    runs = "".join(sign if sign.isalnum() else " " for sign in part).split(" ")
    last = len(runs) - 1
    return any(
        len(run) >= PART_AT_LEAST or (bool(run) and place > 0) or (len(run) == PART_AT_LEAST - 1 and place < last)
        for place, run in enumerate(runs)
    )


@cache
def _lowers_everything() -> bool:
    """Return whether the database lower-cases letters beyond ASCII; asked once, it depends on how it was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(%s)", ["ÄŽЯΩ"])
        return bool(cursor.fetchone()[0] == "äžяω")


class _FullText:
    is_there = False


def _has_full_text() -> bool:
    # SQLite only, and only where its build has the trigram tokenizer; asked until it was once there.
    if connection.vendor == "sqlite" and not _FullText.is_there:
        name = word_statements.full_text(word_statements.VISITOR_WORDS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [name])
            _FullText.is_there = cursor.fetchone() is not None
    return _FullText.is_there and connection.vendor == "sqlite"
