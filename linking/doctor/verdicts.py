"""The token doctor's words: a verdict for each rule, and how a list of them is read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from linking.core.config import IntegrationConfig
from linking.core.key_sets import KeySet
from linking.core.text import clean_line
from linking.doctor.causes import CAUSES
from linking.tokens.clock_reading import ClockReading

SHOWN_CHARACTERS = 80


class VerdictState(StrEnum):
    """`good`; `bad`: refused for this; `note`: accepted, but worth knowing; `skipped`: could not be judged."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
    SKIPPED = "skipped"


class TokenKind(StrEnum):
    """What the pasted text is judged as; `auto` decides by its look."""

    AUTO = "auto"
    LOGIN = "login"
    ZENDESK = "zendesk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule says: `cause` is a key of CAUSES, "" where there is nothing to say; so are `problem` and `fix`."""

    rule: str
    state: VerdictState
    cause: str = ""
    problem: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorContext:
    """What the doctor knows: `config` is the integration asked about, None where none was; `known` are all.

    `keys` are the public keys of RS256 projects, by Login project ID; `clocks` is what the last hour's tokens tell of
    this server's clock, by integration ID.
    """

    config: IntegrationConfig | None
    known: tuple[IntegrationConfig, ...]
    now: float
    keys: Mapping[str, KeySet] = field(default_factory=dict)
    clocks: Mapping[int, ClockReading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All verdicts in the order of checking. `found_in` says where in the paste the token was."""

    kind: TokenKind
    found_in: str
    slug: str
    verdicts: tuple[Verdict, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether exactly what was pasted would be accepted."""
        return bool(self.verdicts) and all(one.state in (VerdictState.GOOD, VerdictState.NOTE) for one in self.verdicts)

    @property
    def first_problem(self) -> Verdict | None:
        """The verdict that refuses, in the order of checking."""
        return next((one for one in self.verdicts if one.state is VerdictState.BAD), None)

    @property
    def further_problems(self) -> int:
        """How many more rules are broken than the first."""
        return max(0, sum(one.state is VerdictState.BAD for one in self.verdicts) - 1)


def good(rule: str) -> Verdict:
    """Return that `rule` holds."""
    return Verdict(rule=rule, state=VerdictState.GOOD)


def bad(rule: str, cause: str, **values: object) -> Verdict:
    """Return that `rule` is broken for `cause`."""
    return _build_verdict(rule=rule, state=VerdictState.BAD, cause=cause, values=values)


def note(rule: str, cause: str, **values: object) -> Verdict:
    """Return that `rule` holds, with something to say."""
    return _build_verdict(rule=rule, state=VerdictState.NOTE, cause=cause, values=values)


def skipped(rules: Collection[str]) -> list[Verdict]:
    """Return that none of `rules` could be judged."""
    return [Verdict(rule=rule, state=VerdictState.SKIPPED) for rule in rules]


def _build_verdict(*, rule: str, state: VerdictState, cause: str, values: dict[str, object]) -> Verdict:
    # What stands in a token was written by strangers: one clean, short line of it at most.
    values |= {"time": _time(seconds)} if isinstance(seconds := values.get("seconds"), int) else {}
    shown = {name: clean_line(str(value), max_characters=SHOWN_CHARACTERS) for name, value in values.items()}
    if cause == "refused_answer":
        shown["description"] = str(values["description"])
    text = CAUSES[cause]
    return Verdict(
        rule=rule, state=state, cause=cause, problem=text.problem.format(**shown), fix=text.fix.format(**shown)
    )


def _time(seconds: int) -> str:
    """Return seconds as they are, and from two minutes on also in a unit that a person can picture."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds} s, about {round(seconds / size)} {unit}"
    return f"{seconds} s"
