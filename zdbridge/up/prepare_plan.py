"""What `up` asks of `zdbridge.up.prepare`; apart, because the supervisor must not import Django."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PreparePlan:
    """What to prepare; `result` is the path of the file the result is written to."""

    is_whole: bool
    has_web: bool
    has_demo: bool
    has_sandbox: bool
    is_purging: bool
    sandbox_port: int
    result: str
