"""Limits: counted in each process, and joined through Redis where there is one."""

from linking.limits.counting import Limiter
from linking.limits.sharing import start_sharing

__all__ = ["Limiter", "start_sharing"]
