"""Makes one JSON object of each line that a child of `up` prints, for log collectors."""

import json
from datetime import UTC, datetime


def build_log_line(process: str, line: str) -> str:
    """Return `line` as JSON on one line, with the name of the process as the field `process`.

    A line that is a JSON object already keeps its fields; any other one becomes the `message`.
    """
    try:
        content = json.loads(line) if line.startswith("{") else None
    except ValueError:
        content = None
    if not isinstance(content, dict) or "message" not in content:
        content = {
            "at": datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "logger": "output",
            "message": line,
        }
    return json.dumps({**content, "process": process})
