"""Addresses of people's own accounts: those of allauth's pages that this product has, by name, and no other.

Signing up, confirming and managing e-mail addresses are not among them: administrators make the accounts.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, re_path

from linking.dashboard.accounts import language, own_tokens, sign_in_links, sign_ins, single_sign_on, time_zone

View = Callable[..., HttpResponseBase]


def require_mail(view: View) -> View:
    """Let a page exist only where a mail server is set.

    Raises: Http404 elsewhere.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.LINKING["HAS_MAIL"]:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


RESET = "password/reset/"
urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path(RESET, require_mail(account.password_reset), name="account_reset_password"),
    path(f"{RESET}done/", require_mail(account.password_reset_done), name="account_reset_password_done"),
    path(
        f"{RESET}key/done/",
        require_mail(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    # A pattern, because a key holds a dash itself.
    re_path(
        rf"^{RESET}key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/\Z",
        require_mail(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("2fa/webauthn/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("sign-ins/", sign_ins.show_sign_ins, name="sign_ins"),
    path("sign-ins/end-all/", sign_ins.end_all, name="sign_ins_end_all"),
    path("sign-ins/<int:key>/end/", sign_ins.end_one, name="sign_in_end"),
    path("single-sign-on/", single_sign_on.start_sign_in, name="single_sign_on"),
    path("single-sign-on/return/", single_sign_on.handle_return, name="single_sign_on_return"),
    path("single-sign-on/own/", single_sign_on.show_own, name="single_sign_on_own"),
    path("link/<str:token>/", sign_in_links.open_admin_link, name="admin_link"),
    path("invitation/<str:token>/", sign_in_links.open_invitation, name="invitation"),
    path("own-password/", sign_in_links.choose_password, name="own_password"),
    path("tokens/", own_tokens.show_tokens, name="own_tokens"),
    path("tokens/<int:token_id>/revoke/", own_tokens.revoke_token, name="own_token_revoke"),
    path("language/", language.choose_language, name="language"),
    path("time-zone/", time_zone.choose_time_zone, name="time_zone"),
]
