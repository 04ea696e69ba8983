"""The search box's conditions on visitors, by the index that migration 0002_search_index makes."""

from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Replace

from linking.models.visitor import Visitor

_TRIGRAM = 3
_PHONE_MARKS = (" ", "-", "(", ")", "+", ".", "/")


def containing(text: str) -> Q:
    """Return the condition that a visitor's name, e-mail, phone or one of its IDs holds `text`, in any case."""
    if len(text) >= _TRIGRAM and _has_trigram_table():
        return Q(pk__in=_trigram_rows(column="search", text=text))
    # The column is lower-cased by the database, which may know ASCII only.
    spellings = {text.lower()} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    return reduce(or_, (Q(search__contains=spelling) for spelling in sorted(spellings)))


def with_digits(digits: str) -> QuerySet[Visitor]:
    """Return the visitors whose phone number holds `digits`, however it was punctuated."""
    rows = Visitor.objects.exclude(phone="")
    if _has_trigram_table():
        return rows.filter(pk__in=_trigram_rows(column="digits", text=digits))
    phone: Any = F("phone")
    if connection.vendor == "postgresql":
        # Word for word the expression of the index that 0002_search_index makes.
        arguments = (Value(r"\D"), Value(""), Value("g"))
        phone = Func(phone, *arguments, function="regexp_replace", output_field=TextField())
    else:
        for mark in _PHONE_MARKS:
            phone = Replace(phone, Value(mark), Value(""))
    return rows.alias(digits=phone).filter(digits__contains=digits)


def _trigram_rows(*, column: str, text: str) -> RawSQL:
    # A parameter, and quoted as one phrase of FTS5's own language.
    phrase = text.replace('"', '""')
    return RawSQL(
        "SELECT rowid FROM linking_visitor_fts WHERE linking_visitor_fts MATCH %s", [f'{column} : "{phrase}"']
    )


class _Trigram:
    is_there = False


def _has_trigram_table() -> bool:
    # SQLite only, and only where its build has the trigram tokenizer; asked until it was once there.
    if connection.vendor == "sqlite" and not _Trigram.is_there:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'linking_visitor_fts'")
            _Trigram.is_there = cursor.fetchone() is not None
    return _Trigram.is_there and connection.vendor == "sqlite"
