"""Facts about this machine and its settings; none needs a service."""

import platform
import shlex
import shutil
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from linking.monitoring import storage
from zdbridge.installation_doctor.facts import Fact


def check_settings() -> Iterator[Fact]:
    """Tell the version, and what Django's and our own system checks find."""
    found = [message for message in run_checks() if message.level >= ERROR and not message.is_silenced()]
    if not found:
        values = {"version": settings.VERSION, "python": platform.python_version(), "folder": settings.DATA_DIR}
        detail = _("zdbridge %(version)s, Python %(python)s, data in %(folder)s.") % values
        yield Fact(name="settings", detail=detail)
    for message in found:
        remedy = str(message.hint or "") or "manage.py check --deploy"
        yield Fact(name="settings", is_bad=True, detail=f"{message.msg} ({message.id})", remedy=remedy)


def check_hosts() -> Iterator[Fact]:
    """Tell by which names and through which proxies the product is reached."""
    names = ", ".join(settings.ALLOWED_HOSTS)
    if settings.IS_PUBLIC and not settings.TRUSTED_PROXIES:
        detail = _("Reached as %(names)s, and no proxy is trusted: behind one, all players share its address.")
        remedy = _("Set ZDBRIDGE_TRUSTED_PROXIES to the proxy's address.")
        yield Fact(name="hosts", is_bad=True, detail=detail % {"names": names}, remedy=remedy)
    else:
        yield Fact(name="hosts", detail=_("Reached as %(names)s.") % {"names": names})


def check_disk() -> Iterator[Fact]:
    """Tell whether the data folder takes anything."""
    folder = settings.DATA_DIR
    flaws = list(storage.find_folder_flaws(folder))
    for flaw in flaws:
        yield Fact(name="disk", is_bad=True, detail=flaw.detail, remedy=f"df -h {shlex.quote(str(folder))}")
    if not flaws:
        free_mb = shutil.disk_usage(folder).free // 1_000_000
        yield Fact(
            name="disk", detail=_("The data folder can be written; %(number)d MB are free.") % {"number": free_mb}
        )


def check_mail() -> Iterator[Fact]:
    """Tell whether the mail server answers; none is set on many installations."""
    if not settings.HAS_MAIL:
        yield Fact(name="mail", detail=_("EMAIL_URL is not set: no mail is sent."))
        return
    connection = get_connection(fail_silently=False)
    try:
        connection.open()
        connection.close()
    except OSError as error:
        detail = _("The mail server does not answer (%(error)s).") % {"error": type(error).__name__}
        yield Fact(name="mail", is_bad=True, detail=detail, remedy=_("Check EMAIL_URL."))
    else:
        yield Fact(name="mail", detail=_("The mail server answers."))
