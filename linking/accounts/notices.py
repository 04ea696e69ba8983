"""Mail to a person about their own account: a sign-in in a new browser, a changed password or second factor.

Where no mail server is set, or the account has no address, nothing is sent; the audit has it all the same.
"""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.account.signals import user_logged_in as signed_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from linking.accounts import devices, mail
from linking.accounts.browser_words import name_device, name_network

NEW_BROWSER = gettext_noop("Your account %(name)s was used to sign in, in a browser that zdbridge does not know.")
PASSWORD = gettext_noop("The password of your account %(name)s was changed.")
FACTOR_ADDED = gettext_noop("A second factor was added to your account %(name)s.")
FACTOR_REMOVED = gettext_noop("A second factor of your account %(name)s was removed.")
CODES_RENEWED = gettext_noop("Your account %(name)s has new recovery codes.")


def connect() -> None:
    """Tell people as it happens."""
    uid = "linking.accounts.notices"
    signed_in.connect(_tell_of_browser, dispatch_uid=uid)
    for signal in (password_changed, password_set, password_reset):
        signal.connect(_tell_of_password, dispatch_uid=uid)
    authenticator_added.connect(_tell_of_added, dispatch_uid=uid)
    authenticator_removed.connect(_tell_of_removed, dispatch_uid=uid)
    authenticator_reset.connect(_tell_of_codes, dispatch_uid=uid)


def tell(request: HttpRequest, user: Any, sentence: str) -> None:
    """Send `sentence`, one of this module's, to the owner of an account, with when, where from and what to do."""
    if not settings.LINKING["HAS_MAIL"] or not user.email:
        return
    preference = getattr(user, "preference", None)
    language = (preference and preference.language) or settings.LANGUAGE_CODE
    facts = {
        "name": user.get_username(),
        "time": timezone.now().strftime("%Y-%m-%d %H:%M UTC"),
        "device": name_device(str(request.META.get("HTTP_USER_AGENT", ""))).replace("|", ", ").strip(", "),
        "address": name_network(str(request.META.get("REMOTE_ADDR", ""))),
        "page": request.build_absolute_uri(reverse("sign_ins")),
    }
    to = user.email
    mail.send_in_background(lambda: _write(sentence, facts=facts, to=to, language=language))


def _write(sentence: str, *, facts: dict[str, str], to: str, language: str) -> EmailMessage:
    with override(language):
        lines = [
            _(sentence) % facts,
            _("When: %(time)s") % facts,
            _("Where from: %(device)s, address %(address)s") % facts,
            _("If this was you, there is nothing to do. If not, end that sign-in and change your password:") % facts,
            facts["page"],
        ]
        return EmailMessage(subject=_("zdbridge: a change to your account"), body="\n\n".join(lines) + "\n", to=[to])


def _tell_of_browser(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    if not devices.is_known(request, user):
        tell(request, user, NEW_BROWSER)


def _tell_of_password(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    tell(request, user, PASSWORD)


def _tell_of_added(request: HttpRequest, user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    # Recovery codes come with the first factor, and one mail is enough.
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        tell(request, user, FACTOR_ADDED)


def _tell_of_removed(request: HttpRequest, user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        tell(request, user, FACTOR_REMOVED)


def _tell_of_codes(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    tell(request, user, CODES_RENEWED)
