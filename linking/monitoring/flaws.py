"""What is wrong, as the probes say it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One problem: `part` is a machine word, `detail` a sentence without secrets."""

    part: str
    detail: str
