"""Drafts: what an administrator has entered and not saved yet. Secrets are sealed the moment they are judged good."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from linking.core.config import SecretName
from linking.core.secretbox import SealBroken
from linking.fields import key_ring
from linking.integrations.saving import Actor, SaveResult, judge_values, save_integration
from linking.integrations.settings import RULES
from linking.models import (
    DraftPurpose,
    DraftSecret,
    Integration,
    IntegrationDraft,
    draft_secret_place,
    take_fingerprint,
)

SLUG_MAX_CHARACTERS = 50
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def find_draft(
    *, owner: Any, purpose: DraftPurpose, integration: Integration | None = None, now: datetime
) -> IntegrationDraft | None:
    """Return the person's draft with its secrets, None where there is none or it is older than seven days."""
    drafts = IntegrationDraft.objects.alive(now=now).prefetch_related("secrets")
    return drafts.filter(owner=owner, purpose=purpose, integration=integration).first()


@transaction.atomic
def keep_draft(
    *,
    owner: Any,
    purpose: DraftPurpose,
    integration: Integration | None = None,
    values: Mapping[str, object],
    secrets: Mapping[str, str],
    now: datetime,
) -> IntegrationDraft:
    """Add `values` and `secrets`, which were judged good, to the person's draft, made if there is none; return it."""
    IntegrationDraft.objects.delete_stale(now=now)
    draft, _is_new = IntegrationDraft.objects.select_for_update().get_or_create(
        owner=owner, purpose=purpose, integration=integration, defaults={"touched_at": now}
    )
    draft.values, draft.touched_at = draft.values | values, now
    draft.save(update_fields=["values", "touched_at"])
    ring = key_ring()
    for name, plain in secrets.items():
        DraftSecret.objects.update_or_create(
            draft=draft,
            name=SecretName(name),
            defaults={
                "sealed": ring.seal(plain, place=draft_secret_place(draft_id=draft.pk, name=name)),
                "fingerprint": take_fingerprint(plain),
                "kept_at": now,
            },
        )
    return draft


def open_secrets(draft: IntegrationDraft) -> dict[str, str]:
    """Return the draft's secrets as entered; one that cannot be opened any more is left out."""
    opened = {}
    for secret in draft.secrets.all():
        try:
            opened[secret.name] = secret.reveal()
        except SealBroken:
            continue
    return opened


def drop_draft(*, owner: Any, purpose: DraftPurpose, integration: Integration | None = None) -> None:
    """Delete the person's draft, if there is one."""
    IntegrationDraft.objects.filter(owner=owner, purpose=purpose, integration=integration).delete()


def split_good_secrets(values: Mapping[str, str], *, allow_loopback: bool) -> dict[str, str]:
    """Return those of the typed secrets that may be kept."""
    problems, _warnings = judge_values(values=values, allow_loopback=allow_loopback)
    return {name: plain for name, plain in values.items() if name not in problems}


@transaction.atomic
def create_from_draft(
    draft: IntegrationDraft,
    *,
    slug: str,
    without: Collection[str] = (),
    actor: Actor,
    now: datetime,
    allow_loopback: bool,
) -> SaveResult:
    """Create the integration `slug` from a draft, without some keys, and delete the draft.

    Raises: BadIntegration as `save_integration` would.
    """
    values = collect_values(draft, without=without)
    saved = save_integration(slug=slug, values=values, actor=actor, now=now, allow_loopback=allow_loopback)
    draft.delete()
    return saved


def collect_values(draft: IntegrationDraft, *, without: Collection[str] = ()) -> dict[str, object]:
    """Return the draft's settings and secrets as `save_integration` takes them, without some keys."""
    settings = {key: value for key, value in draft.values.items() if key in RULES}
    return {key: value for key, value in (settings | open_secrets(draft)).items() if key not in without}


def propose_slug(name: str) -> str:
    """Return a slug for a new integration of this name that no other one has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _NO_SLUG.sub("-", plain).strip("-")[: SLUG_MAX_CHARACTERS - 4].strip("-") or "integration"
    taken = set(Integration.objects.filter(slug__istartswith=stem).values_list("slug", flat=True))
    lowered = {slug.lower() for slug in taken}
    number = next(number for number in range(1, len(lowered) + 2) if _number(stem, number) not in lowered)
    return _number(stem, number)


def _number(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"
