"""What a sync read and how long it waited, in a line below its row."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.times import format_epoch
from linking.models import SyncRun
from linking.models.sync.sync_run import LEFT_COUNTED_MOST


def describe_run(run: SyncRun, *, duration: Callable[[timedelta], str]) -> str:
    """Return which part of the export was read, in how many pages, and what came of it that has no column of its own.

    What did not happen is left out. `duration` puts a time in words.
    """
    waiting = ngettext("%s waiting for lookup", "%s waiting for lookup", run.lookups_left)
    counted = (
        (run.pages, ngettext("%s page", "%s pages", run.pages)),
        (run.visitors_found, ngettext("%s new visitor", "%s new visitors", run.visitors_found)),
        (run.anonymous, _("%s anonymous")),
        (run.gone, _("%s deleted in Zendesk")),
        (run.lookups_left, waiting if run.lookups_left < LEFT_COUNTED_MOST else _("more than %s waiting for lookup")),
    )
    parts = [_describe_window(run), *(words % intcomma(number) for number, words in counted if number)]
    if run.waited_s:
        parts.append(_("waited %s") % duration(timedelta(seconds=run.waited_s)))
    return " · ".join(part for part in parts if part)


def _describe_window(run: SyncRun) -> str:
    """Return from where to where the export was read, "" for a run that did not read it."""
    if run.cursor_from_epoch_s is None:
        return ""
    start = format_epoch(run.cursor_from_epoch_s)
    if run.cursor_to_epoch_s is None:
        return _("Chats from %s, none new") % start if run.cursor_from_epoch_s else _("All chats, none new")
    words = _("Chats from %(start)s to %(end)s") if run.cursor_from_epoch_s else _("All chats up to %(end)s")
    return words % {"start": start, "end": format_epoch(run.cursor_to_epoch_s)}
