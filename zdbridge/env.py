"""Readers of the environment that refuse nonsense.

Every variable can also come as NAME_FILE, the path of a file whose content (less one trailing line end) is the
value: container secrets arrive that way. A value that cannot be meant is refused at start, in words, by `BadSetting`.
"""

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

# The whole outer face of the configuration; `.env.example` and docs/running.md are tested against these names.
VARIABLES = (
    "ZDBRIDGE_DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "ZDBRIDGE_SECRET_KEY",
    "ZDBRIDGE_SEAL_KEYS",
    "ZDBRIDGE_HOST",
    "ZDBRIDGE_PORT",
    "ZDBRIDGE_SANDBOX",
    "ZDBRIDGE_SANDBOX_PORT",
    "ZDBRIDGE_ALLOW_LOOPBACK",
    "ZDBRIDGE_ALLOWED_HOSTS",
    "ZDBRIDGE_TRUSTED_PROXIES",
    "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS",
    "ZDBRIDGE_TOKEN_LIMIT_PER_USER",
    "ZDBRIDGE_TOKEN_FRONT",
    "ZDBRIDGE_REQUIRE_MFA",
    "EMAIL_URL",
    "ZDBRIDGE_MAIL_FROM",
    "XSOLLA_LOGIN_API_URL",
)

# Those whose value is a secret or holds one; it is written nowhere.
SECRET_VARIABLES = ("DATABASE_URL", "REDIS_URL", "ZDBRIDGE_SECRET_KEY", "ZDBRIDGE_SEAL_KEYS", "EMAIL_URL")

_ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
_TRUE, _FALSE = ("1", "true"), ("0", "false")


class BadSetting(Exception):
    """A variable holds something that cannot be meant; the message names it and says what would do."""


class Environment:
    """Reads variables from `source` (a mapping of strings, `os.environ` in the running product)."""

    def __init__(self, *, source: Mapping[str, str]) -> None:
        self._source = source

    def text(self, name: str, *, default: str = "") -> str:
        """Return the value of `name` or of the file `NAME_FILE` names; `default` where neither is set or it is empty.

        Raises: BadSetting when both are set or the file cannot be read.
        """
        direct, path = self._source.get(name, ""), self._source.get(f"{name}_FILE", "")
        if direct and path:
            raise BadSetting(f"{name} and {name}_FILE are both set: keep one of them.")
        if path:
            direct = self._content(name=name, path=path)
        return direct.strip() or default

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a yes/no; only `1`, `0`, `true` and `false` are understood."""
        value = self.text(name).lower()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        if not value:
            return default
        raise BadSetting(f"{name} must be 1 or 0, not “{clip(value)}”.")

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """Return a whole number between `low` and `high`, both included."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and low <= int(value[:12]) <= high):
            raise BadSetting(f"{name} must be a whole number from {low} to {high}, not “{clip(value)}”.")
        return int(value)

    def words(self, name: str, *, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated list, blanks around the words dropped."""
        value = self.text(name)
        return tuple(word.strip() for word in value.split(",") if word.strip()) or default

    def url(self, name: str, *, default: str, schemes: tuple[str, ...]) -> str:
        """Return an address whose scheme is one of `schemes`; the value itself is never put into the message."""
        value = self.text(name)
        if not value:
            return default
        try:
            parts = urlsplit(value)
            is_usable = parts.scheme in schemes and (bool(parts.netloc or parts.path)) and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            raise BadSetting(f"{name} must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}.")
        return value

    def networks(self, name: str) -> tuple[str, ...]:
        """Return addresses or networks (`10.0.0.0/8`) as written, each checked."""
        words = self.words(name)
        for word in words:
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError as error:
                raise BadSetting(f"{name} must list addresses or networks, “{clip(word)}” is neither.") from error
        return words

    def hosts(self, name: str) -> tuple[str, ...]:
        """Return host names without scheme, port or path; `*` is refused because it would trust any Host header."""
        words = self.words(name, default=LOOPBACK_NAMES[:3])
        for word in words:
            if word == "*" or "/" in word or " " in word or (":" in word and not word.startswith("[")):
                raise BadSetting(f"{name} must list host names such as support.example.com, not “{clip(word)}”.")
        return words

    def kept_secret(self, name: str, *, path: Path, make: Callable[[], str]) -> str:
        """Return `name`, or a value made once and kept in the file `path` (mode 0600)."""
        return self.text(name) or kept_in_file(path=path, make=make)

    def _content(self, *, name: str, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"{name}_FILE cannot be read: {type(error).__name__}. Check the path and its rights."
            ) from error


def find_data_dir(env: Environment) -> Path:
    """Return the data folder as an absolute path; it need not be there."""
    return Path(env.text("ZDBRIDGE_DATA_DIR", default=str(_ROOT / "var"))).expanduser().resolve()


def is_loopback(host: str) -> bool:
    """Return whether a host, as a name or an address with or without brackets, is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def clip(value: str) -> str:
    """Return the first 40 characters of a value that goes into a message."""
    return value if len(value) <= 40 else value[:40] + "…"


def kept_in_file(*, path: Path, make: Callable[[], str]) -> str:
    """Return the content of `path`; where it is missing, make it once (mode 0600), also when several start at once.

    Raises: BadSetting when the folder cannot be written or the file is empty.
    """
    try:
        if not path.exists():
            _publish(path=path, content=make())
        content = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be made or read: {type(error).__name__}. Check ZDBRIDGE_DATA_DIR.") from error
    if not content:
        raise BadSetting(f"{path} is empty: put the lost key back, or remove the file to have a new one made.")
    return content


def _publish(*, path: Path, content: str) -> None:
    # Written aside and linked into place: two processes starting together must end with one and the same key.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content + "\n")
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink()
