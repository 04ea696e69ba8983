"""What may be kept of a person: nothing of somebody who was erased.

Whoever stores people asks `find_erased` first, in the transaction that stores them. From then on erasures wait until
that transaction ends, and a transaction that begins while somebody is erased waits for the erasure. So nobody comes
back by a pass, a token or a webhook call that was under way. The erased are known by keyed digests alone.
"""

import hmac
import logging
import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from linking.core.secretbox import SealBroken
from linking.core.text import email_key
from linking.fields import key_ring
from linking.models import ErasedMark, ErasureKey, Integration
from linking.models.erasure import ERASURE_KEY_PLACE

# The number of the lock in PostgreSQL, among those of this database: any that nobody else takes.
_LOCK = 0x7A64_4552
_EMAIL = re.compile(r"[^\s\"'\\<>()\[\]{},;:=|]{1,64}@[^\s\"'\\<>()\[\]{},;:=|]{1,190}")
_VISITOR_ID = re.compile(r"[0-9]{1,20}[.-][A-Za-z0-9]{2,100}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# More than any clipped record holds.
_WORDS_MOST = 50

logger = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a digest was made of."""

    USER = "user"
    VISITOR = "visitor"
    EMAIL = "email"


class Trace(NamedTuple):
    """A user ID, visitor ID or e-mail address in one integration, in any spelling."""

    integration_id: int
    kind: Kind
    value: str


class ErasureKeyLost(Exception):
    """The key cannot be opened: digests cannot be made or compared, and receipts cannot be signed."""


def find_erased(traces: Iterable[Trace]) -> frozenset[Trace]:
    """Return those of `traces` that lead to somebody who was erased, in the transaction that stores the others.

    Two queries where anybody was ever erased, one where nobody was. While the key cannot be opened, nobody is
    recognized; the log and a check at start say so.
    """
    hold_shared()
    wanted = {trace for trace in traces if trace.value}
    row = ErasureKey.objects.first() if wanted else None
    if row is None:
        return frozenset()
    try:
        by_digest = _make_digests(wanted, key=_open(row.sealed))
    except ErasureKeyLost:
        logger.error("The erasure key cannot be opened: people who were erased may be stored again.")
        return frozenset()
    known = ErasedMark.objects.filter(digest__any_of=sorted(by_digest)).values_list("digest", flat=True)
    return frozenset(trace for digest in known for trace in by_digest[digest])


def mark_as_well(traces: Collection[Trace], *, because: Iterable[Trace]) -> None:
    """Let `traces` lead to the same erased person as one of `because` does, in the caller's transaction."""
    known = make_digests(set(because))
    receipt = ErasedMark.objects.filter(digest__any_of=sorted(known)).order_by("pk").first()
    if receipt is not None:
        marks = [ErasedMark(digest=one, receipt_id=receipt.receipt_id) for one in sorted(make_digests(traces))]
        ErasedMark.objects.bulk_create(marks, ignore_conflicts=True)


def is_ids_only() -> bool:
    """Return whether nothing but IDs may be kept of people: no name, e-mail address, phone number or note."""
    return bool(settings.LINKING["IDS_ONLY"])


def list_words(integration_id: int, text: str) -> list[Trace]:
    """Return what in a text may be a user ID, a visitor ID or an address: for records that cannot be read."""
    patterns = ((Kind.EMAIL, _EMAIL), (Kind.VISITOR, _VISITOR_ID), (Kind.USER, _UUID))
    words = [Trace(integration_id, kind, word) for kind, pattern in patterns for word in pattern.findall(text)]
    return words[:_WORDS_MOST]


def hold_shared() -> None:
    """Wait while somebody is erased, and let erasures wait until the caller's transaction ends.

    SQLite has one writer at a time, and transactions begin as writers.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])


def hold_alone() -> None:
    """Wait until nobody stores people, and let them wait until the caller's transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def make_digests(traces: Collection[Trace], *, project_ids: Collection[str] = ()) -> set[str]:
    """Return the digests of `traces`; with `project_ids`, in these Login projects instead of their integrations' own.

    Raises: ErasureKeyLost.
    """
    key = load_key()
    if not project_ids:
        return set(_make_digests(traces, key=key))
    return {_digest(trace, project_id=project_id, key=key) for trace in traces for project_id in project_ids}


def load_key() -> bytes:
    """Return the key, made where there is none yet. Raises: ErasureKeyLost."""
    return _open(ErasureKey.ensure().sealed)


def sign(text: str) -> str:
    """Return the signature of this installation under a receipt. Raises: ErasureKeyLost."""
    return hmac.digest(load_key(), b"receipt\n" + text.encode(), sha256).hex()


def is_key_lost() -> bool:
    """Return whether there is a key that cannot be opened."""
    row = ErasureKey.objects.first()
    if row is None:
        return False
    try:
        _open(row.sealed)
    except ErasureKeyLost:
        return True
    return False


@lru_cache(maxsize=4)
def _open(sealed: str) -> bytes:
    try:
        return bytes.fromhex(key_ring().unseal(sealed, place=ERASURE_KEY_PLACE))
    except SealBroken as error:
        raise ErasureKeyLost from error


def _make_digests(traces: Iterable[Trace], *, key: bytes) -> dict[str, list[Trace]]:
    given = list(traces)
    ids = {trace.integration_id for trace in given}
    projects = dict(Integration.objects.filter(pk__in=ids).values_list("pk", "login_project_id"))
    by_digest: dict[str, list[Trace]] = {}
    for trace in given:
        digest = _digest(trace, project_id=projects.get(trace.integration_id, ""), key=key)
        by_digest.setdefault(digest, []).append(trace)
    return by_digest


def _digest(trace: Trace, *, project_id: str, key: bytes) -> str:
    # By project, so that an integration that is added later, as for the move to Messaging, knows the person as well.
    text = f"mark\n{trace.kind}\n{project_id.lower()}\n{_fold(trace)}"
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), sha256).hex()


def _fold(trace: Trace) -> str:
    if trace.kind is Kind.VISITOR:
        # The dash form of Zendesk's pages names the same visitor.
        return trace.value.strip().replace("-", ".", 1)
    return email_key(trace.value)
