"""The house measured: which module imports which, how many floors that makes, and what is largest.

python -m tests.support.house [CHECKOUT…]
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

Arrows = Mapping[str, set[str]]
"""What each module or package imports, by name."""


@dataclass(frozen=True)
class Module:
    """A module by its dotted name, with its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that the module lies in, its own where it is one."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def lines(self) -> int:
        """How many it has."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def imports(self, of: str) -> Iterator[str]:
        """Every name under the package `of` that is imported anywhere in it: at the top, in a function, for types."""
        return (name for name in self._imported if _is_under(name, of))

    @cached_property
    def _imported(self) -> list[str]:
        found: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                found += [f"{base}.{alias.name}" for alias in node.names]
        return found

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        upwards = self.package.split(".")[: -(node.level - 1) or None]
        return ".".join([*upwards, *([node.module] if node.module else [])])


def modules_of(*folders: Path) -> dict[str, Module]:
    """Every module of these packages, by its dotted name."""
    return {module.name: module for folder in folders for module in _modules_in(folder)}


@cache
def _modules_in(folder: Path) -> tuple[Module, ...]:
    found: list[Module] = []
    for path in sorted(folder.rglob("*.py")):
        parts = (folder.name, *path.relative_to(folder).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


def module_arrows(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Which modules each imports from, but for itself. A name of a package's `__init__` counts as the package."""
    tops = {name.partition(".")[0] for name in modules}
    return {
        name: {_module_of(one, modules) for top in tops for one in module.imports(top)} - {name}
        for name, module in modules.items()
    }


def room_arrows(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Which rooms each room imports from, but for itself. A room is a package of the second level, "penstock.model";
    a module beside such packages is a room of its own."""
    arrows: dict[str, set[str]] = {}
    for name, imported in module_arrows(modules).items():
        arrows.setdefault(room_of(name), set()).update(map(room_of, imported))
    return {room: others - {room} for room, others in arrows.items() if others - {room} or "." in room}


def room_of(name: str) -> str:
    """The room that a module lies in."""
    return ".".join(name.split(".")[:2])


def circles(arrows: Arrows) -> list[list[str]]:
    """The sets of modules that import each other, directly or by others (Tarjan's strongly connected components)."""
    reached = {one: _reached(one, arrows) for one in arrows}
    found = {tuple(sorted(two for two in reached[one] if one in reached[two])) for one in arrows if one in reached[one]}
    return [list(circle) for circle in sorted(found)]


def floors(arrows: Arrows) -> int:
    """How many modules the longest way down passes. Who import each other stand on one floor."""
    circle_of = {one: tuple(circle) for circle in circles(arrows) for one in circle}

    @cache
    def below(group: tuple[str, ...]) -> int:
        others = {circle_of.get(two, (two,)) for one in group for two in arrows.get(one, set())} - {group}
        return 1 + max(map(below, others), default=0)

    return max((below(circle_of.get(one, (one,))) for one in arrows), default=0)


def longest_way(arrows: Arrows) -> list[str]:
    """A longest way down, where there are no circles."""

    @cache
    def way(one: str) -> list[str]:
        return [one, *max((way(two) for two in sorted(arrows.get(one, ()))), key=len, default=[])]

    return max(map(way, sorted(arrows)), key=len)


def lines_of(node: ast.AST) -> int:
    """From its first line to its last."""
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def classes_of(modules: Mapping[str, Module]) -> Iterator[tuple[str, int, int]]:
    """Each class by its whole name, with its lines and its methods."""
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                methods = sum(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in node.body)
                yield f"{module.name}.{node.name}", lines_of(node), methods


def _is_under(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _module_of(name: str, modules: Mapping[str, Module]) -> str:
    return name if name in modules else name.rpartition(".")[0]


def _reached(start: str, arrows: Arrows) -> set[str]:
    seen: set[str] = set()
    ahead = [*arrows.get(start, ())]
    while ahead:
        one = ahead.pop()
        if one not in seen:
            seen.add(one)
            ahead += arrows.get(one, ())
    return seen


def _figures(folders: Sequence[Path]) -> Iterator[str]:
    modules = modules_of(*folders)
    for what, arrows in (("modules", module_arrows(modules)), ("rooms", room_arrows(modules))):
        number = sum(map(len, arrows.values()))
        yield f"{len(arrows)} {what}, {number} arrows, {floors(arrows)} floors, {len(circles(arrows))} circles"
        yield from (f"    circle: {' '.join(circle)}" for circle in circles(arrows))
    largest = max(modules.values(), key=lambda module: module.lines)
    yield f"largest module: {largest.name}, {largest.lines} lines"
    for measure, place in (("lines", 1), ("methods", 2)):
        name, lines, methods = max(classes_of(modules), key=lambda one: one[place])
        yield f"largest class by {measure}: {name}, {lines} lines, {methods} methods"


def main(checkouts: Sequence[str]) -> None:
    """Prints the figures of each checkout, this one by default: of the core with its handlers, and of the command."""
    for checkout in (Path(one).resolve() for one in checkouts or [str(ROOT)]):
        handlers = sorted(path.parent for path in checkout.glob("functions/*/handler.py"))
        for folders in ([checkout / "layers/penstock/penstock", *handlers], [checkout / "scripts/penstock_ops"]):
            print(f"{checkout.name}: {folders[0].name}{' and the handlers' * (len(folders) > 1)}")  # noqa: T201
            for line in _figures(folders):
                print(f"  {line}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
