"""A mail server on loopback: keeps what it is given; with TLS, a log-in or refusals where a test wants them."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.rsa_keys import private_key

USER, PASSWORD = "zdbridge@shop.example", "p+w/d %"


class Kept:
    """The messages a server was given, and where it listens."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.refused: dict[str, str] = {}
        self.port = 0

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the server calls it so
        envelope.mail_from = address
        return self.refused.get(address, "250 OK")

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the server calls it so
        if address not in self.refused:
            envelope.rcpt_tos.append(address)
        return self.refused.get(address, "250 OK")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the server calls it so
        self.messages.append(envelope)
        return "250 taken"


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, has_login: bool = False):
    """Run a server and give its `Kept`."""
    kept = Kept()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        kept.port = probe.getsockname()[1]
    login = {"authenticator": judge, "auth_required": True, "auth_require_tls": False} if has_login else {}
    options = {"tls_context": starttls, "require_starttls": True} if starttls else {}
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, ssl_context=tls, **options, **login)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


def judge(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    """Take the one user there is."""
    is_right = data.login.decode() == USER and data.password.decode() == PASSWORD
    return AuthResult(success=is_right, handled=is_right)


@cache
def certificate(name: str = "localhost") -> bytes:
    """A certificate of its own for `name` and for 127.0.0.1, as PEM."""
    now = datetime.now(tz=UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder(subject, subject, private_key().public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def tls_context(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """What a server with that certificate needs; the certificate stands in `folder` as `{name}.pem`."""
    key = private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(certificate(name))
    (folder / "key.pem").write_bytes(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, folder / "key.pem")
    return context


def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
