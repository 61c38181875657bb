"""The source tree as the law tests read it: parsed once, named by dotted path."""

import ast
import functools
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "asynctestkit"


@dataclass(frozen=True)
class Module:
    """One source file. `name` is dotted and relative to its top folder; a package is named by its folder."""

    path: str
    source: str

    @property
    def name(self) -> str:
        parts = Path(self.path).with_suffix("").parts[1:]
        return ".".join(parts[:-1] if self.is_package else parts)

    @property
    def is_package(self) -> bool:
        return Path(self.path).name == "__init__.py"

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @functools.cached_property
    def comments(self) -> dict[int, str]:
        """The comments by line number; text inside string literals is none."""
        tokens = tokenize.generate_tokens(io.StringIO(self.source).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


@functools.cache
def modules(folder: str = PACKAGE) -> tuple[Module, ...]:
    """Every module below a top-level folder, in the order of their paths."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return tuple(Module(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files)


def dunder_all(module: Module) -> list[str] | None:
    """The names in a module's `__all__`, or None if it has none."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None
