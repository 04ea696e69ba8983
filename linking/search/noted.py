"""Finds players by what support noted about them: words of notes, and names of labels.

The words of a note are looked for in its own words, apart from a player's name: all of them stand in one note. What is
found is a bounded number of keys, which the lists take in beside what they find by name.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_

from django.db.models import Q

from linking.models import PlayerLabel, PlayerNote, VisitorLink
from linking.search.query import Query, QueryKind
from linking.search.text_index import SearchWords, is_indexed

# The newest notes and labels, players and visitors that a search takes in.
NOTED_MAX = 1_000
# A visitor ID leads to its record, or has Zendesk asked; a note that mentions it must not stand in the way.
_NOT_IN_NOTES = (QueryKind.EMPTY, QueryKind.VISITOR_ID)


def find_player_keys(query: Query, *, sees_contact: bool) -> list[int]:
    """Return the keys of players with such a note or label, at most `NOTED_MAX` of each, the newest first.

    Readers without `sees_contact` find no e-mail address and no phone number in notes, not even as a whole.
    """
    if query.kind in _NOT_IN_NOTES:
        return []
    return list(dict.fromkeys((*_find_by_notes(query, sees_contact=sees_contact), *_find_by_labels(query))))


def find_visitor_keys(player_keys: Sequence[int]) -> list[int]:
    """Return the keys of visitors linked to these players, at most `NOTED_MAX`."""
    if not player_keys:
        return []
    # In this order, because for another or none PostgreSQL would read links one by one until it had so many.
    links = VisitorLink.objects.open().filter(login_user__pk__any_of=player_keys).order_by("login_user_id")
    return list(links.values_list("visitor_id", flat=True)[:NOTED_MAX])


def _find_by_notes(query: Query, *, sees_contact: bool) -> list[int]:
    condition = _match_notes(query, words=SearchWords(model=PlayerNote, sees_contact=sees_contact))
    if condition is None:
        return []
    notes = PlayerNote.objects.filter(condition).order_by("-pk")
    return list(notes.values_list("login_user_id", flat=True)[:NOTED_MAX])


def _match_notes(query: Query, *, words: SearchWords) -> Q | None:
    if query.kind is QueryKind.TICKET:
        return words.match_words([query.ticket]) if is_indexed([query.ticket]) else None
    if query.kind is QueryKind.EMAIL:
        return words.match_contact(query.text) if words.sees_contact else None
    if not is_indexed(query.words):
        return None
    condition = words.match_words(query.words)
    return condition | words.match_contact(query.digits) if query.digits and words.sees_contact else condition


def _find_by_labels(query: Query) -> list[int]:
    if query.kind is not QueryKind.TEXT or not is_indexed(query.words):
        return []
    names = reduce(and_, (Q(label__low_name__contains=word.lower()) for word in query.words))
    carried = PlayerLabel.objects.filter(names).order_by("-pk")
    return list(carried.values_list("login_user_id", flat=True)[:NOTED_MAX])
