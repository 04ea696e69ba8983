"""How fast a pass looks visitors up, and how long the rest takes, in words."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Before so many visitors and seconds a rate says more about chance than about the pass.
RATE_AFTER_LOOKUPS = 10
RATE_AFTER = timedelta(seconds=5)


def format_rough_time(time: timedelta) -> str:
    """Return a rough duration in words, which fit behind “takes” and before “left”."""
    minutes = time.total_seconds() / 60
    if minutes < 1:
        return _("less than a minute")
    if minutes < 90:
        return ngettext("about %d minute", "about %d minutes", round(minutes)) % round(minutes)
    if minutes < 48 * 60:
        return ngettext("about %d hour", "about %d hours", round(minutes / 60)) % round(minutes / 60)
    return ngettext("about %d day", "about %d days", round(minutes / 1440)) % round(minutes / 1440)
