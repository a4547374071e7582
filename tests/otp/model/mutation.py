"""Which small faults could there be in a module? Makes each of them, one at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_DESCRIPTIONS = frozenset({"annotation", "returns", "decorator_list", "bases", "type_params"})
_Change = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one fault."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.before}  ->  {self.after}"


def mutants(source: str) -> Iterator[Mutant]:
    """Make every mutant of a module. What only talks (docstrings, errors, types) has none."""
    original = ast.parse(source)
    count = sum(1 for _ in _changes(original))
    for number in range(count):
        tree = copy.deepcopy(original)
        node, change = list(_changes(tree))[number]
        before = _shown(node)
        change()
        yield Mutant(getattr(node, "lineno", 0), before, _shown(node), ast.unparse(tree))


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, _Change]]:
    for node in _live_nodes(tree):
        for change in _changes_of(node):
            yield node, change


def _live_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What decides something, parents first."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in _DESCRIPTIONS or (field == "keywords" and isinstance(node, ast.ClassDef)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _only_talks(child):
                yield from _live_nodes(child)


def _only_talks(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        # Types have names with capitals, and their values are for readers.
        target = node.targets[0]
        return isinstance(target, ast.Name) and (
            (target.id[0].isupper() and not target.id.isupper()) or _is_type_variable(node.value)
        )
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Raise))


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "TypeVar"


def _changes_of(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp() | ast.BinOp() | ast.AugAssign():
            yield from _changed_operators(node)
        case ast.Constant() | ast.Name() | ast.Slice():
            yield from _changed_operands(node)
        case ast.If() | ast.While() | ast.IfExp() | ast.comprehension():
            yield from _changed_conditions(node)
        case ast.Return() | ast.Expr() | ast.Assign():
            yield from _changed_statements(node)


def _changed_operators(
    node: ast.Compare | ast.BoolOp | ast.UnaryOp | ast.BinOp | ast.AugAssign,
) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in _COMPARISONS[type(operator)]:
                    yield partial(node.ops.__setitem__, index, other())
        case ast.BoolOp():
            yield _setter(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield _setter(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _OPERATORS:
            yield _setter(node, "op", _OPERATORS[type(node.op)]())


def _changed_operands(node: ast.Constant | ast.Name | ast.Slice) -> Iterator[_Change]:
    match node:
        case ast.Constant(value=bool(value)):
            yield _setter(node, "value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield _setter(node, "value", value + 1)
            yield _setter(node, "value", value - 1)
        case ast.Constant(value=str(value)):
            yield _setter(node, "value", f"{value}?")
        case ast.Name(id=name, ctx=ast.Load()) if name in _NAMES:
            yield _setter(node, "id", _NAMES[name])
        case ast.Slice(lower=ast.expr()):
            yield _setter(node, "lower", None)


def _changed_conditions(
    node: ast.If | ast.While | ast.IfExp | ast.comprehension,
) -> Iterator[_Change]:
    if isinstance(node, ast.comprehension):
        if node.ifs:
            yield _setter(node, "ifs", [ast.UnaryOp(ast.Not(), node.ifs[0]), *node.ifs[1:]])
    else:
        yield _setter(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _changed_statements(node: ast.Return | ast.Expr | ast.Assign) -> Iterator[_Change]:
    match node:
        case ast.Return(value=None):
            # As if the way out were not there.
            yield _setter(node, "__class__", ast.Pass)
        case ast.Return(value=ast.Constant(value=None)):
            pass
        case ast.Return():
            yield _setter(node, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield _setter(node, "value", ast.Constant(...))
        case ast.Assign(targets=[ast.Attribute()]):
            yield _setter(node, "targets", [ast.Name("_", ast.Store())])


def _setter(node: ast.AST, field: str, value: object) -> _Change:
    return partial(setattr, node, field, value)
