"""Log lines: one JSON object each, control characters escaped, secrets and identities cut out."""

import json
import logging
import re
from datetime import UTC, datetime

_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_CREDENTIAL = re.compile(
    r"(?i)(authorization|cookie|bearer|token|secret|password|api[_-]?key|access[_-]?key)(\"?'?\s*[:= ]\s*\"?'?)"
    r"(?:bearer\s+|token\s+|basic\s+)?[^\s\"',;&]{6,}"
)
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_EMAIL = re.compile(r"[^\s\"'<>(),:;@/=\[\]{}]+@[^\s\"'<>(),:;@/=\[\]{}]+\.[^\s\"'<>(),:;@/=\[\]{}]+")


class RedactingFilter(logging.Filter):
    """Puts the arguments into the message and cuts out what must not be written down."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True always; the record's message is replaced by its redacted text."""
        record.msg, record.args = redact(record.getMessage()), None
        return True


class JSONFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message"}` and, for an error, a redacted `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`; JSON escapes line ends, so one event stays one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)


def redact(text: str) -> str:
    """Return `text` with everything that looks like a token, credential or e-mail address replaced by a marker."""
    text = _JWT.sub("[token]", text)
    text = _URL_PASSWORD.sub("[credentials]", text)
    text = _CREDENTIAL.sub(lambda match: f"{match[1]}{match[2]}[cut]", text)
    return _EMAIL.sub("[e-mail]", text)
