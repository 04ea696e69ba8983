"""One integration's settings as the features use them: frozen, complete, with secrets that do not show."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from types import MappingProxyType


class LoginAlgorithm(StrEnum):
    """How the Login project signs; an independent setting of the project, never inferred from a token."""

    HS256 = "HS256"
    RS256 = "RS256"


class MissingEmail(StrEnum):
    """What to do with a Login user that has no e-mail address."""

    REFUSE = "refuse"
    OMIT = "omit"
    PLACEHOLDER = "placeholder"


class EmailVerified(StrEnum):
    """Ground for the Messaging claim `email_verified`: never claimed unless the admin vouches for the project."""

    NEVER = "never"
    ALWAYS = "always"


class Mode(StrEnum):
    """Whether refusals are in force, or only recorded where the vendor's sample service would have served."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class ZendeskProduct(StrEnum):
    """Which Zendesk widget the tokens are for."""

    CHAT = "chat"
    MESSAGING = "messaging"


class UserIdForm(StrEnum):
    """Which external IDs of Support users are taken for Login user IDs, besides those we issued a token for."""

    UUID = "uuid"
    ANY = "any"


class SecretName(StrEnum):
    """The secrets an integration keeps, by the name the outer face gives them."""

    LOGIN_SECRET_KEY = "login_secret_key"
    LOGIN_SECRET_KEY_PREVIOUS = "login_secret_key_previous"
    ZENDESK_SHARED_SECRET = "zendesk_shared_secret"
    ZENDESK_SHARED_SECRET_NEXT = "zendesk_shared_secret_next"
    ZENDESK_ACCESS_TOKEN = "zendesk_access_token"
    ZENDESK_CLIENT_SECRET = "zendesk_client_secret"
    ZENDESK_WEBHOOK_SECRET = "zendesk_webhook_secret"


def _read_keys(secret: str) -> tuple[bytes, ...]:
    return (secret.encode(),) if secret else ()


def _read_epoch_s(at: datetime | None, *, none: float) -> float:
    return none if at is None else at.timestamp()


def _read_pairs(pairs: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationConfig:
    """One Login project joined to one Zendesk account.

    `login_secrets` holds the HS256 keys accepted, newest first, as bytes (the UTF-8 bytes of the string, nothing is
    decoded). Empty secrets mean "not set up yet". Nothing secret is in `repr`. The previous Login secret counts before
    `previous_login_secret_until_epoch_s`, the next Zendesk secret from `zendesk_secret_switch_epoch_s` on, so that
    every process turns over at the same moment without being told. `claim_map` leads from a name in Messaging tokens
    to the Login claim it is taken from. `is_host_sought`: the address was set to `auto`, and `zendesk_api_url` is what
    was found so far.

    The metadata of a field says where it is stored: in a `column` of the integration's row, which has the field's name
    if none is given, or as a `secret`; `read` turns the stored value into the field's.
    """

    integration_id: int = field(metadata={"column": "id"})
    slug: str
    name: str
    is_enabled: bool = field(default=True, metadata={"column": "enabled"})
    login_project_id: str
    login_algorithm: LoginAlgorithm = field(default=LoginAlgorithm.HS256, metadata={"read": LoginAlgorithm})
    login_secrets: tuple[bytes, ...] = field(
        default=(), repr=False, metadata={"secret": SecretName.LOGIN_SECRET_KEY, "read": _read_keys}
    )
    previous_login_secret: bytes = field(
        default=b"", repr=False, metadata={"secret": SecretName.LOGIN_SECRET_KEY_PREVIOUS, "read": str.encode}
    )
    previous_login_secret_until_epoch_s: float = field(
        default=0.0, metadata={"column": "previous_login_secret_until", "read": partial(_read_epoch_s, none=0.0)}
    )
    cookie_name: str = "token"
    allowed_origins: frozenset[str] = field(default=frozenset(), metadata={"read": frozenset})
    missing_email: MissingEmail = field(default=MissingEmail.REFUSE, metadata={"read": MissingEmail})
    placeholder_domain: str = "users.invalid"
    email_verified: EmailVerified = field(default=EmailVerified.NEVER, metadata={"read": EmailVerified})
    email_claim: str = "email"
    name_claim: str = ""
    claim_map: tuple[tuple[str, str], ...] = field(default=(), metadata={"read": _read_pairs})
    is_email_looked_up: bool = field(default=False, metadata={"column": "email_lookup"})
    mode: Mode = field(default=Mode.ENFORCE, metadata={"read": Mode})
    blocked_user_ids: frozenset[str] = field(default=frozenset(), repr=False)
    zendesk_product: ZendeskProduct = field(default=ZendeskProduct.CHAT, metadata={"read": ZendeskProduct})
    zendesk_subdomain: str = ""
    zendesk_account_key: str = ""
    zendesk_key_id: str = ""
    zendesk_shared_secret: bytes = field(
        default=b"", repr=False, metadata={"secret": SecretName.ZENDESK_SHARED_SECRET, "read": str.encode}
    )
    zendesk_shared_secret_next: bytes = field(
        default=b"", repr=False, metadata={"secret": SecretName.ZENDESK_SHARED_SECRET_NEXT, "read": str.encode}
    )
    zendesk_secret_switch_epoch_s: float = field(
        default=math.inf, metadata={"column": "zendesk_secret_switch_at", "read": partial(_read_epoch_s, none=math.inf)}
    )
    zendesk_access_token: str = field(default="", repr=False, metadata={"secret": SecretName.ZENDESK_ACCESS_TOKEN})
    zendesk_client_id: str = ""
    zendesk_client_secret: str = field(default="", repr=False, metadata={"secret": SecretName.ZENDESK_CLIENT_SECRET})
    zendesk_webhook_secret: bytes = field(
        default=b"", repr=False, metadata={"secret": SecretName.ZENDESK_WEBHOOK_SECRET, "read": str.encode}
    )
    zendesk_api_url: str = ""
    is_host_sought: bool = False
    is_sync_enabled: bool = field(default=True, metadata={"column": "sync_enabled"})
    sync_start_at: datetime | None = field(default=None, metadata={"column": "sync_start"})
    requests_per_minute: int = 150
    export_requests_per_minute: int = 20
    user_id_form: UserIdForm = field(default=UserIdForm.UUID, metadata={"read": UserIdForm})
    zendesk_app_public_key: str = ""
    zendesk_app_audience: str = ""
    publisher_account_url_template: str = ""
    merchant_id: str = ""
    publisher_project_id: str = ""

    def login_secrets_at(self, now: float) -> tuple[bytes, ...]:
        """Return the HS256 keys accepted at `now` (epoch seconds), newest first."""
        if self.previous_login_secret and now < self.previous_login_secret_until_epoch_s:
            return (*self.login_secrets, self.previous_login_secret)
        return self.login_secrets

    def zendesk_secret_at(self, now: float) -> bytes:
        """Return the secret that signs Zendesk JWTs at `now` (epoch seconds); Zendesk knows only one at a time."""
        if self.zendesk_shared_secret_next and now >= self.zendesk_secret_switch_epoch_s:
            return self.zendesk_shared_secret_next
        return self.zendesk_shared_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The configuration in force, swapped whole.

    `by_project` leads from a Login project ID to the enabled integrations that can answer for it when the path names
    none, in the order they were made. `problems` are sentences for readiness, without secrets. `is_email_looked_up`: an
    enabled integration may have a token wait for Login.
    """

    version: int
    by_slug: Mapping[str, IntegrationConfig]
    by_project: Mapping[str, tuple[IntegrationConfig, ...]]
    enabled: tuple[IntegrationConfig, ...]
    cookie_names: tuple[str, ...]
    origins: frozenset[str]
    problems: tuple[str, ...] = ()
    is_email_looked_up: bool = False


def snapshot_of(*, configs: Iterable[IntegrationConfig], version: int = 0, problems: Iterable[str] = ()) -> Snapshot:
    """Return the snapshot of `configs`, given in the order they were made."""
    known = tuple(configs)
    enabled = tuple(config for config in known if config.is_enabled)
    by_project: dict[str, tuple[IntegrationConfig, ...]] = {}
    for config in enabled:
        by_project[config.login_project_id] = (*by_project.get(config.login_project_id, ()), config)
    return Snapshot(
        version=version,
        by_slug=MappingProxyType({config.slug: config for config in known}),
        by_project=MappingProxyType(by_project),
        enabled=enabled,
        cookie_names=tuple(dict.fromkeys(config.cookie_name for config in enabled)),
        origins=frozenset().union(*(config.allowed_origins for config in enabled)),
        problems=tuple(problems),
        is_email_looked_up=any(config.is_email_looked_up for config in enabled),
    )
