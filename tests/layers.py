"""Reads the source and says which imports break the house's directions; see the map in linking/__init__.py.

It sees every way of importing that can be seen without running the code: `import`, `from`, relative ones, aliases,
inside functions and under conditions, and `importlib.import_module`, `import_string` or `__import__` with a literal.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# From the top down. A module imports rows below its own, never its own row; a room may import from itself.
ROWS = (
    ("apps", "migrations"),
    ("management",),
    ("api", "dashboard", "admin", "checks"),
    ("tasks", "background"),
    ("notes", "privacy"),
    ("integrations", "doctor", "search", "conflicts", "panel"),
    ("sync",),
    ("monitoring",),
    ("tokens",),
    ("accounts", "keeping", "limits", "queue", "registry", "sealing"),
    ("models",),
    ("clients", "fields"),
    ("core",),
)
RANK = {name: len(ROWS) - number for number, row in enumerate(ROWS) for name in row}
# Modules of plain values, one by one or a folder: no database, no network, no clock.
PURE = (
    "core",
    "clients.oauth_messages",
    "clients.retry_after",
    "clients.support_records",
    "clients.vendor_urls",
    "clients.zendesk_records",
    "doctor.causes",
    "doctor.claims",
    "doctor.cookie_reach",
    "doctor.diagnosis",
    "doctor.login",
    "doctor.page",
    "doctor.paste",
    "doctor.paste_command",
    "doctor.paste_json",
    "doctor.paste_request",
    "doctor.shape",
    "doctor.signature",
    "doctor.verdicts",
    "doctor.zendesk",
    "integrations.rules",
    "integrations.secret_lint",
    "notes.search_words",
    "monitoring.drift",
    "monitoring.freshness",
    "panel.signed_start",
    "search.keyset",
    "search.query",
    "search.shown_rows",
    "sync.plans",
    "sync.webhook_calls",
    "tokens.clock_reading",
    "tokens.cookies",
    "tokens.http",
    "tokens.jws",
    "tokens.login_jwt",
    "tokens.refusals",
    "tokens.observe_mode",
    "tokens.zendesk_jwt",
)
# What they may import besides each other and the standard library.
PLAIN_LIBRARIES = {"cryptography", "jwt", "orjson", "publicsuffixlist", "pybase64"}
# Standard library that reads the clock, the network or the machine.
PLAIN_REFUSES = {
    "time",
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "sqlite3",
    "subprocess",
    "asyncio",
    "os",
    "threading",
}
CLOCK_CALLS = {"now", "utcnow", "today"}
# Programs that share no code: the key never imports the values.
APART = {"linking": {"zdbridge", "sandbox"}, "sandbox": {"linking", "zdbridge", "django"}, "zdbridge": {"sandbox"}}
# Rooms that hand on what others may import, in their `__init__.py`.
CLOSED = (
    "accounts", "conflicts", "doctor", "integrations", "limits", "monitoring", "notes", "panel", "privacy", "sealing",
    "search", "sync",
)  # fmt: skip
# Rooms that name in `__all__` which of their modules others may import from.
BY_MODULE = ("clients", "tokens")
# What never meets, however the rows lie: who imports, and what not.
NEVERS = (("tokens", "sync"), ("sync", "tokens"), ("management", "dashboard"), ("dashboard.setup", "core"))
# Django loads models only after apps.py, so `ready` is the one place that may import late.
LATE_IMPORTS_ALLOWED = {"linking.apps"}
_IMPORTERS = {"import_module", "import_string", "__import__"}


@dataclass(frozen=True)
class Import:
    """One import.

    `target` is the dotted name of a module, "" where it cannot be known; `name` is what a `from` takes out of `base`;
    `is_late` means that it stands inside a function.
    """

    target: str
    line: int
    is_late: bool
    base: str = ""
    name: str = ""


@dataclass(frozen=True)
class Violation:
    """Where a rule is broken and which; prints as one line."""

    module: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.reason}"


def violations(*, root: Path) -> list[Violation]:
    """Return every broken rule in `linking`, `sandbox` and `zdbridge` below `root`."""
    found: list[Violation] = []
    sandbox: dict[str, list[str]] = {}
    for package in APART:
        for path in sorted((root / package).rglob("*.py")):
            module = module_name(path=path, root=root)
            tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
            is_package = path.name == "__init__.py"
            imports = list(_imports(tree=tree, module=module, is_package=is_package, root=root))
            found += dict.fromkeys(_report_broken(module=module, imports=imports, root=root))
            if _is_within(module, "dashboard"):
                found += _table_queries(module=module, tree=tree)
            if package == "sandbox":
                sandbox[module] = [made.target for made in imports if made.target.startswith("sandbox")]
            if _is_pure(module):
                found += _clock_reads(module=module, tree=tree)
    return found + list(_circle(sandbox))


def _circle(imports: dict[str, list[str]]) -> Iterator[Violation]:
    """Yield the first circle of modules that import each other; `imports` are the targets by module."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # it comes from the imported to the importing
        yield Violation(circle[0], 1, f"imports in a circle: {' -> '.join(circle)}")


def module_name(*, path: Path, root: Path) -> str:
    """Return the dotted name of the module in `path`."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _report_broken(*, module: str, imports: list[Import], root: Path) -> Iterator[Violation]:
    top, name = module.split(".")[0], _row_name(module)
    if top == "linking" and name and name not in RANK:
        yield Violation(module, 1, f"{name} has no place in the map: give it one in tests/layers.py")
    for made in imports:
        reason = _reason(module=module, made=made, root=root)
        if reason:
            yield Violation(module, made.line, reason)


def _reason(*, module: str, made: Import, root: Path) -> str:
    top, target_top = module.split(".")[0], made.target.split(".")[0]
    if target_top in APART[top]:
        return f"{top} must not import {target_top}"
    if top != "linking":
        return ""
    if not made.target:
        return "imports a module that only running the code could name"
    if made.is_late and module not in LATE_IMPORTS_ALLOWED:
        return f"imports {made.target} inside a function"
    if _is_pure(module) and not _is_allowed_in_plain_code(made.target):
        return f"plain code must not import {made.target}"
    if target_top != "linking":
        return ""
    return _wrong_direction(module=module, target=made.target) or _wrong_door(module=module, made=made, root=root)


def _wrong_direction(*, module: str, target: str) -> str:
    name, target_name = _row_name(module), _row_name(target)
    if name == target_name or not target_name or (name and name not in RANK):
        return ""
    if target_name not in RANK:
        return f"imports {target}, which has no place in the map"
    if not name:
        return f"linking/__init__.py must import nothing, not {target}"
    if RANK[name] <= RANK[target_name]:
        return f"{name} must not import {target_name}: imports go down, never within a row"
    for importer, never in NEVERS:
        if _is_within(module, importer) and _is_within(target, never):
            return f"{importer} must never import {never}"
    return ""


def _wrong_door(*, module: str, made: Import, root: Path) -> str:
    """Return what is wrong where a closed room is entered by anything but what its `__init__.py` hands on."""
    room = _row_name(made.target)
    if room not in (*CLOSED, *BY_MODULE) or _row_name(module) == room or made.base == "linking":
        return ""
    names = _read_all(root / "linking" / room / "__init__.py")
    if made.base == f"linking.{room}" and made.name in names:
        return ""
    # A room in a room, which the outer one names, is entered in the same way.
    inner = made.base.removeprefix(f"linking.{room}.")
    if inner in names and made.name in _read_all(root / "linking" / room / inner / "__init__.py"):
        return ""
    if room in BY_MODULE and inner in names:
        return ""
    return f"enters {room} past linking/{room}/__init__.py, by {made.target}"


def _read_all(path: Path) -> tuple[str, ...]:
    """Return the names in `__all__`, none without such a file."""
    if not path.exists():
        return ()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return tuple(ast.literal_eval(node.value))
    return ()


def _is_allowed_in_plain_code(target: str) -> bool:
    top = target.split(".")[0]
    if any(target == refused or target.startswith(f"{refused}.") for refused in PLAIN_REFUSES):
        return False
    return top in PLAIN_LIBRARIES or top in sys.stdlib_module_names or _is_pure(target)


def _is_pure(module: str) -> bool:
    return any(_is_within(module, name) for name in PURE)


def _is_within(module: str, name: str) -> bool:
    return f"{module}.".startswith(f"linking.{name}.")


def _row_name(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "linking" and len(parts) > 1 else ""


def _imports(*, tree: ast.AST, module: str, is_package: bool, root: Path) -> Iterator[Import]:
    for node, is_late in _walk(tree, is_late=False):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, is_late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(name=node.module or "", level=node.level, module=module, is_package=is_package)
            yield from (
                Import(_named(base, alias.name, root), node.lineno, is_late, base, alias.name) for alias in node.names
            )
        elif isinstance(node, ast.Call) and _called(node) in _IMPORTERS:
            yield Import(_literal_target(node), node.lineno, is_late)


def _walk(node: ast.AST, *, is_late: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, is_late
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, is_late=is_late or is_function)


def _absolute(*, name: str, level: int, module: str, is_package: bool) -> str:
    if level == 0:
        return name
    parts = module.split(".")
    kept = parts[: len(parts) - level + (1 if is_package else 0)]
    return ".".join([*kept, name] if name else kept)


def _named(base: str, name: str, root: Path) -> str:
    # `from linking import sync` names a module, `from linking.sync import start` something in one.
    place = root.joinpath(*base.split("."), name)
    is_module = place.with_suffix(".py").exists() or place.is_dir()
    return f"{base}.{name}" if is_module or base == "linking" else base


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literal_target(node: ast.Call) -> str:
    values = [
        part.value for part in (*node.args, *(word.value for word in node.keywords)) if isinstance(part, ast.Constant)
    ]
    words = [value for value in values if isinstance(value, str)]
    if not words or not (node.args and isinstance(node.args[0], ast.Constant)):
        return ""
    if words[0].startswith("."):
        return f"{words[1]}{words[0]}" if len(words) > 1 else ""
    return words[0]


def _table_queries(*, module: str, tree: ast.AST) -> Iterator[Violation]:
    for node in ast.walk(tree):
        is_manager = isinstance(node, ast.Attribute) and node.attr == "objects"
        if is_manager or (isinstance(node, ast.alias) and node.name == "get_object_or_404"):
            yield Violation(module, node.lineno, "pages must not query tables: ask a feature")


def _clock_reads(*, module: str, tree: ast.AST) -> Iterator[Violation]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            yield Violation(module, node.lineno, f"plain code must not read the clock ({node.func.attr})")
