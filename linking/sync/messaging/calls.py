"""One call to Zendesk Support, counted in its class: Zendesk limits the export of users apart from all other calls."""

from collections.abc import Callable
from typing import TypeVar

from linking.sync.work import Work

T = TypeVar("T")


def ask(work: Work, call: Callable[[], T], *, is_export: bool = False) -> T:
    """Return what `call` returns, sooner or later. Where Zendesk says that none are left, every worker waits.

    Raises: PassStopped and whatever `call` raises that another try would not mend.
    """
    caller = work.export_caller if is_export else work.caller
    answer = caller.ask(call)
    caller.rest(seconds=work.client.used_up_s)
    return answer
