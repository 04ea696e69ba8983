"""Writes what stands in a token as text for a page: strangers wrote it."""

import json
from typing import Any

from linking.core.text import clean_line

CLAIM_MAX_CHARACTERS = 200


def write_claim(value: Any) -> str:
    """Return a claim, or its name, as one clean line of bounded length; what is no text is written as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean_line(text, max_characters=CLAIM_MAX_CHARACTERS)
