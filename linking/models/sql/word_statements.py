"""The SQL that keeps the tables of words, for SQLite and for PostgreSQL: all constants of this file.

What holds an address or a phone number is judged here once more, in SQL, and more strictly than
`linking.core.masking` does: whatever is masked there must stand among the contact data here.
"""

# ruff: noqa: S608  every statement is made of constants of this file
from hashlib import sha256

from linking.core.masking import DIGITS

_PHONE_DIGITS_AT_LEAST = 7
VISITOR_WORDS, WAITING_WORDS = "linking_visitorwords", "linking_waitingwords"
_MARKS = (" ", "-", "(", ")", "+", ".", "/")
_JOINED = (
    "linking_visitor v LEFT JOIN linking_visitorlink l ON l.visitor_id = v.id AND l.ended_at IS NULL"
    " LEFT JOIN linking_loginuser u ON u.id = l.login_user_id"
)
_VISITOR_FIELDS = ("name", "email", "phone", "visitor_id", "external_id")
_LINK_FIELDS = ("visitor_id", "login_user_id", "ended_at")
_IS_WAITING = "{row}.is_seen_in_chat = {no} AND {row}.first_authenticated_at IS NOT NULL"
PREFIX = "words_"


def _holds_contact_sqlite(column: str) -> str:
    """Zendesk calls nameless visitors `Visitor 12345678`, which is nobody's phone number."""
    is_given = (
        f"(lower({column}) GLOB 'visitor [0-9]*' AND substr({column}, 9) NOT GLOB '*[^0-9]*' AND length({column}) < 18)"
    )
    pattern = "*" + f"[{DIGITS}]*" * _PHONE_DIGITS_AT_LEAST
    return f"(instr({column}, '@') > 0 OR ({column} GLOB '{pattern}' AND NOT {is_given}))"


def _holds_contact_postgresql(column: str) -> str:
    pattern = f"([{DIGITS}][^{DIGITS}]*){{{_PHONE_DIGITS_AT_LEAST}}}"
    return f"({column} ~ '@' OR ({column} ~ '{pattern}' AND {column} !~* '^visitor [0-9]{{1,9}}$'))"


def _is_contact_sqlite(column: str) -> str:
    return f"(instr({column}, '@') > 0 OR {column} GLOB '+[{DIGITS}]*')"


def _is_contact_postgresql(column: str) -> str:
    return f"({column} ~ '@|^\\+[{DIGITS}]')"


def _digits_sqlite(column: str) -> str:
    for mark in _MARKS:
        column = f"replace({column}, '{mark}', '')"
    return column


def _digits_postgresql(column: str) -> str:
    return f"regexp_replace({column}, '\\D', '', 'g')"


class WordColumns:
    """The two texts of a visitor (`v`, linked user `u`) and of a waiting user (`u`) in one database's SQL."""

    def __init__(self, *, vendor: str) -> None:
        is_sqlite = vendor == "sqlite"
        self._holds = _holds_contact_sqlite if is_sqlite else _holds_contact_postgresql
        self._is = _is_contact_sqlite if is_sqlite else _is_contact_postgresql
        self._digits = _digits_sqlite if is_sqlite else _digits_postgresql
        self.no = "0" if is_sqlite else "false"

    def of_visitor(self) -> str:
        """Return `plain` and `contact`, as two columns."""
        name, known, user_name = self._holds("v.name"), self._is("v.external_id"), self._holds("u.name")
        plain = (
            f"CASE WHEN {name} THEN '' ELSE v.name END",
            "v.visitor_id",
            f"CASE WHEN {known} THEN '' ELSE v.external_id END",
            f"CASE WHEN u.name IS NULL OR {user_name} THEN '' ELSE u.name END",
        )
        contact = (
            "v.email",
            "v.phone",
            self._digits("v.phone"),
            f"CASE WHEN {name} AND v.name <> v.email THEN v.name ELSE '' END",
            f"CASE WHEN {known} THEN v.external_id ELSE '' END",
            "CASE WHEN u.email IS NULL OR u.email = v.email THEN '' ELSE u.email END",
            f"CASE WHEN u.name IS NOT NULL AND {user_name} AND u.name <> u.email THEN u.name ELSE '' END",
        )
        return f"{_between_blanks(plain)}, {_between_blanks(contact, is_whole=True)}"

    def of_waiting(self) -> str:
        """Return `plain` and `contact`, as two columns."""
        name, known = self._holds("u.name"), self._is("u.user_id")
        plain = (f"CASE WHEN {name} THEN '' ELSE u.name END", f"CASE WHEN {known} THEN '' ELSE u.user_id END")
        contact = (
            "u.email",
            f"CASE WHEN {name} AND u.name <> u.email THEN u.name ELSE '' END",
            f"CASE WHEN {known} THEN u.user_id ELSE '' END",
        )
        return f"{_between_blanks(plain)}, {_between_blanks(contact, is_whole=True)}"

    def is_waiting(self, row: str) -> str:
        """Return the condition that a Login user waits to be seen in Chat."""
        return _IS_WAITING.format(row=row, no=self.no)


def _between_blanks(fields: tuple[str, ...], *, is_whole: bool = False) -> str:
    told = [f"replace({field}, ' ', '_')" if is_whole else field for field in fields]
    return "lower(' ' || " + " || ' ' || ".join(told) + " || ' ')"


def _differ(fields: tuple[str, ...], *, word: str) -> str:
    return " OR ".join(f"old.{field} {word} new.{field}" for field in fields)


def fill(*, vendor: str, where: str = "true") -> tuple[str, str]:
    """Return the statements that write the words of all visitors, and of all waiting users, who have none yet."""
    words = WordColumns(vendor=vendor)
    if_new = " ON CONFLICT DO NOTHING"
    return (
        (
            f"INSERT INTO {VISITOR_WORDS} (visitor_id, plain, contact) SELECT v.id, {words.of_visitor()}"
            f" FROM {_JOINED} WHERE {where}{if_new}"
        ),
        (
            f"INSERT INTO {WAITING_WORDS} (login_user_id, plain, contact) SELECT u.id, {words.of_waiting()}"
            f" FROM linking_loginuser u WHERE {words.is_waiting('u')}{if_new}"
        ),
    )


def _name_triggers(statements: dict[str, str], *, vendor: str) -> dict[str, str]:
    """Return the triggers, each under a name that changes with what they all do, so that old ones are known as such."""
    mark = sha256("".join((*statements.values(), *functions(), *fill(vendor=vendor))).encode()).hexdigest()[:8]
    return {
        f"{PREFIX}{mark}_{name}": f"CREATE TRIGGER {PREFIX}{mark}_{name} {body}" for name, body in statements.items()
    }


def triggers(*, vendor: str) -> dict[str, str]:
    """Return the statements that make the triggers, by the triggers' names."""
    return _name_triggers(_sqlite_triggers() if vendor == "sqlite" else _postgresql_triggers(), vendor=vendor)


# --- SQLite ---------------------------------------------------------------------------------------------------------
def full_text(table: str) -> str:
    """Return the name of a words table's full-text index."""
    return f"{table}_fts"


def full_text_tables(*tables: str) -> tuple[str, ...]:
    """Return the statements that make the full-text indexes of `tables`, which triggers on these keep."""
    return tuple(
        f"CREATE VIRTUAL TABLE {full_text(table)} USING fts5(plain, contact, content='', tokenize='trigram')"
        for table in tables
    )


def _sqlite_triggers() -> dict[str, str]:
    return {
        **full_text_triggers(VISITOR_WORDS, key="visitor_id"),
        **full_text_triggers(WAITING_WORDS, key="login_user_id"),
        **_sqlite_visitor_triggers(),
        **_sqlite_user_triggers(),
    }


def full_text_triggers(table: str, *, key: str) -> dict[str, str]:
    """Return what triggers on `table` do to keep its full-text index of `plain` and `contact`, by their names."""
    index = full_text(table)
    added = f"INSERT INTO {index}(rowid, plain, contact) VALUES (new.{key}, new.plain, new.contact);"
    # A contentless table forgets a row when it is told exactly what it held.
    dropped = (
        f"INSERT INTO {index}({index}, rowid, plain, contact) VALUES ('delete', old.{key}, old.plain, old.contact);"
    )
    is_changed = _differ(("plain", "contact"), word="IS NOT")
    return {
        f"{index}_added": f"AFTER INSERT ON {table} BEGIN {added} END",
        f"{index}_dropped": f"AFTER DELETE ON {table} BEGIN {dropped} END",
        f"{index}_changed": f"AFTER UPDATE ON {table} WHEN {is_changed} BEGIN {dropped} {added} END",
    }


def _sqlite_visitor_triggers() -> dict[str, str]:
    words = WordColumns(vendor="sqlite").of_visitor()

    def renew(whose: str) -> str:
        found = f"SELECT {words} FROM {_JOINED} WHERE v.id = {VISITOR_WORDS}.visitor_id"
        return f"UPDATE {VISITOR_WORDS} SET (plain, contact) = ({found}) WHERE visitor_id {whose};"

    linked = "IN (SELECT visitor_id FROM linking_visitorlink WHERE login_user_id = new.id AND ended_at IS NULL)"
    add = (
        f"INSERT INTO {VISITOR_WORDS} (visitor_id, plain, contact) SELECT v.id, {words}"
        f" FROM {_JOINED} WHERE v.id = new.id;"
    )
    # A link may be dropped after its visitor, whose words are gone by then.
    unlinked = "= old.visitor_id AND EXISTS (SELECT 1 FROM linking_visitor WHERE id = old.visitor_id)"
    return {
        "visitor_added": f"AFTER INSERT ON linking_visitor BEGIN {add} END",
        "visitor_changed": (
            f"AFTER UPDATE ON linking_visitor WHEN {_differ(_VISITOR_FIELDS, word='IS NOT')}"
            f" BEGIN {renew('= new.id')} END"
        ),
        "visitor_dropped": (
            f"AFTER DELETE ON linking_visitor BEGIN DELETE FROM {VISITOR_WORDS} WHERE visitor_id = old.id; END"
        ),
        "link_added": (
            f"AFTER INSERT ON linking_visitorlink WHEN new.ended_at IS NULL BEGIN {renew('= new.visitor_id')} END"
        ),
        "link_changed": (
            f"AFTER UPDATE ON linking_visitorlink WHEN {_differ(_LINK_FIELDS, word='IS NOT')}"
            f" BEGIN {renew('IN (old.visitor_id, new.visitor_id)')} END"
        ),
        "link_dropped": f"AFTER DELETE ON linking_visitorlink WHEN old.ended_at IS NULL BEGIN {renew(unlinked)} END",
        "user_renamed": (
            f"AFTER UPDATE ON linking_loginuser WHEN {_differ(('name', 'email'), word='IS NOT')}"
            f" BEGIN {renew(linked)} END"
        ),
    }


def _sqlite_user_triggers() -> dict[str, str]:
    words = WordColumns(vendor="sqlite")
    add = (
        f"INSERT INTO {WAITING_WORDS} (login_user_id, plain, contact) SELECT u.id, {words.of_waiting()}"
        f" FROM linking_loginuser u WHERE u.id = new.id AND {words.is_waiting('u')};"
    )
    drop = f"DELETE FROM {WAITING_WORDS} WHERE login_user_id = old.id;"
    return {
        "user_added": f"AFTER INSERT ON linking_loginuser BEGIN {add} END",
        "user_changed": (
            f"AFTER UPDATE ON linking_loginuser WHEN {_differ(('user_id', 'name', 'email'), word='IS NOT')}"
            f" OR ({words.is_waiting('old')}) IS NOT ({words.is_waiting('new')}) BEGIN {drop} {add} END"
        ),
        "user_dropped": f"AFTER DELETE ON linking_loginuser BEGIN {drop} END",
    }


# --- PostgreSQL -----------------------------------------------------------------------------------------------------
FUNCTIONS = (
    "linking_words_of_visitor", "linking_words_of_link", "linking_words_of_user", "linking_words_of_waiting",
)  # fmt: skip
RENEW = "linking_renew_words"
# Built without a lock that would keep the sync or a token's sighting waiting.
INDEXES = tuple(
    (f"{table}_{column}", f"CREATE INDEX CONCURRENTLY {table}_{column} ON {table} USING gin ({column} gin_trgm_ops)")
    for table in (VISITOR_WORDS, WAITING_WORDS)
    for column in ("plain", "contact")
)


def functions() -> tuple[str, ...]:
    """Return the statements that make the functions that PostgreSQL's triggers run."""
    words = WordColumns(vendor="postgresql")
    renew = (
        f"INSERT INTO {VISITOR_WORDS} AS kept (visitor_id, plain, contact) SELECT v.id, {words.of_visitor()}"
        f" FROM {_JOINED} WHERE v.id = key"
        " ON CONFLICT (visitor_id) DO UPDATE SET plain = excluded.plain, contact = excluded.contact"
        " WHERE kept.plain <> excluded.plain OR kept.contact <> excluded.contact;"
    )
    waiting = (
        f"INSERT INTO {WAITING_WORDS} (login_user_id, plain, contact) SELECT u.id, {words.of_waiting()}"
        f" FROM linking_loginuser u WHERE u.id = new.id AND {words.is_waiting('u')}"
        " ON CONFLICT (login_user_id) DO UPDATE SET plain = excluded.plain, contact = excluded.contact;"
    )
    drop_words = f"DELETE FROM {VISITOR_WORDS} WHERE visitor_id = old.id;"
    drop_waiting = f"DELETE FROM {WAITING_WORDS} WHERE login_user_id = old.id;"
    # In the order of their keys, so that two renamed users with visitors in common do not wait in a circle.
    linked = (
        f"PERFORM {RENEW}(l.visitor_id) FROM (SELECT visitor_id FROM linking_visitorlink"
        " WHERE login_user_id = new.id AND ended_at IS NULL ORDER BY visitor_id) l;"
    )
    return (
        f"CREATE OR REPLACE FUNCTION {RENEW}(key bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN {renew} END $$",
        _trigger_function(FUNCTIONS[0], changed=f"PERFORM {RENEW}(new.id);", dropped=drop_words),
        _trigger_function(
            FUNCTIONS[1],
            changed=(
                f"PERFORM {RENEW}(new.visitor_id);"
                " IF TG_OP = 'UPDATE' THEN IF old.visitor_id <> new.visitor_id"
                f" THEN PERFORM {RENEW}(old.visitor_id); END IF; END IF;"
            ),
            dropped=f"PERFORM {RENEW}(old.visitor_id);",
        ),
        _trigger_function(FUNCTIONS[2], changed=linked, dropped=""),
        _trigger_function(
            FUNCTIONS[3], changed=f"IF TG_OP = 'UPDATE' THEN {drop_waiting} END IF; {waiting}", dropped=drop_waiting
        ),
    )


def _trigger_function(name: str, *, changed: str, dropped: str) -> str:
    body = f"IF TG_OP = 'DELETE' THEN {dropped} ELSE {changed} END IF; RETURN NULL;"
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _postgresql_triggers() -> dict[str, str]:
    words = WordColumns(vendor="postgresql")
    visitor, link, user, waiting = (f"EXECUTE FUNCTION {name}()" for name in FUNCTIONS)
    each = "FOR EACH ROW"
    differ = "IS DISTINCT FROM"
    waits = f"({words.is_waiting('old')}) <> ({words.is_waiting('new')})"
    of_user = _differ(("user_id", "name", "email"), word=differ)
    return {
        "visitor_added": f"AFTER INSERT ON linking_visitor {each} {visitor}",
        "visitor_changed": (
            f"AFTER UPDATE ON linking_visitor {each} WHEN ({_differ(_VISITOR_FIELDS, word=differ)}) {visitor}"
        ),
        "visitor_dropped": f"AFTER DELETE ON linking_visitor {each} {visitor}",
        "link_added": f"AFTER INSERT ON linking_visitorlink {each} WHEN (new.ended_at IS NULL) {link}",
        "link_changed": (
            f"AFTER UPDATE ON linking_visitorlink {each} WHEN ({_differ(_LINK_FIELDS, word=differ)}) {link}"
        ),
        "link_dropped": f"AFTER DELETE ON linking_visitorlink {each} WHEN (old.ended_at IS NULL) {link}",
        "user_renamed": (
            f"AFTER UPDATE ON linking_loginuser {each} WHEN ({_differ(('name', 'email'), word=differ)}) {user}"
        ),
        "user_added": f"AFTER INSERT ON linking_loginuser {each} WHEN ({words.is_waiting('new')}) {waiting}",
        "user_changed": f"AFTER UPDATE ON linking_loginuser {each} WHEN ({of_user} OR {waits}) {waiting}",
        "user_dropped": f"AFTER DELETE ON linking_loginuser {each} {waiting}",
    }
