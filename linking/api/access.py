"""Who may call the JSON API, how, and how often."""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.utils.translation import gettext_lazy
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from linking.accounts import roles
from linking.api.token_authentication import may_call
from linking.limits import Limiter
from linking.models import APIToken
from linking.models.people.person import TokenScope

CALLS_PER_MINUTE = 1200
_SCOPE_WORDS = {
    TokenScope.READ: gettext_lazy("This API token may not read records. Make one with the scope read."),
    TokenScope.REFRESH: gettext_lazy("This API token may not refresh records. Make one with the scope refresh."),
}
_FACTOR_WORDS = {
    roles.FactorStep.SET_UP: gettext_lazy("Your role needs a second factor. Set one up under your account first."),
    roles.FactorStep.SHOW: gettext_lazy("Your role needs a second factor. Open any page and confirm it first."),
}


class MayUseSetup(BasePermission):
    """Members of any group, for what holds no record: the token doctor, and how to call the API."""

    message = gettext_lazy("Your account is in none of the groups agents, leads, admins and developers.")

    def has_permission(self, request: Request, _view: Any) -> bool:
        """Return whether the call may go on."""
        is_member = roles.can_use_setup(request.user)
        return is_member and self.has_shown_factor(request) and self.has_scope(request, TokenScope.READ)

    def has_scope(self, request: Request, scope: TokenScope) -> bool:
        """Return whether the token of a call, if it has one, has `scope`; else `message` says what to do."""
        if may_call(request.auth, scope):
            return True
        self.message = _SCOPE_WORDS[scope]
        return False

    def has_shown_factor(self, request: Request) -> bool:
        """Return whether a person who needs a second factor has shown it; else `message` says what to do."""
        is_by_token = isinstance(request.auth, APIToken)
        # A token is no sign-in: its owner may be a script, and it opens nothing that is for administrators alone.
        step = roles.find_factor_step(
            request.user,
            records=get_authentication_records(request, request.user),
            groups=() if is_by_token else settings.LINKING["REQUIRE_MFA"],
        )
        if step is not roles.FactorStep.NONE:
            self.message = _FACTOR_WORDS[step]
        return step is roles.FactorStep.NONE


class MayRead(MayUseSetup):
    """Agents, leads and admins; an API token needs the scope `read`, and `refresh` for anything but reading."""

    message = gettext_lazy("Your account is in none of the groups agents, leads and admins.")

    def has_permission(self, request: Request, _view: Any) -> bool:
        """Return whether the call may go on; what it may do to a record, `roles` says."""
        if not roles.can_see_pages(request.user) or not self.has_shown_factor(request):
            return False
        return self.has_scope(request, TokenScope.READ if request.method in SAFE_METHODS else TokenScope.REFRESH)


class PerPerson(BaseThrottle):
    """1,200 calls a minute and person in each process; counted in memory, so no other service can make it fail."""

    _limiter = Limiter(per_minute=CALLS_PER_MINUTE)
    _wait_s = 0.0

    def allow_request(self, request: Request, _view: Any) -> bool:
        """Return whether the call may go on."""
        # Signed in or not is settled before; what is left over without a person shares one budget.
        self._wait_s = self._limiter.wait_s(key=str(request.user.pk), now=time.time())
        return self._wait_s == 0

    def wait(self) -> float:
        """Return the seconds until another call may come."""
        return self._wait_s
