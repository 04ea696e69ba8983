"""How the JSON API says what is wrong: always with a `detail`, one text, whatever else there is to say."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

TOO_DEEP = gettext_lazy("The body is nested too deeply.")


def answer_with_detail(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the framework's answer to `error` with a `detail`; None for an accident, which stays one.

    What is wrong with single fields stays under their names beside it.
    """
    # The framework's parser lets it out: JSON that is no deeper than it is long.
    if isinstance(error, RecursionError):
        error = ParseError(TOO_DEEP)
    response = exception_handler(error, context)
    if response is not None and not isinstance(_detail_of(response.data), str):
        fields = response.data if isinstance(response.data, Mapping) else {}
        response.data = {**fields, "detail": " ".join(_sentences(response.data))}
    return response


def _detail_of(data: Any) -> Any:
    return data.get("detail") if isinstance(data, Mapping) else None


def _sentences(data: Any) -> list[str]:
    """Return every sentence in an answer, each with the field that it is about."""
    if isinstance(data, Mapping):
        return [
            sentence if name in ("detail", "non_field_errors") else f"{name}: {sentence}"
            for name, inner in data.items()
            for sentence in _sentences(inner)
        ]
    if isinstance(data, list | tuple):
        return [sentence for inner in data for sentence in _sentences(inner)]
    return [str(data)]
