"""The list of all that is sealed. A test compares it with the tables, so that no new column is left out."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from linking.models import (
    AlarmSettings,
    DraftSecret,
    ErasureKey,
    FingerprintKey,
    Secret,
    SupportToken,
    ZendeskConnection,
)
from linking.models.alarm import WEBHOOK_PLACE
from linking.models.erasure import ERASURE_KEY_PLACE
from linking.models.fingerprint import FINGERPRINT_PLACE
from linking.models.people.factor import FACTOR_PLACE
from linking.models.sync.connection import refresh_place
from linking.models.sync.support import support_token_place

Path = tuple[str | int, ...]
# The values of a second factor that are secret. A passkey has none: what is stored of it is public.
FACTOR_SECRETS = ("secret", "seed")
FACTOR_LISTS = ("migrated_codes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """One value of a row: `text` as stored, the place it is sealed for, and its path inside a JSON column."""

    text: str
    place: str
    path: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """One column that holds sealed values. `list_parts` returns those of a row, none for an empty column."""

    name: str
    label: Any
    model: type[Model]
    column: str
    list_parts: Callable[[Any], list[SealedPart]]

    def list_rows(self, *, after: int, limit: int) -> list[Any]:
        """Return the next rows by primary key."""
        return list(self.model._default_manager.filter(pk__gt=after).order_by("pk")[:limit])  # noqa: SLF001 - public API

    def replace(self, row: Any, parts: Mapping[Path, str]) -> bool:
        """Store new `parts` of `row` unless its column changed since it was read; return whether they are stored."""
        before = getattr(row, self.column)
        after = _rebuild(before, parts)
        same = self.model._default_manager.filter(**{"pk": row.pk, self.column: before})  # noqa: SLF001 - public API
        return bool(same.update(**{self.column: after}))


def walk_rows(column: SealedColumn, *, batch: int) -> Iterator[Any]:
    """Yield every row of a column by primary key, read in batches."""
    after = 0
    while rows := column.list_rows(after=after, limit=batch):
        yield from rows
        after = rows[-1].pk


def _rebuild(value: Any, parts: Mapping[Path, str]) -> Any:
    if () in parts:
        return parts[()]
    rebuilt = copy.deepcopy(value)
    for (*parents, last), text in parts.items():
        inner = rebuilt
        for key in parents:
            inner = inner[key]
        inner[last] = text
    return rebuilt


def _list_text(column: str, build_place: Callable[[Any], str]) -> Callable[[Any], list[SealedPart]]:
    def list_parts(row: Any) -> list[SealedPart]:
        text = getattr(row, column)
        return [SealedPart(text=text, place=build_place(row))] if text else []

    return list_parts


def _list_factor_parts(row: Any) -> list[SealedPart]:
    data = row.data
    paths: list[Path] = [(name,) for name in FACTOR_SECRETS if data.get(name)]
    paths += [(name, number) for name in FACTOR_LISTS for number in range(len(data.get(name) or ()))]
    return [SealedPart(text=_find(data, path), place=FACTOR_PLACE, path=path) for path in paths]


def _find(data: Any, path: Path) -> str:
    for key in path:
        data = data[key]
    return str(data)


COLUMNS = (
    SealedColumn(
        name="integration_secrets",
        label=_("Secrets of integrations"),
        model=Secret,
        column="sealed",
        list_parts=_list_text("sealed", lambda row: row.place),
    ),
    SealedColumn(
        name="draft_secrets",
        label=_("Secrets of drafts"),
        model=DraftSecret,
        column="sealed",
        list_parts=_list_text("sealed", lambda row: row.place),
    ),
    SealedColumn(
        name="refresh_tokens",
        label=_("Refresh tokens of Zendesk connections"),
        model=ZendeskConnection,
        column="refresh_sealed",
        list_parts=_list_text("refresh_sealed", lambda row: refresh_place(integration_id=row.integration_id)),
    ),
    SealedColumn(
        name="support_tokens",
        label=_("Access tokens of Zendesk Support"),
        model=SupportToken,
        column="sealed",
        list_parts=_list_text("sealed", lambda row: support_token_place(integration_id=row.integration_id)),
    ),
    SealedColumn(
        name="alarm_webhook",
        label=_("Address of the alarm webhook"),
        model=AlarmSettings,
        column="webhook_sealed",
        list_parts=_list_text("webhook_sealed", lambda _row: WEBHOOK_PLACE),
    ),
    SealedColumn(
        name="second_factors",
        label=_("Second factors"),
        model=Authenticator,
        column="data",
        list_parts=_list_factor_parts,
    ),
    SealedColumn(
        name="fingerprint_key",
        label=_("Key of fingerprints"),
        model=FingerprintKey,
        column="sealed",
        list_parts=_list_text("sealed", lambda _row: FINGERPRINT_PLACE),
    ),
    SealedColumn(
        name="erasure_key",
        label=_("Key of erasures"),
        model=ErasureKey,
        column="sealed",
        list_parts=_list_text("sealed", lambda _row: ERASURE_KEY_PLACE),
    ),
)
