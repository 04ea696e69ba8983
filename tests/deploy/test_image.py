"""The container image and the compose file, as far as they can be read; the image is built where buildah can."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from zdbridge.env import VARIABLES
from zdbridge.up.launch_plan import read_plan

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ROLES = ("web-a", "web-b", "worker", "beat", "migrate")


def read_steps() -> list[tuple[str, str]]:
    """The instructions of the image, with continued lines joined."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def find_last_stage() -> list[tuple[str, str]]:
    steps = read_steps()
    return steps[max(number for number, (word, _) in enumerate(steps) if word == "FROM") :]


def list_sources(steps: list[tuple[str, str]]) -> list[str]:
    """What is copied from the tree, not from another stage."""
    return [name for word, rest in steps if word == "COPY" and rest[:2] != "--" for name in rest.split()[:-1]]


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


class TestContainerfile:
    def test_copies_what_exists_and_the_ignore_file_lets_in(self) -> None:
        sources = list_sources(read_steps())
        ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
        assert [source for source in sources if not (ROOT / source).exists() or f"!{source}" not in ignored] == []

    def test_copies_every_folder_of_the_product(self) -> None:
        needed = {"linking", "locale", "static", "templates", "zdbridge", "manage.py", "requirements.txt"}
        assert needed <= set(list_sources(find_last_stage()))

    def test_is_not_root_and_has_no_pip_at_run_time(self) -> None:
        stage = find_last_stage()
        (user,) = [rest for word, rest in stage if word == "USER"]
        assert int(user.split(":")[0]) > 0
        assert [rest for _, rest in stage if re.search(r"\bpip\b", rest)] == []

    def test_installs_the_lock_with_hashes(self) -> None:
        (install,) = [rest for word, rest in read_steps() if word == "RUN" and "pip install" in rest]
        assert "--require-hashes -r /build/requirements.txt" in install

    def test_runs_modules_that_exist(self) -> None:
        found = dict(find_last_stage())
        assert found["ENTRYPOINT"] == '["python", "-m", "zdbridge"]'
        assert found["HEALTHCHECK"].endswith('CMD ["python", "-m", "zdbridge.up.healthcheck"]')
        assert read_plan(arguments=yaml.safe_load(found["CMD"])[1:], environment={}).roles == ("web",)

    def test_sets_only_variables_that_the_product_reads(self) -> None:
        (settings,) = [rest for word, rest in find_last_stage() if word == "ENV"]
        names = {part.partition("=")[0] for part in shlex.split(settings)} - {"PATH", "PYTHONDONTWRITEBYTECODE"}
        assert names <= set(VARIABLES)


class TestCompose:
    @pytest.mark.parametrize("name", ROLES)
    def test_runs_each_role_read_only_and_without_privileges(self, compose: dict, name: str) -> None:
        role = compose["services"][name]
        assert (role["read_only"], role["cap_drop"], role["user"]) == (True, ["ALL"], "10001:10001")
        assert "no-new-privileges:true" in role["security_opt"]

    @pytest.mark.parametrize("name", ROLES)
    def test_gives_commands_that_the_product_takes(self, compose: dict, name: str) -> None:
        command = compose["services"][name]["command"]
        if command[0] == "up":
            servers = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x"}
            assert read_plan(arguments=command[1:], environment=servers).is_whole is False
        else:
            assert command == ["migrate", "--no-input"]

    def test_sets_only_variables_that_the_product_reads(self, compose: dict) -> None:
        names = compose["services"]["web-a"]["environment"]
        assert {name.removesuffix("_FILE") for name in names} <= set(VARIABLES)

    def test_hands_secrets_over_as_files(self, compose: dict) -> None:
        role = compose["services"]["web-a"]
        files = {value for name, value in role["environment"].items() if name.endswith("_FILE")}
        assert files == {f"/run/secrets/{name}" for name in role["secrets"]}
        assert set(role["secrets"]) <= set(compose["secrets"])

    def test_opens_ports_at_the_proxy_only(self, compose: dict) -> None:
        assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]

    def test_trusts_the_network_of_the_proxy(self, compose: dict) -> None:
        (network,) = compose["networks"]["inner"]["ipam"]["config"]
        assert compose["services"]["web-a"]["environment"]["ZDBRIDGE_TRUSTED_PROXIES"] == network["subnet"]

    def test_starts_the_roles_after_the_migration(self, compose: dict) -> None:
        waits = {compose["services"][name]["depends_on"]["migrate"]["condition"] for name in ROLES if name != "migrate"}
        assert waits == {"service_completed_successfully"}


class TestExampleEnvironment:
    def test_sets_only_variables_that_the_product_reads(self) -> None:
        lines = (DEPLOY / "zdbridge.env").read_text().splitlines()
        names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
        assert set(names) <= set(VARIABLES)

    def test_is_refused_until_its_keys_are_changed(self, tmp_path: Path) -> None:
        lines = (DEPLOY / "zdbridge.env").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        environment = {"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(tmp_path), **values}
        command = [sys.executable, "-m", "zdbridge", "check"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert (done.returncode, "ZDBRIDGE_SEAL_KEYS" in done.stderr) == (1, True)


@pytest.mark.slow
class TestBuiltImage:
    def test_serves_without_a_writable_root(self) -> None:
        """Runs where `scripts/drills/image.sh` can: it needs buildah and a base image on this machine."""
        base = os.environ.get("ZDBRIDGE_TEST_BASE_IMAGE", "")
        if not base or shutil.which("buildah") is None:
            pytest.skip("apt-get install buildah, and name a base image in ZDBRIDGE_TEST_BASE_IMAGE")
        done = subprocess.run(["scripts/drills/image.sh", base], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
