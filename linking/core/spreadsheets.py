"""Text that a spreadsheet must not run."""

# What spreadsheets take for the beginning of a formula, with the full-width forms some of them treat alike.
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """Return `text` with an apostrophe before it where a spreadsheet could take it for a formula."""
    return f"'{text}" if text.startswith(_TRIGGERS) or text.lstrip().startswith(_TRIGGERS) else text
