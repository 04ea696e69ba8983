"""The mail that carries an invitation."""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from linking.accounts import mail


def send_invitation(*, to: str, username: str, address: str) -> None:
    """Send the link `address` to the owner of the account `username`, without making the admin wait.

    The mail is in the language of the admin who invites.
    """
    language = get_language() or "en"
    mail.send_in_background(lambda: _write(to, username, address, language))


def _write(to: str, username: str, address: str, language: str) -> EmailMessage:
    with override(language):
        context = {"username": username, "address": address}
        body = render_to_string("dashboard/people/invitation.txt", context)
        return EmailMessage(subject=_("zdbridge: your account"), body=body, to=[to])
