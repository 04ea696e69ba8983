"""An API token as the admin handles it."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy


class APIToken(TokenProxy):
    """The framework's token under a name that does not give it away: wherever an object is named, its text is shown."""

    class Meta:
        proxy = True
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"API token of {self.user.get_username()}"
