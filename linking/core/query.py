"""Reads what a person typed or pasted into the search box: which record it names, in any of the forms in use."""

import re
from dataclasses import dataclass
from enum import StrEnum

from linking.core.text import clean_line

QUERY_MAX_CHARACTERS = 200
# The token is letters and digits; kept lenient, as Zendesk's own pages are.
_VISITOR = r"(?P<account>[0-9]{1,20})[.-](?P<token>[A-Za-z0-9]{1,100})"
_VISITOR_ID = re.compile(rf"{_VISITOR}\Z")
# `…#!7700123-ab3X` in Zendesk's address bar, `#supportchat:…` in a transcript, `visitor:…` as a nickname.
_NAMED_VISITOR = re.compile(rf"(?:#!|(?:^|[#/\s])(?:supportchat|visitor):){_VISITOR}(?![A-Za-z0-9])")
# Too long to be there by chance: one in an address, a sentence or a line of JSON is what is meant.
_UUID_IN_LINE = re.compile(r"(?<![0-9a-fA-F-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F-])")
_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}\Z")
# As mail programs copy it: Nadia Kovač <nadia@player.example>.
_EMAIL_IN_BRACKETS = re.compile(r"<(?:mailto:)?([^\s@<>\"]{1,64}@[^\s@<>\"]{1,190})>")
# What stands around an ID or an address that was copied out of a sentence, a list or a JSON answer.
_AROUND = " \t\"'`<>()[]{},;"
_PHONE = re.compile(r"\+?[0-9()\s./-]{5,40}\Z")
PHONE_MIN_DIGITS = 5


class QueryKind(StrEnum):
    """What the text looks like."""

    EMPTY = "empty"
    VISITOR_ID = "visitor_id"
    USER_ID = "user_id"
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`text` is the clean text to look for; `visitor_id` is in the dot form; `digits` are those of a phone number."""

    kind: QueryKind
    text: str = ""
    visitor_id: str = ""
    user_id: str = ""
    digits: str = ""


def parse_query(text: str) -> Query:
    """Return what `text` asks for. Any text is fine: it is cleaned and clipped to 200 characters, never refused."""
    # Clipped before it is cleaned as well: nobody pastes that much to look one record up.
    line = clean_line(text[: 20 * QUERY_MAX_CHARACTERS], max_characters=10 * QUERY_MAX_CHARACTERS)
    words = line[:QUERY_MAX_CHARACTERS].strip()
    if not words:
        return Query(kind=QueryKind.EMPTY)
    found = _VISITOR_ID.match(line.strip(_AROUND)) or _NAMED_VISITOR.search(line)
    if found:
        visitor_id = f"{found['account']}.{found['token']}"
        digits = found["account"] + found["token"]
        # 030-1234567 is a visitor ID in form and may be meant as a phone number.
        return Query(
            kind=QueryKind.VISITOR_ID, text=words, visitor_id=visitor_id, digits=digits if digits.isdigit() else ""
        )
    return _user_or_words(line=line, words=words)


def dot_form(visitor_id: str) -> str:
    """Return a visitor ID in the form it is stored in: Zendesk's pages write `-` where its REST API writes `.`."""
    found = _VISITOR_ID.match(visitor_id)
    return f"{found['account']}.{found['token']}" if found else visitor_id


def _user_or_words(*, line: str, words: str) -> Query:
    in_line = _UUID_IN_LINE.findall(line)
    if len(in_line) == 1:
        return Query(kind=QueryKind.USER_ID, text=in_line[0], user_id=in_line[0])
    in_brackets = _EMAIL_IN_BRACKETS.findall(words)
    address = in_brackets[0] if len(in_brackets) == 1 else words.strip(f"{_AROUND}.").removeprefix("mailto:")
    if _EMAIL.match(address):
        return Query(kind=QueryKind.EMAIL, text=address)
    digits = "".join(character for character in words if character.isdigit())
    if _PHONE.match(words) and len(digits) >= PHONE_MIN_DIGITS:
        return Query(kind=QueryKind.PHONE, text=words, digits=digits)
    return Query(kind=QueryKind.TEXT, text=words)
