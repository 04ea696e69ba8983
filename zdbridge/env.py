"""Reads the environment and refuses values that make no sense.

Every variable can also be set as NAME_FILE, the path of a file whose content (less one trailing line end) is the value,
as container secrets are. `BadSetting` says at start what is wrong with a value.
"""

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

# All settings an operator has; tests compare `.env.example` and docs/running.md with these names.
VARIABLES = (
    "ZDBRIDGE_DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "ZDBRIDGE_SECRET_KEY",
    "ZDBRIDGE_SECRET_KEY_FALLBACKS",
    "ZDBRIDGE_SEAL_KEYS",
    "ZDBRIDGE_HOST",
    "ZDBRIDGE_PORT",
    "ZDBRIDGE_SANDBOX",
    "ZDBRIDGE_SANDBOX_PORT",
    "ZDBRIDGE_DEMO_SHOP_URL",
    "ZDBRIDGE_ALLOW_LOOPBACK",
    "ZDBRIDGE_ALLOWED_HOSTS",
    "ZDBRIDGE_TRUSTED_PROXIES",
    "ZDBRIDGE_HSTS",
    "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS",
    "ZDBRIDGE_TOKEN_LIMIT_PER_USER",
    "ZDBRIDGE_TOKEN_FRONT",
    "ZDBRIDGE_LOG_LEVEL",
    "SENTRY_DSN",
    "ZDBRIDGE_KEEP_REFUSALS_DAYS",
    "ZDBRIDGE_KEEP_VISITORS_DAYS",
    "ZDBRIDGE_KEEP_LINKS_DAYS",
    "ZDBRIDGE_KEEP_NOTES_DAYS",
    "ZDBRIDGE_KEEP_RUNS_DAYS",
    "ZDBRIDGE_KEEP_AUDIT_DAYS",
    "ZDBRIDGE_KEEP_SIGN_INS_DAYS",
    "ZDBRIDGE_KEEP_UNREADABLE_DAYS",
    "ZDBRIDGE_BLANK_GONE_DAYS",
    "ZDBRIDGE_IDS_ONLY",
    "ZDBRIDGE_AUDIT_VIEWS",
    "ZDBRIDGE_REFERENCE_PREFIX",
    "ZDBRIDGE_REFERENCE_FOLDER",
    "ZDBRIDGE_ROTATE_SECRETS_DAYS",
    "ZDBRIDGE_REQUIRE_MFA",
    "ZDBRIDGE_OIDC_ISSUER",
    "ZDBRIDGE_OIDC_CLIENT_ID",
    "ZDBRIDGE_OIDC_CLIENT_SECRET",
    "ZDBRIDGE_OIDC_GROUPS_CLAIM",
    "ZDBRIDGE_OIDC_GROUPS",
    "ZDBRIDGE_OIDC_SCOPES",
    "ZDBRIDGE_OIDC_MFA",
    "ZDBRIDGE_EMERGENCY_ACCOUNTS",
    "EMAIL_URL",
    "ZDBRIDGE_MAIL_FROM",
    "XSOLLA_LOGIN_API_URL",
)

# Variables whose value is or contains a secret; the value is never written down.
SECRET_VARIABLES = (
    "SENTRY_DSN",
    "DATABASE_URL",
    "REDIS_URL",
    "ZDBRIDGE_SECRET_KEY",
    "ZDBRIDGE_SECRET_KEY_FALLBACKS",
    "ZDBRIDGE_SEAL_KEYS",
    "ZDBRIDGE_OIDC_CLIENT_SECRET",
    "EMAIL_URL",
)

_ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
KEPT_DAYS_MAX = 3650
_TRUE, _FALSE = ("1", "true"), ("0", "false")


class BadSetting(Exception):
    """A variable has a value that makes no sense; the message names the variable and a value that would do."""


class Environment:
    """Reads variables from `source`, a mapping of strings; the running product passes `os.environ`."""

    def __init__(self, *, source: Mapping[str, str]) -> None:
        self._source = source

    def read_text(self, name: str, *, default: str = "") -> str:
        """Return the value of `name`, or the content of the file in `NAME_FILE`; `default` when it is unset or empty.

        Raises: BadSetting when both are set or the file cannot be read.
        """
        value, path = self._source.get(name, ""), self._source.get(f"{name}_FILE", "")
        if value and path:
            raise BadSetting(f"{name} and {name}_FILE are both set. Keep one of them.")
        if path:
            value = self._read_file(name=name, path=path)
        return value.strip() or default

    def read_boolean(self, name: str, *, default: bool) -> bool:
        """Return True for `1` and `true`, False for `0` and `false`."""
        value = self.read_text(name).lower()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        if not value:
            return default
        raise BadSetting(f"{name} must be 1 or 0, not “{clip(value)}”.")

    def read_choice(self, name: str, *, choices: tuple[str, ...]) -> str:
        """Return one of `choices`, the first of them by default."""
        value = self.read_text(name, default=choices[0]).lower()
        if value not in choices:
            raise BadSetting(f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not “{clip(value)}”.")
        return value

    def read_integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        value = self.read_text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and low <= int(value[:12]) <= high):
            raise BadSetting(f"{name} must be a whole number from {low} to {high}, not “{clip(value)}”.")
        return int(value)

    def read_days(self, name: str, *, default: int | None) -> int | None:
        """Return how many days something is kept, from 1 to 3650; None, for ever, where the value is set and empty."""
        if not self.read_text(name) and (default is None or name in self._source or f"{name}_FILE" in self._source):
            return None
        return self.read_integer(name, default=default or 0, low=1, high=KEPT_DAYS_MAX)

    def read_words(self, name: str, *, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the words of a comma-separated list, without the blanks around them."""
        value = self.read_text(name)
        return tuple(word.strip() for word in value.split(",") if word.strip()) or default

    def read_url(self, name: str, *, default: str, schemes: tuple[str, ...]) -> str:
        """Return an address with one of `schemes`. An error message never contains the value."""
        value = self.read_text(name)
        if not value:
            return default
        try:
            parts = urlsplit(value)
            is_usable = parts.scheme in schemes and (bool(parts.netloc or parts.path)) and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            raise BadSetting(f"{name} must be an address that starts with {' or '.join(f'{s}://' for s in schemes)}.")
        return value

    def read_networks(self, name: str) -> tuple[str, ...]:
        """Return addresses or networks (`10.0.0.0/8`) as written, after checking each."""
        words = self.read_words(name)
        for word in words:
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError as error:
                raise BadSetting(f"{name} must list addresses or networks, and “{clip(word)}” is neither.") from error
        return words

    def read_hosts(self, name: str) -> tuple[str, ...]:
        """Return host names without scheme, port or path. Refuses `*`, which would trust any Host header."""
        words = self.read_words(name, default=LOOPBACK_NAMES[:3])
        for word in words:
            if word == "*" or "/" in word or " " in word or (":" in word and not word.startswith("[")):
                raise BadSetting(f"{name} must list host names such as support.example.com, not “{clip(word)}”.")
        return words

    def read_prefix(self, name: str) -> str:
        """Return how names of variables begin. Refuses a beginning of this product's own secrets."""
        value = self.read_text(name)
        own = next((secret for secret in SECRET_VARIABLES if value and secret.startswith(value)), "")
        if own or (value and not (value.isascii() and value.replace("_", "a").isalnum())):
            raise BadSetting(f"{name} must be letters, digits and _, and no beginning of {own or 'other names'}.")
        return value

    def read_folder(self, name: str, *, apart_from: Path) -> str:
        """Return the absolute path of a folder, "" for none. Refuses one that holds or is in `apart_from`."""
        value = self.read_text(name)
        if not value:
            return ""
        folder = Path(value).expanduser()
        if not folder.is_absolute():
            raise BadSetting(f"{name} must be an absolute path, not “{clip(value)}”.")
        real, other = folder.resolve(), apart_from.resolve()
        if real.is_relative_to(other) or other.is_relative_to(real):
            raise BadSetting(f"{name} must be apart from ZDBRIDGE_DATA_DIR, which holds the keys.")
        return str(folder)

    def read_or_create_secret(self, name: str, *, path: Path, create: Callable[[], str]) -> str:
        """Return the value of `name`, or of the file `path` (mode 0600), which is created when missing."""
        return self.read_text(name) or read_or_create_file(path=path, create=create)

    def _read_file(self, *, name: str, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"{name}_FILE cannot be read: {type(error).__name__}. Check the path and its permissions."
            ) from error


def find_data_dir(env: Environment) -> Path:
    """Return the absolute path of the data folder, which need not exist."""
    return Path(env.read_text("ZDBRIDGE_DATA_DIR", default=str(_ROOT / "var"))).expanduser().resolve()


def is_loopback(host: str) -> bool:
    """Return whether a host name or address, with or without brackets, always means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def clip(value: str) -> str:
    """Shorten a value to 40 characters for a message."""
    return value if len(value) <= 40 else value[:40] + "…"


def read_or_create_file(*, path: Path, create: Callable[[], str]) -> str:
    """Return the content of `path`. A missing file is created once (mode 0600), also when several processes start.

    Raises: BadSetting when the folder is not writable or the file is empty.
    """
    try:
        if not path.exists():
            _create_file(path=path, content=create())
        content = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be created or read: {type(error).__name__}. Check ZDBRIDGE_DATA_DIR."
        raise BadSetting(message) from error
    if not content:
        raise BadSetting(f"{path} is empty. Put the lost key back, or delete the file to have a new key created.")
    return content


def _create_file(*, path: Path, content: str) -> None:
    # Written to another name, then linked into place: processes that start together must end up with the same key.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content + "\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
