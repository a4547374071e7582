"""Where may another thread go on so that it makes a difference? Before what others can see.

Steps are opcodes. Those that only their own frame can see are none: to let another thread go on
before one of them is to let it go on before the next that is one.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from threading import get_ident
from types import CodeType, FrameType, ModuleType
from typing import Any, Literal, Protocol, TypeAlias

if sys.version_info >= (3, 12):
    from sys import monitoring

Trace: TypeAlias = Callable[[FrameType, str, Any], Any]
Kind: TypeAlias = Literal["plain", "call", "return"]

# Only their own frame sees these: the globals of the library do not change, its arithmetic and
# comparisons are about numbers, and the locks that it enters are steps by themselves.
_PRIVATE = (
    "BEFORE_WITH",
    "BINARY_OP",
    "BUILD_",
    "CACHE",
    "CHECK_EXC_MATCH",
    "COMPARE_OP",
    "COPY",
    "END_",
    "EXTENDED_ARG",
    "FORMAT_",
    "IS_OP",
    "JUMP_BACKWARD",
    "JUMP_FORWARD",
    "KW_NAMES",
    "LOAD_CLOSURE",
    "LOAD_CONST",
    "LOAD_DEREF",
    "LOAD_FAST",
    "LOAD_GLOBAL",
    "MAKE_",
    "NOP",
    "POP_EXCEPT",
    "POP_JUMP_BACKWARD_IF_N",
    "POP_JUMP_FORWARD_IF_N",
    "POP_JUMP_IF_N",
    "POP_TOP",
    "PRECALL",
    "PUSH_",
    "RESUME",
    "STORE_DEREF",
    "STORE_FAST",
    "SWAP",
    "UNPACK_SEQUENCE",
    "WITH_EXCEPT_START",
)
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR")
_TRUTH = ("POP_JUMP_", "JUMP_IF_", "TO_BOOL", "UNARY_NOT")
_BOOLEAN = ("CALL", "COMPARE_OP", "CONTAINS_OP", "IS_OP", "TO_BOOL", "UNARY_NOT", "WITH_EXCEPT")
"""The truth of what these leave does not change. That of a container does."""
_MAKERS = {"__init__", "begin_anew"}
"""These run before there are threads; `begin_anew` in a child process too."""
_FUNCTIONS = ("__func__", "fget", "fset", "fdel")
"""Where a method that is not a plain function has it."""
_PACKAGES = ("actortrace.core", "actortrace.dispatch")
_TOOL = 4


class Schedule(Protocol):
    """What decides who goes on."""

    def step(self) -> None:
        """Come to a step."""

    def step_at_call(self, frame: FrameType, /) -> None:
        """Come to one that is a call."""

    def enter(self, frame: FrameType | None, /) -> None:
        """Come to code that has steps, called by that of `frame`."""


class Steps:
    """Tells a schedule of each step in the code of some modules, on the threads that want it."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self.schedule: Schedule | None = None
        """The one that is told."""
        self._codes = {code: _steps(code) for module in modules for code in _codes_of(module)}
        self._threads: set[int] = set()

    if sys.version_info >= (3, 12):
        # To trace several threads crashes CPython 3.12.1, and takes longer.

        def start(self) -> None:
            """Begin to tell."""
            events = monitoring.events
            monitoring.use_tool_id(_TOOL, "steps")
            monitoring.register_callback(_TOOL, events.PY_START, self._enter)
            monitoring.register_callback(_TOOL, events.INSTRUCTION, self._step)
            for code in self._codes:
                monitoring.set_local_events(_TOOL, code, events.PY_START | events.INSTRUCTION)
            # What was not to be told any more, was so for good.
            monitoring.restart_events()

        def stop(self) -> None:
            """End it."""
            for code in self._codes:
                monitoring.set_local_events(_TOOL, code, monitoring.events.NO_EVENTS)
            monitoring.free_tool_id(_TOOL)

        def begin(self) -> None:
            """Tell of the calling thread."""
            self._threads.add(get_ident())

        def end(self) -> None:
            """Do so no more."""
            self._threads.discard(get_ident())

        def _enter(self, _code: CodeType, _offset: int) -> None:
            if get_ident() in self._threads and self.schedule is not None:
                self.schedule.enter(sys._getframe(2))

        def _step(self, code: CodeType, offset: int) -> Any:
            kind = self._codes[code].get(offset)
            if kind is None:
                return monitoring.DISABLE
            if get_ident() in self._threads:
                self._tell(kind, sys._getframe(1))
            return None

    else:

        def start(self) -> None:
            """Begin to tell."""

        def stop(self) -> None:
            """End it."""

        def begin(self) -> None:
            """Tell of the calling thread."""
            sys.settrace(self._trace)

        def end(self) -> None:
            """Do so no more."""
            sys.settrace(None)

        def _trace(self, frame: FrameType, _event: str, _argument: object) -> Trace | None:
            steps = self._codes.get(frame.f_code)
            schedule = self.schedule
            if steps is None or schedule is None:
                return None
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            schedule.enter(frame.f_back)

            def trace(frame: FrameType, event: str, _argument: object) -> Trace:
                kind = steps.get(frame.f_lasti) if event == "opcode" else None
                if kind is not None:
                    self._tell(kind, frame)
                return trace

            return trace

    def _tell(self, kind: Kind, frame: FrameType) -> None:
        schedule = self.schedule
        if schedule is None:
            return
        if kind == "call":
            schedule.step_at_call(frame)
        elif kind == "plain" or not (frame.f_back and frame.f_back.f_code in self._codes):
            # What code without steps does when it has been returned to belongs to the return.
            schedule.step()


def _steps(code: CodeType) -> dict[int, Kind]:
    """Return where in the code there are steps."""
    steps: dict[int, Kind] = {}
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        is_truth_of_boolean = name.startswith(_TRUTH) and before and _is_boolean(before)
        is_constant = name.startswith(_ATTRIBUTE) and instruction.argval not in _changing()
        if name.startswith("RETURN_"):
            steps[instruction.offset] = "return"
        elif not (name.startswith(_PRIVATE) or is_truth_of_boolean or is_constant):
            steps[instruction.offset] = "call" if "CALL" in name else "plain"
        if name not in {"EXTENDED_ARG", "NOP"}:
            before = instruction
    return steps


def _is_boolean(instruction: dis.Instruction) -> bool:
    is_named_so = str(instruction.argval).startswith(("is_", "has_"))
    return is_named_so or instruction.opname.startswith(_BOOLEAN)


@cache
def _changing() -> frozenset[str]:
    """Return the attributes that change after they were made. All others are constant."""
    return frozenset(
        instruction.argval
        for package in _PACKAGES
        for module in iter_modules(import_module(package).__path__, f"{package}.")
        for code in _codes_of(import_module(module.name))
        if code.co_name not in _MAKERS
        for instruction in dis.get_instructions(code)
        if instruction.opname in {"STORE_ATTR", "DELETE_ATTR"}
    )


def _codes_of(module: ModuleType) -> Iterator[CodeType]:
    """Yield the code of all functions of a module, as they are now: one may have been replaced."""
    owners = [module, *(v for v in vars(module).values() if isinstance(v, type))]
    for owner in owners:
        for value in vars(owner).values():
            functions = (getattr(value, name, None) for name in _FUNCTIONS)
            for function in (value, *functions):
                code = getattr(function, "__code__", None)
                if isinstance(code, CodeType) and code.co_filename == module.__file__:
                    yield from _codes_in(code)


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes_in(constant)
