"""Reads the source and says which sentences for people stand outside gettext, or are stitched from translated parts.

Every text of three words and more counts as a sentence for a person, unless it is a docstring, goes to a log, or is the
message of a programming error.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRANSLATORS = {
    "_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "npgettext", "npgettext_lazy",
    "pgettext", "pgettext_lazy",
}  # fmt: skip
LOGGERS = {"_log", "_logger", "log", "logger"}
PROGRAMMING_ERRORS = {"RuntimeError", "TypeError", "ValueError"}
# Statements for a database, and patterns.
_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|WHERE|CASE WHEN|IS NOT NULL|CREATE|ALTER|DROP|FROM|JOIN)\b")
_SENTENCE = re.compile(r"[A-Za-z’']{2,}[,;:]? [A-Za-z’']+[,;:]? [A-Za-z’']{2,}")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Flaw:
    """One place; prints as one line."""

    path: str
    line: int
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.place or 'module'}): {self.reason}"


def find_flaws(source: str, *, path: str) -> Iterator[Flaw]:
    """Yield what is wrong with the sentences of one module."""
    yield from _walk(ast.parse(source), path=path, place="")


def find_all(*, root: Path, folders: tuple[str, ...]) -> list[Flaw]:
    """Return what is wrong in every module below `folders`."""
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    return [
        flaw
        for path in paths
        for flaw in find_flaws(path.read_text(encoding="utf-8"), path=str(path.relative_to(root)))
    ]


def _walk(node: ast.AST, *, path: str, place: str) -> Iterator[Flaw]:
    for child in ast.iter_child_nodes(node):
        inner = f"{place}.{child.name}".strip(".") if isinstance(child, _FUNCTIONS) else place
        if isinstance(child, ast.Assign) and not place and isinstance(child.targets[0], ast.Name):
            inner = child.targets[0].id
        if isinstance(child, ast.AnnAssign) and not place and isinstance(child.target, ast.Name):
            inner = child.target.id
        reason = _judge(child)
        if reason:
            yield Flaw(path, child.lineno, inner, reason)
        if not reason and not _is_out_of_scope(child):
            yield from _walk(child, path=path, place=inner)


def _judge(node: ast.AST) -> str:
    if isinstance(node, ast.Call) and _name_of(node.func) in TRANSLATORS:
        return "translates a text that is put together" if _is_put_together(node.args[0]) else ""
    if isinstance(node, ast.JoinedStr):
        if any(_holds_translation(part) for part in node.values):
            return "puts a translated part into an f-string"
        return "a sentence outside gettext" if _is_sentence(_text_of(node)) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "adds to a translated part" if _is_translation(node.left) or _is_translation(node.right) else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "a sentence outside gettext" if _is_sentence(node.value) else ""
    return ""


def _is_out_of_scope(node: ast.AST) -> bool:
    """Return whether nothing in `node` is for people, or gettext has it already."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return _name_of(node.exc.func) in PROGRAMMING_ERRORS
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    is_log = isinstance(owner, ast.Name) and owner.id in LOGGERS
    return is_log or _name_of(node.func) in TRANSLATORS | {"compile"}


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_sentence(text: str) -> bool:
    return bool(_SENTENCE.search(text)) and not _SQL.search(text)


def _text_of(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def _is_put_together(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def _holds_translation(part: ast.expr) -> bool:
    return isinstance(part, ast.FormattedValue) and _is_translation(part.value)


def _is_translation(node: ast.expr) -> bool:
    """Return whether `node` is a translated text, whole or filled in."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _is_translation(node.left)
    return isinstance(node, ast.Call) and _name_of(node.func) in TRANSLATORS
