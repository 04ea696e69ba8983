"""Limits: counted in each process, and joined through Redis where there is one."""

from linking.limits.counting import Limiter
from linking.limits.sharing import start_sharing
from linking.limits.window import WindowLimiter, share_windows

__all__ = ["Limiter", "WindowLimiter", "share_windows", "start_sharing"]
