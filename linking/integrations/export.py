"""Settings as JSON takes them: exported without secrets, and compared before they are imported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from linking import registry
from linking.integrations.saving import ChangePlan, SettingWarning, plan_change
from linking.integrations.settings import RULES, SECRETS
from linking.models import Integration, Secret, take_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The settings of an integration by key, and the names of the secrets that have to be given again."""

    settings: Mapping[str, object]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that saving would change.

    Before and after, a setting has its value as JSON takes it, a secret its fingerprint; None is no value.
    """

    key: str
    before: object
    after: object
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What saving would change. `same_secrets` are the names of secrets that were given and are stored already."""

    is_new: bool
    differences: tuple[Difference, ...]
    same_secrets: tuple[str, ...]
    warnings: tuple[SettingWarning, ...]


def export_settings(*, slug: str) -> Export:
    """Return all settings of an integration as `save_integration` takes them, without secrets.

    A reference (`env:NAME`, `file:PATH`) is left out too: it would lead nowhere, or elsewhere, on another machine.

    Raises: NoSuchIntegration.
    """
    row = Integration.objects.filter(slug=slug).prefetch_related("secrets").first()
    if row is None:
        raise registry.NoSuchIntegration(slug)
    held = {secret.name for secret in row.secrets.all()}
    return Export(
        settings={key: _to_json(getattr(row, key)) for key in RULES},
        secrets=tuple(str(secret.name) for secret in SECRETS if secret.name in held),
    )


def compare_settings(*, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool) -> Comparison:
    """Return what `save_integration` would change; nothing is stored.

    Raises: BadIntegration as `save_integration` would.
    """
    plan = plan_change(slug=slug, values=values, now=now, allow_loopback=allow_loopback)
    given = [str(secret.name) for secret in SECRETS if secret.name in values]
    return Comparison(
        is_new=plan.is_new,
        differences=(*_list_fields(plan), *_list_secrets(plan, slug=slug)),
        same_secrets=tuple(name for name in given if name not in plan.secrets),
        warnings=plan.warnings,
    )


def _list_fields(plan: ChangePlan) -> Iterator[Difference]:
    for key, (before, after) in plan.fields.items():
        yield Difference(key=key, before=_to_json(before), after=_to_json(after))


def _list_secrets(plan: ChangePlan, *, slug: str) -> Iterator[Difference]:
    held = {row.name: row.fingerprint for row in Secret.objects.filter(integration__slug=slug)}
    for name, plain in plan.secrets.items():
        mark = None if plain is None else take_fingerprint(plain)
        yield Difference(key=str(name), before=held.get(name), after=mark, is_secret=True)


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
