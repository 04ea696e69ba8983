import ast
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zdbridge import VERSION
from zdbridge.up import bootstrap, installed
from zdbridge.up.bootstrap import PRODUCT_LOCK, TEST_LOCK, CannotStart, explain_pip_error, is_adequate, make_environment

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose locks ask for nothing, so that a real `.venv` is made without an index."""
    for name in (PRODUCT_LOCK, TEST_LOCK):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


@pytest.fixture
def ready(checkout: Path) -> Path:
    """A checkout with an adequate environment, as far as files can tell."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    bootstrap._write_stamp(root=checkout, lock=PRODUCT_LOCK)
    return checkout


class TestManagePy:
    def test_can_be_read_by_any_python_3(self) -> None:
        tree = ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 4))
        late = {"JoinedStr", "NamedExpr", "AnnAssign", "Match", "AsyncFunctionDef"}
        assert not late & {type(node).__name__ for node in ast.walk(tree)}

    def test_names_the_version_it_needs_before_importing_anything_newer(self) -> None:
        code = "import sys; sys.version_info = (3, 9, 2); sys.argv = ['manage.py', 'up']; import runpy\n"
        code += "runpy.run_path('manage.py', run_name='__main__')"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "needs Python 3.11 or newer. This is 3.9" in done.stderr

    @pytest.mark.parametrize("module", [bootstrap, installed], ids=lambda module: module.__name__)
    def test_needs_only_the_standard_library_until_the_environment_is_right(self, module) -> None:
        imported = [
            name
            for node in ast.parse(Path(module.__file__).read_text()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        ]
        own = {"zdbridge", "zdbridge.up.installed"}
        assert {name.split(".")[0] for name in imported if name not in own} <= set(sys.stdlib_module_names)

    @pytest.mark.parametrize("arguments", [["--version"], ["--no-install", "--version"]])
    def test_prints_its_version_without_an_environment(self, checkout: Path, arguments: list[str], capsys) -> None:
        bootstrap.run(root=str(checkout), arguments=arguments)
        assert capsys.readouterr().out == f"zdbridge {VERSION}\n"
        assert not (checkout / ".venv").exists()


class TestIsAdequate:
    def test_with_a_fresh_stamp(self, ready: Path) -> None:
        assert is_adequate(root=ready, lock=PRODUCT_LOCK)

    def test_not_without_an_environment(self, checkout: Path) -> None:
        assert not is_adequate(root=checkout, lock=PRODUCT_LOCK)

    def test_not_when_the_lock_has_changed(self, ready: Path) -> None:
        (ready / PRODUCT_LOCK).write_text("# newer\n")
        assert not is_adequate(root=ready, lock=PRODUCT_LOCK)

    def test_not_for_tests_when_only_the_product_is_installed(self, ready: Path) -> None:
        assert not is_adequate(root=ready, lock=TEST_LOCK)

    def test_for_both_when_the_tests_are_installed(self, ready: Path) -> None:
        bootstrap._write_stamp(root=ready, lock=TEST_LOCK)
        assert is_adequate(root=ready, lock=PRODUCT_LOCK)
        assert is_adequate(root=ready, lock=TEST_LOCK)

    def test_not_when_an_installation_never_ended(self, ready: Path) -> None:
        (ready / ".venv-unfinished").touch()
        assert not is_adequate(root=ready, lock=PRODUCT_LOCK)

    @pytest.mark.parametrize("content", ["", "{", "[]", "\xff"])
    def test_not_with_a_damaged_stamp(self, ready: Path, content: str) -> None:
        (ready / ".venv" / "zdbridge-stamp.json").write_bytes(content.encode("latin-1"))
        assert not is_adequate(root=ready, lock=PRODUCT_LOCK)

    def test_not_when_the_python_is_gone(self, ready: Path) -> None:
        (ready / ".venv" / "bin" / "python").unlink()
        (ready / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
        assert not is_adequate(root=ready, lock=PRODUCT_LOCK)


class TestTrouble:
    @pytest.mark.parametrize(
        ("output", "words"),
        [
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "does not match"),
            ("Failed to establish a new connection: [Errno 111] Connection refused", "cannot be reached"),
            ("WARNING: Retrying (NameResolutionError: Temporary failure in name resolution)", "cannot be reached"),
            ("NewConnectionError ...\nERROR: No matching distribution found for django", "cannot be reached"),
            ("ERROR: No matching distribution found for django==5.2.19", "lacks a package"),
            ("Ignored the following versions that require a different python version: 5.2", "do not support Python"),
            ("OSError: [Errno 28] No space left on device", "disk is full"),
            ("error: subprocess-exited-with-error\nFailed building wheel for cffi", "no ready-made file"),
            ("ERROR: something new\n", "something new"),
            ("", "no reason"),
        ],
    )
    def test_is_told_in_one_line(self, output: str, words: str) -> None:
        told = explain_pip_error(output=output, lock=PRODUCT_LOCK)
        assert words in told
        assert "\n" not in told

    def test_names_the_missing_package_of_debian(self, checkout: Path, monkeypatch) -> None:
        monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
        with pytest.raises(CannotStart, match="apt-get install python3-venv"):
            make_environment(root=checkout, lock=PRODUCT_LOCK)

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_tells_that_the_folder_cannot_be_written(self, checkout: Path) -> None:
        checkout.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(CannotStart, match="is not writable"):
            make_environment(root=checkout, lock=PRODUCT_LOCK)

    def test_tells_that_a_lock_is_missing(self, ready: Path) -> None:
        (ready / PRODUCT_LOCK).unlink()
        with pytest.raises(CannotStart, match="Restore it from git"):
            is_adequate(root=ready, lock=PRODUCT_LOCK)


@pytest.mark.slow
class TestMakeEnvironment:
    def test_makes_one_and_does_nothing_the_second_time(self, checkout: Path, capsys) -> None:
        make_environment(root=checkout, lock=PRODUCT_LOCK)
        first = capsys.readouterr().err
        make_environment(root=checkout, lock=PRODUCT_LOCK)
        assert ("Creating" in first, capsys.readouterr().err) == (True, "")
        assert (
            json.loads((checkout / ".venv" / "zdbridge-stamp.json").read_text())["python"]
            == bootstrap._format_version()
        )

    def test_makes_a_half_made_one_anew(self, checkout: Path) -> None:
        (checkout / ".venv" / "bin").mkdir(parents=True)
        (checkout / ".venv" / "bin" / "python").write_text("half")
        (checkout / ".venv-unfinished").touch()
        make_environment(root=checkout, lock=PRODUCT_LOCK)
        assert is_adequate(root=checkout, lock=PRODUCT_LOCK)

    def test_two_at_once_end_with_one_good_environment(self, checkout: Path) -> None:
        code = "import sys; from pathlib import Path; from zdbridge.up.bootstrap import *\n"
        code += "make_environment(root=Path(sys.argv[1]), lock=PRODUCT_LOCK)"
        command = [sys.executable, "-c", code, str(checkout)]
        both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        told = "".join(process.communicate()[1] for process in both)
        assert [process.returncode for process in both] == [0, 0]
        assert (told.count("Installing"), is_adequate(root=checkout, lock=PRODUCT_LOCK)) == (1, True)

    def test_tells_that_the_index_is_out_of_reach(self, checkout: Path, monkeypatch) -> None:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        (checkout / PRODUCT_LOCK).write_text(f"nothing-at-all==1.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(CannotStart, match="cannot be reached"):
            make_environment(root=checkout, lock=PRODUCT_LOCK)
        assert (checkout / ".venv-unfinished").exists()


class TestDispatch:
    def test_passes_arguments_and_exit_code_of_the_tests_on(self, tmp_path: Path) -> None:
        (tmp_path / "test_x.py").write_text("def test_x(): assert False\n")
        code = "import sys; from zdbridge.up import bootstrap; from pathlib import Path\n"
        code += "bootstrap._dispatch(root=Path.cwd(), arguments=['test', '-q', '-p', 'no:cacheprovider', sys.argv[1]])"
        environment = {**os.environ, "PYTEST_ADDOPTS": ""}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, "1 failed" in done.stdout.splitlines()[-1]) == (1, True)

    def test_leaves_the_choice_of_settings_to_the_tests(self, monkeypatch) -> None:
        def stop(_path: str, _command: list[str]) -> None:
            raise SystemExit(os.environ.get("DJANGO_SETTINGS_MODULE", "unset"))

        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(os, "execv", stop)
        with pytest.raises(SystemExit, match="unset"):
            bootstrap._dispatch(root=ROOT, arguments=["test"])

    @pytest.mark.parametrize(("command", "mode"), [("migrate", 0o600), ("links", 0o600), ("collectstatic", 0o666)])
    def test_keeps_what_commands_write_to_their_account(self, tmp_path: Path, command: str, mode: int) -> None:
        code = f"from zdbridge.up import bootstrap; bootstrap._prepare_process(command={command!r})\n"
        code += f"open({str(tmp_path / 'a')!r}, 'w')"
        environment = {**os.environ, "ZDBRIDGE_DATA_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, umask=0, check=True)
        assert (tmp_path / "a").stat().st_mode & 0o777 == mode

    def test_re_executes_in_the_environment(self, ready: Path) -> None:
        shutil.copy(ROOT / "manage.py", ready)
        room = ready / "zdbridge" / "up"
        room.mkdir(parents=True)
        for name in ("__init__.py", "up/__init__.py", "up/bootstrap.py", "up/installed.py"):
            shutil.copy(ROOT / "zdbridge" / name, ready / "zdbridge" / name)
        (room / "supervisor.py").write_text("def main(*, arguments): print(arguments); return 7\n")
        (ready / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys._base_executable).parent}\n")
        done = subprocess.run(
            [sys._base_executable, "manage.py", "up", "--web", "2"], cwd=ready, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout, done.stderr) == (7, "['--web', '2']\n", "")
