"""How pages write a time: in the reader's time zone. Every template has `render_time` as the filter `ago`."""

from datetime import UTC, date, datetime, timedelta

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# Older times are shown as a date; the page's script counts the same days for the others.
RELATIVE_FOR = timedelta(days=30)
_AGO = '<relative-time datetime="{}" prefix="" threshold="P30D" class="nowrap" title="{}" no-title>{}</relative-time>'
# In a list a script makes the tooltip, of the text that is there anyway.
_AGO_IN_ROW = '<relative-time datetime="{}" no-title>{}</relative-time>'
_DATE_IN_ROW = '<time datetime="{}" title="{}">{}</time>'
_DATE = '<time datetime="{}" class="nowrap" title="{}">{}</time>'
register = template.Library()


@register.filter("ago")
def render_time(at: datetime | None) -> str:
    """Return an element that says how long ago an aware time is, or its date where that is clearer; "" for None."""
    if at is None:
        return ""
    local = localtime(at)
    is_near = abs(now() - at) < RELATIVE_FOR
    text = date_format(local, "DATETIME_FORMAT" if is_near else "DATE_FORMAT")
    whole = format_full_time(at)
    return format_html(_AGO if is_near else _DATE, local.isoformat(), whole, text)


@register.filter("ago_in_row")
def render_time_in_row(at: datetime) -> str:
    """Return the element of `render_time` with fewer letters, for a cell that many rows have."""
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if abs(now() - at) < RELATIVE_FOR:
        return format_html(_AGO_IN_ROW, stamp, format_time(at))
    return format_html(_DATE_IN_ROW, stamp, format_full_time(at), format_day(localtime(at)))


@register.filter("clock")
def render_clock(at: datetime) -> str:
    """Return an element with the hour of an aware time, for a list whose headings name the day."""
    local = localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), format_full_time(at), format_clock(at)
    )


def format_full_time(at: datetime) -> str:
    """Return an aware time as `29 November 2026, 10:02:05 CET`."""
    return date_format(localtime(at), pgettext("format of a full time", "j F Y, H:i:s T"))


def format_time(at: datetime) -> str:
    """Return an aware time as `29 Nov 2026, 10:02 CET`."""
    return date_format(localtime(at), "DATETIME_FORMAT")


def format_clock(at: datetime) -> str:
    """Return the hour of an aware time as `10:02`, for a scale that names the day elsewhere."""
    return date_format(localtime(at), "TIME_FORMAT")


def format_hour(at: datetime) -> str:
    """Return an aware time of these weeks as `29 Nov, 10:02`, for plots and their tables."""
    return date_format(localtime(at), pgettext("format of a day and an hour", "j M, H:i"))


def format_day(day: date) -> str:
    """Return a day as `29 Nov 2026`."""
    return date_format(day, "DATE_FORMAT")


def format_near_day(day: date) -> str:
    """Return a day of this or the last half-year as `29 Nov`, for plots and their tables."""
    return date_format(day, pgettext("format of a day of these weeks", "j M"))


def format_weekday(at: datetime) -> str:
    """Return the day of an aware time as `Sun 29`, for a scale of some days."""
    return date_format(localtime(at), pgettext("format of a weekday", "D j"))


def format_epoch(epoch_s: int) -> str:
    """Return epoch seconds as `format_time` does."""
    return format_time(datetime.fromtimestamp(epoch_s, tz=UTC))


def format_duration(took: timedelta) -> str:
    """Return a duration short enough for a table."""
    seconds = max(0.0, took.total_seconds())
    if seconds < 10:
        return _("%.1f s") % seconds
    if seconds < 120:
        return _("%d s") % seconds
    return _("%d min") % (seconds // 60) if seconds < 7200 else _("%d h") % (seconds // 3600)
