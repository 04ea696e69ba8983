"""How people sign in: closed sign-up, failed tries, and the link for an administrator."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import record_authentication
from allauth.core.internal import ratelimit
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import Error as StoreError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.accounts import admin_passwords, mail, roles, tries
from linking.accounts.one_time_links import ADMIN_LINK, sign_link
from linking.accounts.single_sign_on.issuer import may_use_password
from linking.models import AuditEvent
from linking.models.people.factor import open_factor, seal_factor

DEFAULT_USERNAME = "administrator"
LINK_MADE = "admin_link.made"


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Accounts are made by admins; nobody signs themselves up. What mail there is goes out behind the answer."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("The user name or the password is wrong."),
        "email_password_mismatch": gettext_lazy("The e-mail address or the password is wrong."),
        "incorrect_password": gettext_lazy("The password is wrong."),
        "enter_current_password": gettext_lazy("The current password is wrong."),
        "too_many_login_attempts": gettext_lazy("Too many failed attempts. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the signature is allauth's
        """Return False: sign-up is closed."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take one try for this name; `tries` says how many there are.

        Raises: ValidationError.
        """
        self._login_failed_rl_usage = tries.consume_try(request, login=tries.read_login(credentials))
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        tries.forget_tries(request, login=tries.read_login(credentials))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return the person of these credentials, or None; a try that could not be judged does not count as failed."""
        try:
            return super().authenticate(request, **credentials)
        except StoreError:
            self._rollback_login_failed_rl_usage()
            _give_back_try(request)
            raise

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write and send a mail behind the answer, whose time would otherwise tell that there is such an account."""
        facts = {name: value for name, value in context.items() if name != "request"}
        mail.send_in_background(lambda: self.render_mail(template_prefix, email, {"email": email, **facts}))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:  # noqa: ARG002 - as above
        """Lead back to the sign-in page, in words: whoever comes here has given the right password."""
        messages.error(request, _("This account is switched off. Ask an administrator."))
        return HttpResponseRedirect(reverse("account_login"))


class FactorAdapter(DefaultMFAAdapter):
    """Second factors as allauth keeps them, but sealed, and with plain names for keys."""

    def encrypt(self, text: str) -> str:
        """Return a TOTP secret or the seed of recovery codes as it is stored."""
        return seal_factor(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what `encrypt` sealed, or a value that was stored before factors were sealed."""
        return open_factor(encrypted_text)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's word
        """Return the name that a new key is offered."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Key %(number)s") % {"number": number}


def _give_back_try(request: HttpRequest) -> None:
    """Take back the latest try to sign in from what this address may do."""
    for rate in ratelimit.parse_rates(account_settings.RATE_LIMITS["login"]):
        key = ratelimit.get_cache_key(request, app="allauth.account", action="login", rate=rate)
        for latest in cache.get(key, [])[:1]:
            ratelimit.SingleRateLimitUsage(key, rate.duration, latest).rollback()


class PersonBackend(AuthenticationBackend):
    """allauth's own, the only one. Each try hashes one password, or its time would tell who has an account."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        """Return whose name and password these are, None for nobody's."""
        # The sign-in page sends what looks like an address as both, and allauth would try the address twice.
        if credentials.get("email") == credentials.get("username"):
            credentials.pop("email", None)
        user = super().authenticate(request, **credentials)
        if user is None or not may_use_password(user):
            return None
        admin_passwords.note_length(request, user=user, password=str(credentials.get("password") or ""))
        return user

    def get_user(self, user_id: int) -> Any:
        """Return the person of a session, with what they prefer in the same query."""
        user = get_user_model().objects.select_related("preference", "presence").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class LinkObstacle(StrEnum):
    """Why no administrator link is made for an account."""

    SWITCHED_OFF = "switched_off"
    NO_ADMIN = "no_admin"


class LinkNotMade(Exception):
    """No link is made for this account; `obstacle` says why."""

    def __init__(self, obstacle: LinkObstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


class FirstLink(StrEnum):
    """Whether a start prints a link for the first administrator."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    # Nobody can sign in, but the account the link would be for was switched off or is no administrator.
    IN_THE_WAY = "in_the_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLink:
    """The secret part of a link's address, the account it opens, and what was done to that account for it."""

    token: str
    username: str
    was_made: bool
    promoted_from: roles.Role | None


def make_admin_link(*, username: str, may_promote: bool, actor: str, now: datetime) -> AdminLink:
    """Return a link for the administrator named `username`, who is made when there is no such account.

    A new account stays without a password until its owner sets one. Somebody who is no administrator becomes one only
    where `may_promote` says so. An audit event tells of the link, and of what was done to the account for it.

    Raises: LinkNotMade.
    """
    with transaction.atomic():
        user, is_new = get_user_model().objects.get_or_create(username=username)
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if not user.is_active:
            raise LinkNotMade(LinkObstacle.SWITCHED_OFF)
        role = roles.find_role(user)
        is_promoted = not is_new and role < roles.Role.ADMIN
        if is_promoted and not may_promote:
            raise LinkNotMade(LinkObstacle.NO_ADMIN)
        if is_new or is_promoted:
            user.groups.add(Group.objects.get_or_create(name=roles.ADMINS)[0])
        done = ["account made"] if is_new else ["promoted"] if is_promoted else []
        AuditEvent.objects.create(at=now, actor=actor, action=LINK_MADE, target=username[:200], fields=done)
    token = sign_link(user=user, kind=ADMIN_LINK)
    return AdminLink(token=token, username=username, was_made=is_new, promoted_from=role if is_promoted else None)


def plan_first_link(*, demo_usernames: Collection[str]) -> FirstLink:
    """Return whether a start prints a link for the first administrator; nothing is changed here.

    The people named in `demo_usernames` come with the demo and are nobody's way in for good, so they do not make the
    link needless; but while one of them can sign in, an account that an operator deleted, switched off or took out of
    `admins` stays as it is.
    """
    able = [user.get_username() for user in _admins() if can_sign_in(user)]
    if any(name not in demo_usernames for name in able):
        return FirstLink.NOT_NEEDED
    user = get_user_model().objects.filter(username=DEFAULT_USERNAME).first()
    if user is None:
        is_deleted = AuditEvent.objects.filter(action=LINK_MADE, target=DEFAULT_USERNAME).exists()
        return FirstLink.NOT_NEEDED if able and is_deleted else FirstLink.NEEDED
    if user.is_active and roles.is_admin(user):
        return FirstLink.NEEDED
    return FirstLink.NOT_NEEDED if able else FirstLink.IN_THE_WAY


def can_sign_in(user: Any) -> bool:
    """Return whether an account has a way in of its own: a password, or a passkey where those sign in."""
    has_passkey = mfa_settings.PASSKEY_LOGIN_ENABLED and is_mfa_enabled(user, types=[Authenticator.Type.WEBAUTHN])
    return bool(user.is_active and (user.has_usable_password() or has_passkey))


def connect() -> None:
    """Count a second factor as shown in the session that has just set it up."""
    authenticator_added.connect(_count_as_shown, dispatch_uid="linking.accounts.sign_in.factor")


def _count_as_shown(request: HttpRequest, user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    # To set one up takes a code of it, or a touch. Recovery codes come by themselves and prove nothing.
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, roles.FACTOR_METHOD, id=authenticator.pk, type=authenticator.type)


def _admins() -> Iterable[Any]:
    is_one = Q(is_superuser=True) | Q(groups__name=roles.ADMINS)
    return get_user_model().objects.filter(is_one, is_active=True).distinct()
