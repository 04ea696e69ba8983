"""The column that keeps secrets sealed."""

from typing import Any

from django.db import models

from linking.core.secretbox import PREFIX, KeyRing


class _Ring:
    """The key ring in force, put here once by linking/apps.py when the process starts."""

    current: KeyRing | None = None


def use_key_ring(ring: KeyRing) -> None:
    """Make `ring` the one that every `SealedTextField` helper uses."""
    _Ring.current = ring


def key_ring() -> KeyRing:
    """Return the key ring in force.

    Raises: RuntimeError before the process was set up.
    """
    if _Ring.current is None:
        raise RuntimeError("No key ring: linking.apps.LinkingConfig has not been made ready.")
    return _Ring.current


class SealedTextField(models.TextField):
    """Text that is stored sealed. Only sealed text goes in and comes out: opening it is `KeyRing.unseal`, by name.

    Plain text on its way to the database is a programming error and is refused loudly.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Return `value` for the database.

        Raises: ValueError when it is neither empty nor sealed.
        """
        prepared = super().get_prep_value(value)
        if prepared and not prepared.startswith(PREFIX):
            raise ValueError(f"{self.model.__name__}.{self.name} takes sealed text only.")
        return prepared
