"""Keeps the settings of integrations: one way in for the command line and the admin alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from linking import registry
from linking.core.config import LoginAlgorithm, MissingEmail, SecretName, ZendeskProduct
from linking.core.integration_rules import (
    RESERVED_ENDINGS,
    RULES,
    BadValue,
    Surroundings,
    secret_flaw,
    secret_warning,
    slug_value,
)
from linking.core.secretbox import SealBroken
from linking.models import AuditEvent, ConfigVersion, Integration, LoginUser, Secret, Visitor, keep_secret

SECRET_NAMES = tuple(str(name) for name in SecretName)
KEYS = (*RULES, *SECRET_NAMES)
REMOVE_BATCH = 500
_REQUIRED = ("name", "login_project_id")
_ACCOUNT = ("zendesk_subdomain", "zendesk_api_url")


class BadIntegration(ValueError):
    """Values that cannot be stored: `problems` has a sentence by key, without any secret."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key} {sentence}" for key, sentence in problems.items()))
        self.problems = dict(problems)


class NoSuchIntegration(LookupError):
    """No integration has this slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does it: `name` for the record, `user` where it is a person of ours."""

    name: str
    user: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was stored: `changed` names the keys; `warnings` are sentences about what is allowed but unwise."""

    integration: Integration
    is_new: bool
    changed: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(kw_only=True)
class _Draft:
    """Values on their way in: `secrets` as given (None: to be removed), `opened` as they will be used."""

    fields: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def save_integration(
    *, slug: str, values: Mapping[str, object], actor: Actor, now: datetime, allow_loopback: bool
) -> Saved:
    """Create or update the integration `slug` with `values` by key; what is left out stays as it is.

    A secret may be a value, `env:NAME` or `file:PATH` (read to be checked, stored as given), or None to remove it.
    Everything is checked before anything is stored, in one transaction; the registry follows on commit.

    Raises: BadIntegration with all problems at once.
    """
    draft = _read(slug=slug, values=values, allow_loopback=allow_loopback)
    try:
        with transaction.atomic():
            row = Integration.objects.select_for_update().filter(slug=slug).first()
            is_new = row is None
            row = row or Integration(slug=slug)
            _check_whole(row=row, draft=draft, is_new=is_new, now=now)
            if draft.problems:
                raise BadIntegration(draft.problems)
            changed = _store(row=row, draft=draft, is_new=is_new, actor=actor, now=now)
    except IntegrityError as error:
        raise BadIntegration({"slug": "was taken by somebody else at the same moment: try again."}) from error
    return Saved(integration=row, is_new=is_new, changed=changed, warnings=tuple(draft.warnings))


def judge_integration(
    *, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool
) -> tuple[str, ...]:
    """Return the warnings `save_integration` would give, storing nothing.

    Raises: BadIntegration as `save_integration` would.
    """
    draft = _read(slug=slug, values=values, allow_loopback=allow_loopback)
    row = Integration.objects.filter(slug=slug).first()
    _check_whole(row=row or Integration(slug=slug), draft=draft, is_new=row is None, now=now)
    if draft.problems:
        raise BadIntegration(draft.problems)
    return tuple(draft.warnings)


def remove_integration(*, slug: str, actor: Actor, now: datetime) -> None:
    """Delete the integration and everything stored for it, in batches; one that is interrupted can be run again.

    Raises: NoSuchIntegration.
    """
    row = Integration.objects.filter(slug=slug).first()
    if row is None:
        raise NoSuchIntegration(slug)
    Integration.objects.filter(pk=row.pk).update(enabled=False, sync_enabled=False)
    ConfigVersion.bump()
    registry.refresh()
    rows: tuple[QuerySet[Any], ...] = (
        Visitor.objects.filter(integration=row),
        LoginUser.objects.filter(integration=row),
    )
    for of_one in rows:
        while keys := list(of_one.order_by().values_list("pk", flat=True)[:REMOVE_BATCH]):
            of_one.filter(pk__in=keys).delete()
    with transaction.atomic():
        row.delete()
        _record(actor=actor, action="integration.removed", slug=slug, fields=(), now=now)
        _announce()


def _read(*, slug: str, values: Mapping[str, object], allow_loopback: bool) -> _Draft:
    draft = _Draft()
    around = Surroundings(allow_loopback=allow_loopback)
    try:
        slug_value(slug)
    except BadValue as error:
        draft.problems["slug"] = str(error)
    for key, value in values.items():
        if key in SECRET_NAMES:
            _read_secret(name=SecretName(key), value=value, draft=draft)
        elif key in RULES:
            try:
                draft.fields[key] = RULES[key](value, around)
            except BadValue as error:
                draft.problems[key] = str(error)
        else:
            draft.problems[_shown_key(key)] = f"is not a setting. Settings are: {', '.join(KEYS)}."
    return draft


def _shown_key(key: object) -> str:
    """Return a key from outside as it can be shown in a message: printable and short."""
    return ascii(str(key)[:60])[1:-1]


def _read_secret(*, name: SecretName, value: object, draft: _Draft) -> None:
    if value is None:
        draft.secrets[name] = None
        return
    if not isinstance(value, str):
        draft.problems[name] = "must be text, env:NAME or file:PATH, or null to remove it."
        return
    try:
        opened = registry.resolve(value)
    except (registry.SecretUnavailable, ValueError) as error:
        draft.problems[name] = f"cannot be read: {error}"
        return
    if flaw := secret_flaw(opened, name=name):
        draft.problems[name] = flaw
        return
    draft.secrets[name], draft.opened[name] = value, opened
    if warning := secret_warning(opened, name=name):
        draft.warnings.append(warning)


def _check_whole(*, row: Integration, draft: _Draft, is_new: bool, now: datetime) -> None:
    """Judge the integration as it would be once `draft` is in it."""
    after = {key: draft.fields.get(key, getattr(row, key)) for key in RULES}
    if is_new:
        is_hs256 = after["login_algorithm"] != LoginAlgorithm.RS256
        for key in (*_REQUIRED, *([str(SecretName.LOGIN_SECRET_KEY)] if is_hs256 else [])):
            if not draft.fields.get(key) and not draft.secrets.get(key):
                draft.problems.setdefault(key, "is needed for a new integration.")
    if after["zendesk_product"] == ZendeskProduct.MESSAGING and not after["zendesk_key_id"]:
        draft.problems.setdefault("zendesk_key_id", "is needed for messaging: it is the signing key's ID.")
    _check_two_secrets(row=row, draft=draft)
    if after["missing_email"] == MissingEmail.PLACEHOLDER and not after["placeholder_domain"].endswith(
        RESERVED_ENDINGS
    ):
        draft.warnings.append("placeholder_domain is no reserved domain: mail to a placeholder could reach a stranger.")
    if not after["allowed_origins"]:
        draft.warnings.append("allowed_origins is empty: no page of another origin can ask for a token.")
    if after["sync_start"] is not None and after["sync_start"] > now:
        draft.warnings.append("sync_start is in the future: nothing before it will be read.")
    if not is_new and any(key in draft.fields and draft.fields[key] != getattr(row, key) for key in _ACCOUNT):
        draft.warnings.append(f"The Zendesk account's address changed: run sync_visitors {row.slug} --full once.")


def _check_two_secrets(*, row: Integration, draft: _Draft) -> None:
    """Refuse one value in both boxes: whoever verifies Login JWTs could then sign Zendesk JWTs and the other way."""
    pair = {name: draft.opened.get(name) for name in (SecretName.LOGIN_SECRET_KEY, SecretName.ZENDESK_SHARED_SECRET)}
    given = [name for name in pair if name in draft.opened]
    for name in pair:
        if name not in draft.secrets and row.pk:
            pair[name] = _stored(row=row, name=name)
    if given and pair[SecretName.LOGIN_SECRET_KEY] == pair[SecretName.ZENDESK_SHARED_SECRET]:
        draft.problems[given[-1]] = "equals the other secret: the Login project and Zendesk must not share one."


def _stored(*, row: Integration, name: SecretName) -> str | None:
    # One that cannot be opened cannot be compared; readiness speaks of it.
    secret = Secret.objects.filter(integration=row, name=name).first()
    try:
        return registry.resolve(secret.reveal()) if secret else None
    except (SealBroken, registry.SecretUnavailable):
        return None


def _store(*, row: Integration, draft: _Draft, is_new: bool, actor: Actor, now: datetime) -> tuple[str, ...]:
    changed = [key for key, value in draft.fields.items() if is_new or getattr(row, key) != value]
    for key in changed:
        setattr(row, key, draft.fields[key])
    if row.blocked_reason:
        # Whoever saves has looked at it: the sync may try again at once.
        row.blocked_reason, row.next_sync_at = "", None
    # Only what is ours to write: the cursor and its like belong to the sync.
    row.save(update_fields=None if is_new else [*changed, "blocked_reason", "next_sync_at", "updated_at"])
    changed += [
        name for name, plain in draft.secrets.items() if _store_secret(row, SecretName(name), plain, actor, now)
    ]
    if is_new or changed:
        action = "integration.created" if is_new else "integration.changed"
        _record(actor=actor, action=action, slug=row.slug, fields=changed, now=now)
    _announce()
    return tuple(changed)


def _store_secret(row: Integration, name: SecretName, plain: str | None, actor: Actor, now: datetime) -> bool:
    secret = Secret.objects.filter(integration=row, name=name).first()
    if plain is None:
        return bool(secret and secret.delete()[0])
    try:
        if secret is not None and secret.reveal() == plain:
            return False
    except SealBroken:
        pass  # what cannot be opened any more is replaced
    keep_secret(integration=row, name=name, plain=plain, actor=actor.name, now=now)
    return True


def _record(*, actor: Actor, action: str, slug: str, fields: Any, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now, actor=actor.name, actor_user=actor.user, action=action, target=slug, fields=list(fields)
    )


def _announce() -> None:
    ConfigVersion.bump()
    # The version tells the other processes; this one need not wait for its next look.
    transaction.on_commit(registry.refresh, robust=True)
