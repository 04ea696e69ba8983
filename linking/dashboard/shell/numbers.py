"""Numbers that a form or an address sends."""


def parse_key(text: str) -> int:
    """Return the row key in `text`, -1, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
