"""Log lines: one JSON object each, control characters escaped, secrets and identities cut out."""

import json
import logging
import re
from datetime import UTC, datetime

from linking.core import request_ids

_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_CREDENTIAL = re.compile(
    r"(?i)(authorization|cookie|bearer|token|secret|password|api[_-]?key|access[_-]?key)(\"?'?\s*[:= ]\s*\"?'?)"
    r"(?:bearer\s+|token\s+|basic\s+)?[^\s\"',;&]{6,}"
)
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_EMAIL = re.compile(r"[^\s\"'<>(),:;@/=\[\]{}]+@[^\s\"'<>(),:;@/=\[\]{}]+\.[^\s\"'<>(),:;@/=\[\]{}]+")


class RedactingFilter(logging.Filter):
    """Replaces each message by its redacted text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the message of `record`, arguments included; return True, so that it is logged."""
        record.msg, record.args = redact(record.getMessage()), None
        return True


class JSONFormatter(logging.Formatter):
    """Formats a record as `{"at", "level", "logger", "message"}`, with a redacted `traceback` for an error.

    `request` is the ID of the request or task that caused it, where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one line for `record`; JSON escapes its line ends."""
        line = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := request_ids.read_current():
            line["request"] = request_id
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)


def redact(text: str) -> str:
    """Replace everything in `text` that looks like a token, a credential or an e-mail address."""
    text = _JWT.sub("[token]", text)
    text = _URL_PASSWORD.sub("[credentials]", text)
    text = _CREDENTIAL.sub(lambda match: f"{match[1]}{match[2]}[cut]", text)
    return _EMAIL.sub("[e-mail]", text)
