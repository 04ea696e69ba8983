"""`python -m zdbridge COMMAND` is `manage.py --no-install COMMAND`: the Python that runs it has the packages."""

import sys
from pathlib import Path

from zdbridge.up import bootstrap

if __name__ == "__main__":
    bootstrap.run(root=str(Path(__file__).resolve().parent.parent), arguments=[bootstrap.NO_INSTALL, *sys.argv[1:]])
