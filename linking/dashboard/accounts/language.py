"""Each person's language, which all their pages use.

Without a choice, and on pages for people who are not signed in, the language is the one the browser asks for
(Django's `LocaleMiddleware`). The token endpoint, exports and commands are in English.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linking.accounts import preferences
from linking.models import Preference

# What the form sends for "as the browser asks"; stored as an empty text.
BROWSER = "browser"


class InOwnLanguage:
    """Middleware that activates the language of the person who is signed in; it costs no query.

    `LocaleMiddleware` activates the next request's language, so nothing is left behind for the next person.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_args: Any) -> None:
        """Activate the language. A public page does not look at who is signed in, and stays in the browser's."""
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return
        if code := find_language(request.user):
            translation.activate(code)
            request.LANGUAGE_CODE = code


def find_language(user: Any) -> str:
    """Return the code of the language that `user` chose; "" without a choice, or if it is no longer offered."""
    preference: Preference | None = getattr(user, "preference", None)
    code = preference.language if preference else ""
    return code if code in dict(settings.LANGUAGES) else ""


def list_languages() -> list[tuple[str, str]]:
    """Return the languages that are offered as (code, own name): `de`, `Deutsch`."""
    return [(code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_language(request: HttpRequest) -> HttpResponse:
    """Show the form, or save the language."""
    if request.method == "POST":
        code = request.POST.get("language", "")
        if code != BROWSER and code not in dict(settings.LANGUAGES):
            messages.error(request, _("This language is not offered. Nothing was changed."))
            return redirect("language")
        # The middleware has required a sign-in.
        person: Any = request.user
        preferences.keep_language(user=person, code="" if code == BROWSER else code)
        with translation.override(translation.get_language_from_request(request) if code == BROWSER else code):
            messages.success(request, _("Language saved."))
        return redirect("language")
    page = {"languages": list_languages(), "chosen": find_language(request.user), "browser": BROWSER}
    return render(request, "dashboard/accounts/language.html", page)
