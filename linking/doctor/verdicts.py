"""The records of the token doctor: a verdict for each rule, the context of a diagnosis, and the diagnosis."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from linking.core.config import IntegrationConfig
from linking.core.key_sets import KeySet
from linking.core.text import clean_line
from linking.doctor.causes import CAUSES
from linking.tokens.clock_reading import ClockReading

SHOWN_CHARACTERS = 80


class VerdictState(StrEnum):
    """`good`: accepted; `bad`: refused; `note`: accepted, with a remark; `skipped`: not judged."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
    SKIPPED = "skipped"


class TokenKind(StrEnum):
    """How the token is judged; `auto` decides by its content."""

    AUTO = "auto"
    LOGIN = "login"
    ZENDESK = "zendesk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one rule.

    `cause` is a key of `CAUSES`, "" without a remark; `values` fill its templates. `problem` and `fix` are "" until
    `put_into_words` writes them.
    """

    rule: str
    state: VerdictState
    cause: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorContext:
    """What a diagnosis may use.

    `config`: the chosen integration, None without one; `known`: all integrations. `now`: epoch seconds. `keys`: the
    public keys of RS256 projects, by Login project ID. `clocks`: what the tokens of the last hour show about this
    server's clock, by integration ID. `translate`: turns an English template into the reader's language.
    """

    config: IntegrationConfig | None
    known: tuple[IntegrationConfig, ...]
    now: float
    keys: Mapping[str, KeySet] = field(default_factory=dict)
    clocks: Mapping[int, ClockReading] = field(default_factory=dict)
    translate: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All verdicts in the order of the checks. `found_in`: where in the paste the token was.

    `claims`: what the token says, None where it cannot be read. Nothing of it is checked but by the verdicts, and it is
    for the page of the person who pasted it: never for a log or an answer of the API.
    """

    kind: TokenKind
    found_in: str
    slug: str
    verdicts: tuple[Verdict, ...]
    claims: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def is_accepted(self) -> bool:
        """Whether the endpoint would accept exactly this paste."""
        return bool(self.verdicts) and all(one.state in (VerdictState.GOOD, VerdictState.NOTE) for one in self.verdicts)

    @property
    def first_problem(self) -> Verdict | None:
        """The first verdict that refuses the token, None when it is accepted."""
        return next((one for one in self.verdicts if one.state is VerdictState.BAD), None)

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the integration's key."""
        return any(one.rule == "signature" and one.state is VerdictState.GOOD for one in self.verdicts)

    @property
    def further_problems(self) -> int:
        """The number of broken rules after the first one."""
        return max(0, sum(one.state is VerdictState.BAD for one in self.verdicts) - 1)


def accept(rule: str) -> Verdict:
    """Return the verdict that `rule` holds."""
    return Verdict(rule=rule, state=VerdictState.GOOD)


def refuse(rule: str, cause: str, **values: object) -> Verdict:
    """Return the verdict that `rule` is broken, for `cause`."""
    return _build_verdict(rule=rule, state=VerdictState.BAD, cause=cause, values=values)


def note(rule: str, cause: str, **values: object) -> Verdict:
    """Return the verdict that `rule` holds, with the remark `cause`."""
    return _build_verdict(rule=rule, state=VerdictState.NOTE, cause=cause, values=values)


def skip(rules: Collection[str]) -> list[Verdict]:
    """Return the verdict on each of `rules` that it was not judged."""
    return [Verdict(rule=rule, state=VerdictState.SKIPPED) for rule in rules]


def put_into_words(verdict: Verdict, *, translate: Callable[[str], str]) -> Verdict:
    """Return `verdict` with its sentences."""
    if not verdict.cause:
        return verdict
    text, values = CAUSES[verdict.cause], dict(verdict.values)
    if "description" in values:
        values["description"] = translate(values["description"])
    problem, fix = translate(text.problem).format(**values), translate(text.fix).format(**values)
    return replace(verdict, problem=problem, fix=fix)


def _build_verdict(*, rule: str, state: VerdictState, cause: str, values: dict[str, object]) -> Verdict:
    # Strangers write what stands in a token, so at most one clean, short line of it is shown.
    values |= {"time": _format_duration(seconds)} if isinstance(seconds := values.get("seconds"), int) else {}
    shown = {name: clean_line(str(value), max_characters=SHOWN_CHARACTERS) for name, value in values.items()}
    if cause == "refused_answer":
        # A template of ours, which is translated as it is.
        shown["description"] = str(values["description"])
    return Verdict(rule=rule, state=state, cause=cause, values=shown)


def _format_duration(seconds: int) -> str:
    """Return seconds, and from two minutes on also the nearest larger unit."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds} s (≈ {round(seconds / size)} {unit})"
    return f"{seconds} s"
