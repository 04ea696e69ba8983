"""Which secrets may be given as references, `env:NAME` and `file:PATH`, and where.

The command line may name whatever the process can read, as its user can anyway. The web admin could otherwise make the
product use, and so guess at, every variable and file of the process: there only what the operator set aside is taken.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

ENV, FILE = "env:", "file:"
_is_unrestricted: ContextVar[bool] = ContextVar("is_unrestricted", default=False)


@contextmanager
def allow_any_reference() -> Iterator[None]:
    """Take every reference inside this block; for commands."""
    token = _is_unrestricted.set(True)
    try:
        yield
    finally:
        _is_unrestricted.reset(token)


def find_reference_flaw(plain: str) -> str:
    """Return a sentence on why a secret as given must not be read here, "" for a value and for an allowed reference.

    The sentence says nothing about what the variable or file holds, or whether there is one.
    """
    if _is_unrestricted.get() or not plain.startswith((ENV, FILE)):
        return ""
    prefix = str(settings.LINKING["REFERENCE_PREFIX"])
    folder = str(settings.LINKING["REFERENCE_FOLDER"])
    limit, is_allowed = (
        (prefix, _is_below_prefix(plain.removeprefix(ENV), prefix=prefix))
        if plain.startswith(ENV)
        else (folder, _is_below_folder(plain.removeprefix(FILE), folder=folder))
    )
    if is_allowed:
        return ""
    if not limit:
        return _("References are for the command line only: use `manage.py integration set`, or enter the value.")
    if plain.startswith(ENV):
        return _("Here the name of a variable must begin with %(prefix)s.") % {"prefix": prefix}
    return _("Here a file must be in the folder %(folder)s.") % {"folder": folder}


def _is_below_prefix(name: str, *, prefix: str) -> bool:
    return bool(prefix) and name.startswith(prefix) and len(name) > len(prefix)


def _is_below_folder(path: str, *, folder: str) -> bool:
    if not folder or not Path(path).is_absolute() or "\0" in path:
        return False
    # Links are followed on both sides: mounted secrets are links inside their folder.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
