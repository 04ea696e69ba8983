"""Reads what a person typed or pasted into the search box: which record it names, in any of the forms in use."""

import re
from dataclasses import dataclass
from enum import StrEnum

from linking.core.text import clean_line

QUERY_MAX_CHARACTERS = 200
_IDS_MAX = 5
# The token is letters and digits; kept lenient, as Zendesk's own pages are.
_VISITOR = r"(?P<account>[0-9]{1,20})[.-](?P<token>[A-Za-z0-9]{1,100})"
_VISITOR_ID = re.compile(rf"{_VISITOR}\Z")
# `…#!7700123-ab3X` in Zendesk's address bar, `#supportchat:…` in a transcript, `visitor:…` as a nickname.
_NAMED_VISITOR = re.compile(rf"(?:#!|(?:^|[#/\s])(?:supportchat|visitor):){_VISITOR}(?![A-Za-z0-9])")
# Amid other words an ID is told from a date or a version by its length and by a letter in its token.
_VISITOR_IN_LINE = re.compile(
    r"(?<![\w.-])(?P<account>[0-9]{1,20})[.-](?P<token>(?=[0-9]*[A-Za-z])[A-Za-z0-9]{10,100})(?![\w.-]*\w)"
)
# `2611.7700123.SbQ2`: a number, the account, a token. Four parts are an address of the internet.
_CHAT_ID = re.compile(r"(?<![\w.-])[0-9]{1,6}\.[0-9]{1,20}\.[A-Za-z0-9]{1,100}(?![\w-]|\.\w)")
_TICKET = re.compile(
    r"(?:\.zendesk\.com/(?:[^\s?]*/)?(?:tickets|requests)/|^ticket(?:[ _-]?id)?\W{0,3})"
    r"(?P<number>[0-9]{1,20})(?![0-9])",
    re.IGNORECASE,
)
# The agents' page of a user: `https://acme.zendesk.com/agent/users/21478836475/requested_tickets`.
_AGENTS_PAGE = re.compile(r"/agent/users/(?P<number>[0-9]{1,20})(?![0-9A-Za-z])")
# Too long to be there by chance: one in an address, a sentence or a line of JSON is what is meant.
_UUID_IN_LINE = re.compile(r"(?<![0-9a-fA-F-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F-])")
_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}\Z")
_EMAIL_IN_LINE = re.compile(
    r"[^\s@<>\"()\[\]{},;:=/|]{1,64}@[^\s@<>\"()\[\]{},;:=/|]{1,150}\.[^\s@<>\"()\[\]{},;:=/|]{2,40}"
)
# What stands around an ID or an address that was copied out of a sentence, a list or a JSON answer.
_AROUND = " \t\"'`<>()[]{},;"
_ENDS_SENTENCE = ".!?:"
# "External ID 0007…", `"external_id": "…"`, "Visitor ID: …": an ID may follow a blank, other things need a mark.
_ID_LABEL = re.compile(
    r"(?:(?:\A|[\s{,(\"'])(?P<marked>external|visitor|login[ _-]?user|user|chat)[ _-]?id[\"']?\s*[:=]"
    r"|\A[\"'{(\s]*(?P<plain>external|visitor|login[ _-]?user|user|chat)[ _-]?id\s)\s*(?P<rest>\S.*)",
    re.IGNORECASE,
)
_OTHER_LABEL = re.compile(
    r"\A(?:e-?mail(?: address)?|phone(?: number)?|tel|name|sub)\s*[:=]\s*(?P<rest>\S.*)", re.IGNORECASE
)
_OPERATOR = re.compile(r"(?<!\S)(?P<name>[a-z][a-z_-]{1,15}):(?P<value>[^\s/]\S*)", re.IGNORECASE)
_NO_OPERATORS = frozenset({"http", "https", "mailto", "visitor", "supportchat", "tel"})
_PHONE = re.compile(r"\+?[0-9()\s./-]{5,40}\Z")
PHONE_MIN_DIGITS = 5


class QueryKind(StrEnum):
    """What the text looks like."""

    EMPTY = "empty"
    VISITOR_ID = "visitor_id"
    CHAT_ID = "chat_id"
    TICKET = "ticket"
    USER_ID = "user_id"
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`text` is the clean text to look for, `words` what it consists of.

    `visitor_id` is in the dot form; `user_id` is the first of `user_ids`, all that may be meant; `digits` are those of
    a phone number; `ticket` is a ticket's number; `operator` and `operator_value` are of a word such as `is:linked`.
    """

    kind: QueryKind
    text: str = ""
    visitor_id: str = ""
    user_ids: tuple[str, ...] = ()
    chat_id: str = ""
    digits: str = ""
    ticket: str = ""
    operator: str = ""
    operator_value: str = ""

    @property
    def user_id(self) -> str:
        """The first user ID that may be meant, "" for none."""
        return next(iter(self.user_ids), "")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `text`, without the marks around them."""
        return tuple(dict.fromkeys(word.strip(_AROUND) or word for word in self.text.split()))


EMPTY_QUERY = Query(kind=QueryKind.EMPTY)


def parse_query(text: str) -> Query:
    """Return what `text` asks for. Any text is fine: it is cleaned and clipped to 200 characters, never refused.

    Of several IDs and addresses in a sentence, the first counts.
    """
    # Clipped before it is cleaned as well: nobody pastes that much to look one record up.
    line = clean_line(text[: 20 * QUERY_MAX_CHARACTERS], max_characters=10 * QUERY_MAX_CHARACTERS)
    words = line[:QUERY_MAX_CHARACTERS].strip()
    if not words:
        return EMPTY_QUERY
    bare = line.strip(_AROUND)
    if agents_page := _AGENTS_PAGE.search(line):
        number = agents_page["number"]
        return Query(kind=QueryKind.VISITOR_ID, text=number, visitor_id=number)
    named = _VISITOR_ID.match(bare) or _NAMED_VISITOR.search(line)
    if named:
        return _visitor(named, words=words)
    if chat := _CHAT_ID.search(line):
        return Query(kind=QueryKind.CHAT_ID, text=chat[0], chat_id=chat[0])
    if ticket := _TICKET.search(line):
        return Query(kind=QueryKind.TICKET, text=words, ticket=ticket["number"])
    return _parse_label(line) or _first_named(line) or _words(words)


def dot_form(visitor_id: str) -> str:
    """Return a visitor ID in the form it is stored in: Zendesk's pages write `-` where its REST API writes `.`."""
    found = _VISITOR_ID.match(visitor_id)
    return f"{found['account']}.{found['token']}" if found else visitor_id


def _visitor(found: re.Match[str], *, words: str) -> Query:
    visitor_id = f"{found['account']}.{found['token']}"
    digits = found["account"] + found["token"]
    # 030-1234567 is a visitor ID in form and may be meant as a phone number.
    is_phone = digits.isdigit() and len(digits) >= PHONE_MIN_DIGITS
    return Query(kind=QueryKind.VISITOR_ID, text=words, visitor_id=visitor_id, digits=digits if is_phone else "")


def _parse_label(line: str) -> Query | None:
    found = _ID_LABEL.search(line)
    if found is None:
        return None
    rest = found["rest"].strip(_AROUND)[:QUERY_MAX_CHARACTERS]
    first = rest.split()[0].strip(f"{_AROUND}{_ENDS_SENTENCE}") if rest else ""
    first = re.split(r"[\"',;}]", first)[0]
    if not first or _UUID_IN_LINE.search(rest):
        return None  # the longer form of an ID is found by itself
    if (found["marked"] or found["plain"]).lower() == "visitor":
        return Query(kind=QueryKind.VISITOR_ID, text=first, visitor_id=dot_form(first))
    # An ID that the site chose may hold blanks.
    return Query(kind=QueryKind.USER_ID, text=first, user_ids=tuple(dict.fromkeys((rest, first))))


def _first_named(line: str) -> Query | None:
    """Return the first user ID, address or visitor ID of a sentence."""
    whole = line.strip(f"{_AROUND}.").removeprefix("mailto:")
    if _EMAIL.match(whole):
        return Query(kind=QueryKind.EMAIL, text=whole[:QUERY_MAX_CHARACTERS])
    uuids = list(_UUID_IN_LINE.finditer(line))
    found = [one for one in (*uuids[:1], _EMAIL_IN_LINE.search(line), _VISITOR_IN_LINE.search(line)) if one]
    if not found:
        return None
    first = min(found, key=lambda one: one.start())
    if first.re is _UUID_IN_LINE:
        ids = tuple(dict.fromkeys(one[0] for one in uuids))[:_IDS_MAX]
        return Query(kind=QueryKind.USER_ID, text=ids[0], user_ids=ids)
    if first.re is _EMAIL_IN_LINE:
        return Query(kind=QueryKind.EMAIL, text=first[0].strip(f"'`{_ENDS_SENTENCE}"))
    return _visitor(first, words=first[0])


def _words(words: str) -> Query:
    if label := _OTHER_LABEL.match(words):
        words = label["rest"]
    digits = "".join(character for character in words if character in "0123456789")
    if _PHONE.match(words) and len(digits) >= PHONE_MIN_DIGITS:
        return Query(kind=QueryKind.PHONE, text=words, digits=digits)
    operator = next((one for one in _OPERATOR.finditer(words) if one["name"].lower() not in _NO_OPERATORS), None)
    return Query(
        kind=QueryKind.TEXT,
        text=words,
        operator=operator["name"].lower() if operator else "",
        operator_value=operator["value"].lower() if operator else "",
    )
