"""Sends mail, one message at a time, through the operator's server, and explains failures in a sentence.

Pages show the sentences and logs keep them, so they contain no address and no log-in.
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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

HEAD_START_S = 0.3  # of an answer before its letter
_log = logging.getLogger(__name__)
# One thread: mail is rare, and a server that hangs holds nothing but later mail.
_SENDER: Executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class MailFailed(Exception):
    """The server did not take a message; the sentence says why, without address and secret."""


class NoMailServer(BaseEmailBackend):
    """The backend where no mail server is set."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        """Refuse.

        Raises: MailFailed.
        """
        raise MailFailed(_("No mail server is set. The operator of zdbridge can set EMAIL_URL."))


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
        return _("The mail server refused the recipient (%(code)s).") % {"code": ", ".join(map(str, codes))}
    if isinstance(error, smtplib.SMTPAuthenticationError):
        sentence = _("The mail server refused the log-in (%(code)s). Check user and password in EMAIL_URL.")
        return sentence % {"code": error.smtp_code}
    if isinstance(error, smtplib.SMTPSenderRefused):
        sentence = _("The mail server refused the sender's address (%(code)s). Check ZDBRIDGE_MAIL_FROM.")
        return sentence % {"code": error.smtp_code}
    if isinstance(error, smtplib.SMTPResponseException):
        return _("The mail server answered %(code)s.") % {"code": error.smtp_code}
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        # Python tells of a server that never greets as of one that hung up.
        return explain(error.__context__)
    sentence = next((sentence for kind, sentence in _SENTENCES if isinstance(error, kind)), "")
    if sentence:
        return _(sentence)
    return _("The mail server did not take the message (%(error)s).") % {"error": type(error).__name__}


# The first kind that fits; a certificate's fault is also an SSLError, and nearly all are OSErrors.
_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPNotSupportedError,
        gettext_noop("The mail server does not offer TLS or the log-in that EMAIL_URL needs."),
    ),
    (smtplib.SMTPServerDisconnected, gettext_noop("The mail server ended the connection.")),
    (
        ssl.SSLCertVerificationError,
        gettext_noop("The certificate of the mail server is not trusted, or is for another name."),
    ),
    (ssl.SSLError, gettext_noop("No TLS with the mail server. Check the scheme and the port in EMAIL_URL.")),
    (socket.gaierror, gettext_noop("The mail server's name cannot be resolved. Check the host in EMAIL_URL.")),
    (
        ConnectionRefusedError,
        gettext_noop("The mail server cannot be reached. Check the host and the port in EMAIL_URL."),
    ),
    (TimeoutError, gettext_noop("The mail server did not answer in time. Check the port and the scheme in EMAIL_URL.")),
)


def _send_and_log(make: Callable[[], EmailMessage]) -> None:
    time.sleep(HEAD_START_S)
    try:
        send(make())
    except MailFailed as error:
        _log.warning("A mail was not sent: %s", error)
