"""Is an exception recorded so that a reader finds the fault, whatever the exception is like?"""

from __future__ import annotations

import pytest

from actortrace.errors import MailboxFullError
from actortrace.telemetry.exceptions import stacktrace, type_name


def fail(error: BaseException, cause: BaseException | None = None) -> None:
    raise error from cause


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    with pytest.raises(type(error)) as caught:
        fail(error, cause)
    return caught.value


def test_a_stacktrace_names_file_line_and_function() -> None:
    lines = stacktrace(raised(ValueError("no"))).splitlines()

    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2].startswith(f'  File "{__file__}", line ')
    assert lines[-2].endswith("in fail")
    assert lines[-1] == "ValueError: no"


def test_causes_are_told_too() -> None:
    trace = stacktrace(raised(ValueError("outer"), raised(KeyError("inner"))))

    assert trace.index("ValueError: outer") < trace.index("which came from")
    assert trace.endswith("KeyError: 'inner'")


def test_a_context_that_was_suppressed_is_not_told() -> None:
    error = raised(ValueError("outer"))
    error.__context__, error.__suppress_context__ = KeyError("inner"), False
    assert "KeyError: 'inner'" in stacktrace(error)
    error.__suppress_context__ = True

    assert "KeyError" not in stacktrace(error)


def test_an_exception_that_is_its_own_cause_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert stacktrace(one) == "ValueError: one\nwhich came from\nValueError: two"


def test_endless_recursion_keeps_the_innermost_frames() -> None:
    def fall(depth: int) -> None:
        if depth == 0:
            fail(ValueError("bottom"))
        fall(depth - 1)

    with pytest.raises(ValueError, match="bottom") as caught:
        fall(200)
    lines = stacktrace(caught.value).splitlines()

    assert len(lines) == 67
    assert "frames left out" in lines[1]
    assert lines[-1] == "ValueError: bottom"


def test_an_exception_that_cannot_be_printed_is_recorded_all_the_same() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert stacktrace(MuteError()).endswith("MuteError: <its __str__ raised>")


def test_built_in_exceptions_have_short_names() -> None:
    assert type_name(ValueError()) == "ValueError"
    assert type_name(MailboxFullError("a", 1)) == "actortrace.errors.MailboxFullError"


def test_of_a_message_that_is_too_large_the_beginning_is_kept_and_how_much_is_missing() -> None:
    text = stacktrace(ValueError("x" * 5_000_000))

    assert text == f"ValueError: {'x' * 2_048}… 4997952 characters left out"
