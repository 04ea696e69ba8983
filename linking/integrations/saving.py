"""Stores the settings of integrations, for the command line and the admin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from linking import registry
from linking.clients.vendor_urls import AUTO, RETIRED_HOST, SUPPORT_ENDING, current_address, is_retired
from linking.core.config import LoginAlgorithm, MissingEmail, Mode, SecretName, ZendeskProduct
from linking.integrations.references import find_reference_flaw
from linking.integrations.rules import RESERVED_ENDINGS, BadValue, RuleContext, find_format_flaw, read_slug
from linking.integrations.secret_lint import lint_secret
from linking.integrations.secrets import is_stored, read_secret, resolve_secret, settle_zendesk_switch, store_secret
from linking.integrations.settings import KEYS, RULES, SECRET_NAMES
from linking.models import AuditEvent, ConfigVersion, Integration, LoginUser, Visitor
from linking.sync import schedule

REMOVE_BATCH = 500
_REQUIRED = ("name", "login_project_id")
_LOGIN_SECRETS = (SecretName.LOGIN_SECRET_KEY, SecretName.LOGIN_SECRET_KEY_PREVIOUS)
_ZENDESK_SECRETS = (SecretName.ZENDESK_SHARED_SECRET, SecretName.ZENDESK_SHARED_SECRET_NEXT)
_ACCOUNT = ("zendesk_subdomain", "zendesk_api_url")


class BadIntegration(ValueError):
    """Values cannot be stored: `problems` has a sentence by key, without secrets."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {sentence}" for key, sentence in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: `name` for the audit, `user` if it is a person with an account."""

    name: str
    user: Any = None

    @classmethod
    def from_user(cls, user: Any) -> "Actor":
        """Return a signed-in person."""
        return cls(name=user.get_username(), user=user)


@dataclass(frozen=True, slots=True)
class SettingWarning:
    """A sentence about a setting, by its `key`, that is possible but unwise."""

    key: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """The stored integration; `changed` are the keys that changed."""

    integration: Integration
    is_new: bool
    changed: tuple[str, ...]
    warnings: tuple[SettingWarning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """What saving would change.

    `fields` have the value before and after by key, "before" being None for a new integration. `secrets` have the
    secret as given by name, None where it would be removed. Values that would stay as they are are in neither.
    """

    is_new: bool
    fields: Mapping[str, tuple[Any, Any]]
    secrets: Mapping[str, str | None]
    warnings: tuple[SettingWarning, ...]


@dataclass(kw_only=True)
class _Draft:
    """Values to be stored: `secrets` as given (None removes one), `opened` as they are used."""

    fields: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[SettingWarning] = field(default_factory=list)

    def warn(self, key: str, sentence: str) -> None:
        """Add a warning."""
        self.warnings.append(SettingWarning(key, sentence))


def save_integration(
    *, slug: str, values: Mapping[str, object], actor: Actor, now: datetime, allow_loopback: bool
) -> SaveResult:
    """Create or update the integration `slug` with `values` by key; other settings stay unchanged.

    A secret may be a value, `env:NAME` or `file:PATH` (read to be checked, stored as given), or None to remove it.
    All values are checked before one is stored, in one transaction. The registry follows on commit.

    Raises: BadIntegration with all problems at once.
    """
    draft = _read(slug=slug, values=values, allow_loopback=allow_loopback)
    try:
        with transaction.atomic():
            row = Integration.objects.select_for_update().filter(slug=slug).first()
            is_new = row is None
            row = row or Integration(slug=slug)
            if not is_new:
                settle_zendesk_switch(row=row, actor=actor.name, now=now)
            _check_whole(row=row, draft=draft, is_new=is_new, now=now)
            if draft.problems:
                raise BadIntegration(draft.problems)
            changed = _store(row=row, draft=draft, is_new=is_new, actor=actor, now=now)
    except IntegrityError as error:
        taken = _("Someone else just created an integration with this slug. Try again.")
        raise BadIntegration({"slug": taken}) from error
    return SaveResult(integration=row, is_new=is_new, changed=changed, warnings=tuple(draft.warnings))


def judge_integration(
    *, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool
) -> tuple[SettingWarning, ...]:
    """Return the warnings that `save_integration` would give, and store nothing.

    Raises: BadIntegration as `save_integration` would.
    """
    return plan_change(slug=slug, values=values, now=now, allow_loopback=allow_loopback).warnings


def plan_change(*, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool) -> ChangePlan:
    """Return what `save_integration` would change, and store nothing.

    Raises: BadIntegration as `save_integration` would.
    """
    draft = _read(slug=slug, values=values, allow_loopback=allow_loopback)
    stored = Integration.objects.filter(slug=slug).first()
    row, is_new = stored or Integration(slug=slug), stored is None
    _check_whole(row=row, draft=draft, is_new=is_new, now=now)
    if draft.problems:
        raise BadIntegration(draft.problems)
    return ChangePlan(
        is_new=is_new,
        fields={
            key: (None if is_new else getattr(row, key), value)
            for key, value in draft.fields.items()
            if is_new or getattr(row, key) != value
        },
        secrets={
            name: plain
            for name, plain in draft.secrets.items()
            if not is_stored(row=row, name=SecretName(name), plain=plain)
        },
        warnings=tuple(draft.warnings),
    )


def judge_values(*, values: Mapping[str, object], allow_loopback: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return a problem and a warning by key for values that are judged alone, before the whole is known."""
    draft = _Draft()
    _read_values(draft, values=values, allow_loopback=allow_loopback)
    return draft.problems, {warning.key: warning.sentence for warning in reversed(draft.warnings)}


def remove_integration(*, slug: str, actor: Actor, now: datetime) -> None:
    """Delete the integration and all its data, in batches; after an interruption it can be called again.

    Raises: NoSuchIntegration.
    """
    row = Integration.objects.filter(slug=slug).first()
    if row is None:
        raise registry.NoSuchIntegration(slug)
    Integration.objects.filter(pk=row.pk).update(enabled=False, sync_enabled=False)
    ConfigVersion.bump()
    registry.refresh()
    # A running sync would store rows for a deleted integration.
    schedule.stop_running(integration_id=row.pk)
    rows: tuple[QuerySet[Any], ...] = (
        Visitor.objects.filter(integration=row),
        LoginUser.objects.filter(integration=row),
    )
    for table in rows:
        while keys := list(table.order_by().values_list("pk", flat=True)[:REMOVE_BATCH]):
            table.filter(pk__in=keys).delete()
    with transaction.atomic():
        row.delete()
        _record(actor=actor, action="integration.removed", slug=slug, fields=(), now=now)
        bump_config_version()


def _read(*, slug: str, values: Mapping[str, object], allow_loopback: bool) -> _Draft:
    draft = _Draft()
    try:
        read_slug(slug)
    except BadValue as error:
        draft.problems["slug"] = error.sentence.to_text(_)
    _read_values(draft, values=values, allow_loopback=allow_loopback)
    return draft


def _read_values(draft: _Draft, *, values: Mapping[str, object], allow_loopback: bool) -> None:
    around = RuleContext(allow_loopback=allow_loopback)
    for key, value in values.items():
        if key in SECRET_NAMES:
            _read_secret(name=SecretName(key), value=value, draft=draft)
        elif key in RULES:
            try:
                draft.fields[key] = RULES[key](value, around)
            except BadValue as error:
                draft.problems[key] = error.sentence.to_text(_)
        else:
            sentence = _("This is not a setting. The settings are: %(keys)s.")
            draft.problems[_format_key(key)] = sentence % {"keys": ", ".join(KEYS)}


def _format_key(key: object) -> str:
    """Return a key from outside in a form for messages: printable and short."""
    return ascii(str(key)[:60])[1:-1]


def _read_secret(*, name: SecretName, value: object, draft: _Draft) -> None:
    if value is None:
        draft.secrets[name] = None
        return
    if not isinstance(value, str):
        draft.problems[name] = _("Enter a secret as text, env:NAME or file:PATH, or null to remove it.")
        return
    if flaw_of_place := find_reference_flaw(value):
        draft.problems[name] = flaw_of_place
        return
    try:
        opened = registry.resolve(value)
    except (registry.SecretUnavailable, ValueError) as error:
        draft.problems[name] = _("The secret cannot be read. %(why)s") % {"why": error}
        return
    if flaw := find_format_flaw(opened, name=name):
        draft.problems[name] = flaw.to_text(_)
        return
    draft.secrets[name], draft.opened[name] = value, opened
    for sentence in lint_secret(opened, name=name):
        draft.warn(name, sentence.to_text(_))
    if unshared := registry.find_unshared(value):
        draft.warn(name, unshared)


def _check_whole(*, row: Integration, draft: _Draft, is_new: bool, now: datetime) -> None:
    """Judge the integration as it would be with `draft`."""
    after = {key: draft.fields.get(key, getattr(row, key)) for key in RULES}
    if is_new:
        is_hs256 = after["login_algorithm"] != LoginAlgorithm.RS256
        for key in (*_REQUIRED, *([str(SecretName.LOGIN_SECRET_KEY)] if is_hs256 else [])):
            if not draft.fields.get(key) and not draft.secrets.get(key):
                draft.problems.setdefault(key, _("A new integration needs this setting."))
    if after["zendesk_product"] == ZendeskProduct.MESSAGING and not after["zendesk_key_id"]:
        draft.problems.setdefault("zendesk_key_id", _("Messaging needs this setting: the ID of the signing key."))
    _settle_address(draft=draft, after=after)
    _check_app(draft=draft, after=after)
    _keep_previous(row=row, draft=draft, now=now)
    _check_secrets_apart(row=row, draft=draft)
    _check_rotation(row=row, draft=draft, after=after, now=now)
    _warn_of_policies(draft=draft, after=after)
    if after["sync_start"] is not None and after["sync_start"] > now:
        draft.warn("sync_start", _("This is in the future. Older chats are not read."))
    if not is_new and any(key in draft.fields and draft.fields[key] != getattr(row, key) for key in _ACCOUNT):
        sentence = _("The address of the Zendesk account changed. Run once: sync_visitors %(slug)s --full")
        draft.warn("zendesk_subdomain", sentence % {"slug": row.slug})


def _settle_address(*, draft: _Draft, after: Mapping[str, Any]) -> None:
    """Replace the retired address, which older set-ups still contain, and warn."""
    key, written, subdomain = "zendesk_api_url", after["zendesk_api_url"], after["zendesk_subdomain"]
    if written == AUTO and not subdomain:
        draft.problems.setdefault(key, _("“auto” needs zendesk_subdomain."))
    if after["zendesk_product"] == ZendeskProduct.MESSAGING:
        _check_support_address(draft=draft, written=written)
        return
    address = current_address(written, subdomain=subdomain)
    if address != written:
        draft.fields[key] = address
        sentence = _("%(retired)s is retired, so %(address)s was stored instead.")
        draft.warn(key, sentence % {"retired": RETIRED_HOST, "address": address})
    elif is_retired(written):
        sentence = _("%(retired)s is retired. Set zendesk_subdomain and leave this empty.")
        draft.warn(key, sentence % {"retired": RETIRED_HOST})


def _check_support_address(*, draft: _Draft, written: str) -> None:
    if written == AUTO:
        draft.problems.setdefault("zendesk_api_url", _("“auto” is not possible for Messaging. Leave this empty."))
    elif written and not written.endswith(SUPPORT_ENDING):
        sentence = _("For Messaging the address must end with %(ending)s.")
        draft.problems.setdefault("zendesk_api_url", sentence % {"ending": SUPPORT_ENDING})


def _check_app(*, draft: _Draft, after: Mapping[str, Any]) -> None:
    """Refuse an installation in another account, and warn of half a set-up: a start needs the key and the address."""
    key, audience, subdomain = (
        after[name] for name in ("zendesk_app_public_key", "zendesk_app_audience", "zendesk_subdomain")
    )
    if audience and not audience.startswith(f"https://{subdomain}.zendesk.com/"):
        sentence = _("The installation is in another account than zendesk_subdomain says.")
        draft.problems.setdefault("zendesk_app_audience", sentence)
    if audience and not key:
        draft.warn("zendesk_app_public_key", _("The panel starts when this is set too."))
    if key and not audience:
        draft.warn("zendesk_app_audience", _("The panel starts when this is set too."))


def _warn_of_policies(*, draft: _Draft, after: Mapping[str, Any]) -> None:
    if after["missing_email"] == MissingEmail.PLACEHOLDER and not after["placeholder_domain"].endswith(
        RESERVED_ENDINGS
    ):
        sentence = _("This is not a reserved domain, so mail to a placeholder address could reach a stranger.")
        draft.warn("placeholder_domain", sentence)
    if not after["allowed_origins"]:
        draft.warn("allowed_origins", _("This is empty, so no page of another origin can request a token."))
    if after["mode"] == Mode.OBSERVE and after["login_algorithm"] == LoginAlgorithm.RS256:
        draft.warn("mode", _("Observe has no effect with RS256, which the sample service did not support."))
    if after["claim_map"] and after["zendesk_product"] != ZendeskProduct.MESSAGING:
        draft.warn("claim_map", _("Further claims are for Messaging only. A Chat token takes none."))


def _check_rotation(*, row: Integration, draft: _Draft, after: Mapping[str, Any], now: datetime) -> None:
    previous, next_secret = (
        draft.opened.get(name) or (name not in draft.secrets and resolve_secret(row=row, name=name))
        for name in (SecretName.LOGIN_SECRET_KEY_PREVIOUS, SecretName.ZENDESK_SHARED_SECRET_NEXT)
    )
    until, switch = after["previous_login_secret_until"], after["zendesk_secret_switch_at"]
    if previous and until is None:
        draft.problems.setdefault("previous_login_secret_until", _("login_secret_key_previous needs this setting."))
    if until is not None and until > now and not previous:
        draft.warn("previous_login_secret_until", _("This is set, but there is no previous key to accept."))
    if switch is not None and switch > now:
        if not next_secret:
            draft.problems.setdefault("zendesk_secret_switch_at", _("The switch needs zendesk_shared_secret_next."))
        sentence = _(
            "At the switch, visitors can drop for about five minutes, because Zendesk knows one secret at a time. "
            "Choose a quiet time."
        )
        draft.warn("zendesk_secret_switch_at", sentence)
    elif next_secret and switch is None:
        draft.warn("zendesk_shared_secret_next", _("This is not used yet. Set zendesk_secret_switch_at."))
    signing = resolve_secret(row=row, name=SecretName.ZENDESK_SHARED_SECRET)
    if signing and draft.opened.get(SecretName.ZENDESK_SHARED_SECRET, signing) != signing:
        sentence = _(
            "With a new secret, visitors can drop for about five minutes, because Zendesk knows one secret at a time. "
            "Choose a quiet time."
        )
        draft.warn("zendesk_shared_secret", sentence)


def _check_secrets_apart(*, row: Integration, draft: _Draft) -> None:
    """Refuse the same value on both sides: the side that verifies Login JWTs could then sign Zendesk JWTs."""
    values = {
        name: draft.opened.get(name) if name in draft.secrets else resolve_secret(row=row, name=name)
        for name in (*_LOGIN_SECRETS, *_ZENDESK_SECRETS)
    }
    shared = {values[name] for name in _LOGIN_SECRETS} & {values[name] for name in _ZENDESK_SECRETS} - {None}
    for name in draft.opened:
        if name in values and values[SecretName(name)] in shared:
            draft.problems[name] = _("The Login project and Zendesk have the same secret. Each needs its own.")


def _keep_previous(*, row: Integration, draft: _Draft, now: datetime) -> None:
    """Keep the replaced Login secret as the previous one, if a time for it is set."""
    until = draft.fields.get("previous_login_secret_until")
    name, previous = SecretName.LOGIN_SECRET_KEY, SecretName.LOGIN_SECRET_KEY_PREVIOUS
    if not draft.opened.get(name) or previous in draft.secrets or until is None or until <= now:
        return
    stored, value = read_secret(row=row, name=name), resolve_secret(row=row, name=name)
    if stored is not None and value is not None and value != draft.opened[name]:
        draft.secrets[previous], draft.opened[previous] = stored, value


def _store(*, row: Integration, draft: _Draft, is_new: bool, actor: Actor, now: datetime) -> tuple[str, ...]:
    changed = [key for key, value in draft.fields.items() if is_new or getattr(row, key) != value]
    for key in changed:
        setattr(row, key, draft.fields[key])
    if row.blocked_reason:
        # The person who saves has looked at the problem, so the sync may try again at once.
        row.blocked_reason, row.next_sync_at = "", None
    # The cursor and similar fields belong to the sync.
    row.save(update_fields=None if is_new else [*changed, "blocked_reason", "next_sync_at", "updated_at"])
    changed += [
        name
        for name, plain in draft.secrets.items()
        if store_secret(row=row, name=SecretName(name), plain=plain, actor=actor.name, now=now)
    ]
    if is_new or changed:
        action = "integration.created" if is_new else "integration.changed"
        _record(actor=actor, action=action, slug=row.slug, fields=changed, now=now)
    bump_config_version()
    return tuple(changed)


def _record(*, actor: Actor, action: str, slug: str, fields: Any, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now, actor=actor.name, actor_user=actor.user, action=action, target=slug, fields=list(fields)
    )


def bump_config_version() -> None:
    """Let every process reload the settings, in the caller's transaction."""
    ConfigVersion.bump()
    # Other processes notice the version; this one reloads at once.
    transaction.on_commit(registry.refresh, robust=True)
