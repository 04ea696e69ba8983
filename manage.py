#!/usr/bin/env python3
"""The one command of zdbridge: it makes the environment, then runs `up`, `test` or any Django command in it.

Every Python 3 must be able to parse this file, so that an old one prints a sentence instead of a syntax error.
"""

import os
import sys

OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Prepare `.venv` if needed, then run the command in the arguments."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "zdbridge needs Python %d.%d or newer. This is %d.%d (%s). Use a newer one, such as python3.11."
            % (OLDEST_PYTHON[0], OLDEST_PYTHON[1], sys.version_info[0], sys.version_info[1], sys.executable)
        )
    root = os.path.dirname(os.path.abspath(__file__))
    # Imported here because an older Python cannot parse it.
    from zdbridge.up import bootstrap

    bootstrap.run(root=root, arguments=sys.argv[1:])


if __name__ == "__main__":
    main()
