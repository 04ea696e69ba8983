"""Keeps the settings of integrations: one way in for the command line and the admin alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from linking import registry
from linking.clients.vendor_urls import AUTO, RETIRED_HOST, SUPPORT_ENDING, current_address, is_retired
from linking.core.config import LoginAlgorithm, MissingEmail, Mode, SecretName, ZendeskProduct
from linking.integrations.rules import RESERVED_ENDINGS, BadValue, RuleContext, find_format_flaw, read_slug
from linking.integrations.secret_lint import lint_secret
from linking.integrations.secrets import read_secret, resolve_secret, settle_zendesk_switch, store_secret
from linking.integrations.settings import KEYS, RULES, SECRET_NAMES
from linking.models import AuditEvent, ConfigVersion, Integration, LoginUser, Visitor
from linking.sync import schedule

REMOVE_BATCH = 500
_REQUIRED = ("name", "login_project_id")
_LOGIN_SECRETS = (SecretName.LOGIN_SECRET_KEY, SecretName.LOGIN_SECRET_KEY_PREVIOUS)
_ZENDESK_SECRETS = (SecretName.ZENDESK_SHARED_SECRET, SecretName.ZENDESK_SHARED_SECRET_NEXT)
_DROPS = "visitors can drop for about five minutes, because Zendesk knows one secret at a time: choose a quiet time."
_ACCOUNT = ("zendesk_subdomain", "zendesk_api_url")


class BadIntegration(ValueError):
    """Values that cannot be stored: `problems` has a sentence by key, without any secret."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key} {sentence}" for key, sentence in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does it: `name` for the record, `user` where it is a person of ours."""

    name: str
    user: Any = None

    @classmethod
    def signed_in(cls, user: Any) -> "Actor":
        """Return the person of ours who asks."""
        return cls(name=user.get_username(), user=user)


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
            if not is_new:
                settle_zendesk_switch(row=row, actor=actor.name, now=now)
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
        raise registry.NoSuchIntegration(slug)
    Integration.objects.filter(pk=row.pk).update(enabled=False, sync_enabled=False)
    ConfigVersion.bump()
    registry.refresh()
    # A pass under way would store rows for what is no longer there.
    schedule.stop_running(integration_id=row.pk)
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
        bump_config_version()


def _read(*, slug: str, values: Mapping[str, object], allow_loopback: bool) -> _Draft:
    draft = _Draft()
    around = RuleContext(allow_loopback=allow_loopback)
    try:
        read_slug(slug)
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
            draft.problems[_format_key(key)] = f"is not a setting. Settings are: {', '.join(KEYS)}."
    return draft


def _format_key(key: object) -> str:
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
    if flaw := find_format_flaw(opened, name=name):
        draft.problems[name] = flaw
        return
    draft.secrets[name], draft.opened[name] = value, opened
    told = (*lint_secret(opened, name=name), registry.find_unshared(value))
    draft.warnings += (f"{name}: {sentence}" for sentence in told if sentence)


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
    _settle_address(draft=draft, after=after)
    _keep_previous(row=row, draft=draft, now=now)
    _check_secrets_apart(row=row, draft=draft)
    _check_rotation(row=row, draft=draft, after=after, now=now)
    _warn_of_policies(draft=draft, after=after)
    if after["sync_start"] is not None and after["sync_start"] > now:
        draft.warnings.append("sync_start is in the future: nothing before it will be read.")
    if not is_new and any(key in draft.fields and draft.fields[key] != getattr(row, key) for key in _ACCOUNT):
        draft.warnings.append(f"The Zendesk account's address changed: run sync_visitors {row.slug} --full once.")


def _settle_address(*, draft: _Draft, after: Mapping[str, Any]) -> None:
    """Put today's address in place of the retired one, which older set-ups still hold, and say so."""
    written, subdomain = after["zendesk_api_url"], after["zendesk_subdomain"]
    if written == AUTO and not subdomain:
        draft.problems.setdefault("zendesk_api_url", "can be auto only where zendesk_subdomain is set.")
    if after["zendesk_product"] == ZendeskProduct.MESSAGING:
        _check_support_address(draft=draft, written=written)
        return
    address = current_address(written, subdomain=subdomain)
    if address != written:
        draft.fields["zendesk_api_url"] = address
        draft.warnings.append(f"zendesk_api_url: {RETIRED_HOST} is retired, so {address} was stored instead.")
    elif is_retired(written):
        draft.warnings.append(f"zendesk_api_url: {RETIRED_HOST} is retired. Set zendesk_subdomain and leave it empty.")


def _check_support_address(*, draft: _Draft, written: str) -> None:
    if written == AUTO:
        draft.problems.setdefault("zendesk_api_url", "cannot be auto for messaging: leave it empty.")
    elif written and not written.endswith(SUPPORT_ENDING):
        draft.problems.setdefault("zendesk_api_url", f"must end with {SUPPORT_ENDING} for messaging.")


def _warn_of_policies(*, draft: _Draft, after: Mapping[str, Any]) -> None:
    if after["missing_email"] == MissingEmail.PLACEHOLDER and not after["placeholder_domain"].endswith(
        RESERVED_ENDINGS
    ):
        draft.warnings.append("placeholder_domain is no reserved domain: mail to a placeholder could reach a stranger.")
    if not after["allowed_origins"]:
        draft.warnings.append("allowed_origins is empty: no page of another origin can ask for a token.")
    if after["mode"] == Mode.OBSERVE and after["login_algorithm"] == LoginAlgorithm.RS256:
        draft.warnings.append("mode observe changes nothing here: the sample service knew no RS256.")
    if after["claim_map"] and after["zendesk_product"] != ZendeskProduct.MESSAGING:
        draft.warnings.append("claim_map is for messaging: a Chat token takes no further claims.")


def _check_rotation(*, row: Integration, draft: _Draft, after: Mapping[str, Any], now: datetime) -> None:
    previous, following = (
        draft.opened.get(name) or (name not in draft.secrets and resolve_secret(row=row, name=name))
        for name in (SecretName.LOGIN_SECRET_KEY_PREVIOUS, SecretName.ZENDESK_SHARED_SECRET_NEXT)
    )
    until, switch = after["previous_login_secret_until"], after["zendesk_secret_switch_at"]
    if previous and until is None:
        draft.problems.setdefault("previous_login_secret_until", "is needed with login_secret_key_previous.")
    if until is not None and until > now and not previous:
        draft.warnings.append("previous_login_secret_until is set, but there is no previous key to accept.")
    if switch is not None and switch > now:
        if not following:
            draft.problems.setdefault("zendesk_secret_switch_at", "needs zendesk_shared_secret_next.")
        draft.warnings.append(f"At the switch of the Zendesk secret {_DROPS}")
    elif following and switch is None:
        draft.warnings.append("zendesk_shared_secret_next waits: set zendesk_secret_switch_at.")
    signing = resolve_secret(row=row, name=SecretName.ZENDESK_SHARED_SECRET)
    if signing and draft.opened.get(SecretName.ZENDESK_SHARED_SECRET, signing) != signing:
        draft.warnings.append(f"With a new Zendesk secret {_DROPS}")


def _check_secrets_apart(*, row: Integration, draft: _Draft) -> None:
    """Refuse one value on both sides: whoever verifies Login JWTs could then sign Zendesk JWTs and the other way."""
    values = {
        name: draft.opened.get(name) if name in draft.secrets else resolve_secret(row=row, name=name)
        for name in (*_LOGIN_SECRETS, *_ZENDESK_SECRETS)
    }
    theirs = {values[name] for name in _LOGIN_SECRETS} & {values[name] for name in _ZENDESK_SECRETS} - {None}
    for name in draft.opened:
        if name in values and values[SecretName(name)] in theirs:
            draft.problems[name] = "equals the other secret: the Login project and Zendesk must not share one."


def _keep_previous(*, row: Integration, draft: _Draft, now: datetime) -> None:
    """Keep the Login secret that is being replaced as the previous one, where a time for it is set."""
    until = draft.fields.get("previous_login_secret_until")
    name, previous = SecretName.LOGIN_SECRET_KEY, SecretName.LOGIN_SECRET_KEY_PREVIOUS
    if not draft.opened.get(name) or previous in draft.secrets or until is None or until <= now:
        return
    held, opened = read_secret(row=row, name=name), resolve_secret(row=row, name=name)
    if held is not None and opened is not None and opened != draft.opened[name]:
        draft.secrets[previous], draft.opened[previous] = held, opened


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
    """Tell every process that the settings changed, in the caller's transaction."""
    ConfigVersion.bump()
    # The version tells the other processes; this one need not wait for its next look.
    transaction.on_commit(registry.refresh, robust=True)
