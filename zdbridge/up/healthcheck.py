"""`python -m zdbridge.up.healthcheck`: exit 0 while the web role of this environment serves, for container images."""

import os
import sys

from zdbridge.env import BadSetting
from zdbridge.up.announce import find_missing
from zdbridge.up.launch_plan import BadArguments, read_plan


def main() -> int:
    """Ask `/healthz` and return 0 when it answers; otherwise print one line and return 1."""
    try:
        missing = find_missing(plan=read_plan(arguments=["--only", "web"], environment=os.environ))
    except (BadArguments, BadSetting) as error:
        missing = str(error)
    if missing:
        print(missing)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
