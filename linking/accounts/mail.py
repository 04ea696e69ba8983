"""Sending mail: one message at a time through the operator's server, and in words how it went.

Nobody's address and no log-in reaches the words, which pages show and logs keep.
"""

import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

HEAD_START_S = 0.3  # of an answer before its letter
_log = logging.getLogger(__name__)
# One thread: mail is rare, and a server that hangs holds nothing but later mail.
_SENDER: Executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class MailFailed(Exception):
    """A message was not taken; the words say why and hold neither address nor secret."""


class NoMailServer(BaseEmailBackend):
    """The backend where no mail server is set."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        """Refuse.

        Raises: MailFailed.
        """
        raise MailFailed("No mail server is set: whoever runs zdbridge sets EMAIL_URL.")


def send(message: EmailMessage) -> None:
    """Send `message` and wait until the server has taken it.

    Raises: MailFailed.
    """
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        raise MailFailed(explain(error)) from error


def send_in_background(make: Callable[[], EmailMessage]) -> Future[None]:
    """Send what `make` returns without making anybody wait.

    Writing and sending begin a little later, when the answer has gone: its time must not tell whether mail is sent.
    """
    return _SENDER.submit(_send_and_log, make)


def explain(error: Exception) -> str:
    """Return a sentence on what went wrong between this machine and the mail server."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _words in error.recipients.values()})
        return f"The mail server refused the recipient ({', '.join(map(str, codes))})."
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server refused the log-in ({error.smtp_code}): check user and password in EMAIL_URL."
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"The mail server refused the sender's address ({error.smtp_code}): check ZDBRIDGE_MAIL_FROM."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}."
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        # Python tells of a server that never greets as of one that hung up.
        return explain(error.__context__)
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "") or (
        f"The mail server took no message ({type(error).__name__})."
    )


# The first kind that fits; a certificate's fault is also an SSLError, and nearly all are OSErrors.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPNotSupportedError, "The mail server does not offer the TLS or the log-in that EMAIL_URL asks for."),
    (smtplib.SMTPServerDisconnected, "The mail server broke the connection off."),
    (ssl.SSLCertVerificationError, "The mail server's certificate cannot be trusted, or is for another name."),
    (ssl.SSLError, "No TLS with the mail server: check the scheme and the port in EMAIL_URL."),
    (socket.gaierror, "The mail server's name cannot be resolved: check the host in EMAIL_URL."),
    (ConnectionRefusedError, "The mail server cannot be reached: check the host and the port in EMAIL_URL."),
    (TimeoutError, "The mail server did not answer in time: check the port and the scheme in EMAIL_URL."),
)


def _send_and_log(make: Callable[[], EmailMessage]) -> None:
    time.sleep(HEAD_START_S)
    try:
        send(make())
    except MailFailed as error:
        _log.warning("A mail was not sent: %s", error)
