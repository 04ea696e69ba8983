"""Log lines: one JSON object each, control characters escaped, secrets and identities cut out."""

import json
import logging
from datetime import UTC, datetime

from linking.core.redaction import redact


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
