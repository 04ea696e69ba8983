"""The proxies' configurations in docs/running.md are ones that the proxies take."""

import shutil
import subprocess

import pytest

from benchmarks import documented_proxies


@pytest.mark.parametrize("name", documented_proxies.CHECK)
def test_the_configuration_shown_is_valid(tmp_path, name):
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    file = documented_proxies.write(name, folder=tmp_path, port=8001, bridge_port=8002)
    done = subprocess.run(
        [program, *documented_proxies.CHECK[name], str(file)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", documented_proxies.CHECK)
def test_one_is_shown_for_each(name):
    assert "127.0.0.1:8000" in documented_proxies.find_documented(name)
