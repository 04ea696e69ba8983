"""Errors sent to Sentry, or to whatever speaks its protocol (GlitchTip), if `SENTRY_DSN` is set.

The package is an extra: `pip install sentry-sdk`. What is sent is redacted as the log is, and holds no form, cookie,
header, address, variable or SQL.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from linking.core import request_ids
from zdbridge.logs import redact

PACKAGE = "sentry_sdk"
# What of a request may be sent; its path is redacted like any text.
_OF_REQUEST = ("method", "url")
_DROPPED = ("user", "server_name", "modules", "breadcrumbs", "extra")


def is_installed() -> bool:
    """Return whether the package is there."""
    return importlib.util.find_spec(PACKAGE) is not None


def start() -> None:
    """Begin to send errors, if the operator wants that and the package is there."""
    if not settings.SENTRY_DSN or not is_installed():
        return
    # Only who wants it has it installed.
    sentry: Any = importlib.import_module(PACKAGE)
    sentry.init(
        dsn=settings.SENTRY_DSN,
        release=str(settings.LINKING.get("VERSION", "")) or None,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        auto_session_tracking=False,
        before_send=clean_event,
    )


def clean_event(event: dict[str, Any], _hint: Any = None) -> dict[str, Any]:
    """Return an event as it may leave: redacted, and without what it need not hold."""
    kept = {name: value for name, value in event.items() if name not in _DROPPED}
    request = kept.get("request")
    if isinstance(request, Mapping):
        kept["request"] = {name: request[name] for name in _OF_REQUEST if name in request}
    if request_id := request_ids.read_current():
        kept["tags"] = {**dict(kept.get("tags") or {}), "request": request_id}
    cleaned: dict[str, Any] = _clean(kept)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _clean(part) for key, part in value.items() if key != "vars"}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value
