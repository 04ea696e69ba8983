"""Request IDs: a proxy's `X-Request-ID` or our own, in log lines, through to tasks, back in the answer."""

from collections.abc import Callable
from typing import Any

from celery import signals
from django.http import HttpRequest, HttpResponse

from linking.core.request_ids import HEADER, create, is_usual, read_current, read_sent, set_current

# The header of a Celery message.
MESSAGE_HEADER = "zdbridge_request"
_TOKEN_PATH = "/generate/token"  # noqa: S105


class RequestIDs:
    """Middleware before all others: everything that a request causes carries its ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        request_id = read_sent(request.META) or create()
        set_current(request_id)
        response = self._get_response(request)
        # A token's answer has the headers that the front gives it, too: an ID only where one was sent.
        if read_sent(request.META) or not request.path_info.startswith(_TOKEN_PATH):
            response.headers.setdefault(HEADER, request_id)
        return response


def connect() -> None:
    """Pass IDs on with the messages of Celery."""
    uid = "zdbridge.watching.request_ids"
    signals.before_task_publish.connect(_put_into_message, dispatch_uid=uid, weak=False)
    signals.task_prerun.connect(_take_from_message, dispatch_uid=uid, weak=False)
    signals.task_postrun.connect(_forget, dispatch_uid=uid, weak=False)


def _put_into_message(headers: dict[str, Any] | None = None, **_details: Any) -> None:
    request_id = read_current()
    if headers is not None and request_id:
        headers[MESSAGE_HEADER] = request_id


def _take_from_message(task: Any = None, task_id: str = "", **_details: Any) -> None:
    sent = getattr(getattr(task, "request", None), MESSAGE_HEADER, None)
    # What the scheduler starts has no request; its lines still belong together.
    set_current(str(sent) if sent and is_usual(str(sent)) else task_id.replace("-", "")[:16])


def _forget(**_details: Any) -> None:
    set_current("")
