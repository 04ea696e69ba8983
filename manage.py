#!/usr/bin/env python3
"""The one command of zdbridge: makes its environment, then runs `up`, `test` or any Django command in it.

This file must be readable for any Python 3, or an old one would answer with a syntax error instead of a sentence.
"""

import os
import sys

OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Prepare `.venv` if needed, then do what the arguments say."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "zdbridge needs Python %d.%d or newer, this is %d.%d (%s): run it with a newer one, such as python3.11."
            % (OLDEST_PYTHON[0], OLDEST_PYTHON[1], sys.version_info[0], sys.version_info[1], sys.executable)
        )
    root = os.path.dirname(os.path.abspath(__file__))
    # Imported here because an older Python could not even read it.
    from zdbridge.up import bootstrap

    bootstrap.run(root=root, arguments=sys.argv[1:])


if __name__ == "__main__":
    main()
