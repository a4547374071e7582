"""Are crashes, restarts and drops told from everything else?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from actortrace.telemetry.conventions import DROP_REASON, ERROR_TYPE, OPERATION_NAME
from actortrace.waterfall.mark import Mark, count_marks, error_of, mark_of
from actortrace.waterfall.record import Kind, Status
from tests.waterfall.records import crashed, span, story


def test_a_story_has_one_of_each() -> None:
    assert count_marks(story()) == {Mark.CRASH: 1, Mark.RESTART: 1, Mark.DROP: 1}


def test_a_handler_that_is_called_restart_is_no_restart() -> None:
    assert mark_of(span(1, "restart Account", kind=Kind.CONSUMER)) is None


def test_a_restart_of_another_library_is_no_restart() -> None:
    foreign = replace(span(1, "restart nginx", kind=Kind.INTERNAL), attributes={})

    assert mark_of(foreign) is None


def test_a_restart_may_be_known_by_its_operation() -> None:
    named = span(1, "renamed", kind=Kind.INTERNAL, attributes={OPERATION_NAME: "restart"})

    assert mark_of(named) is Mark.RESTART


def test_a_restart_that_fails_is_still_a_restart() -> None:
    failed = crashed(span(1, "restart Account", kind=Kind.INTERNAL))

    assert mark_of(failed) is Mark.RESTART
    assert error_of(failed)


def test_a_drop_is_known_by_its_reason() -> None:
    assert mark_of(span(1, "lost", attributes={DROP_REASON: "mailbox full"})) is Mark.DROP


def test_a_caller_that_fails_with_its_callee_is_no_second_crash() -> None:
    assert mark_of(crashed(span(1, "ask Account", kind=Kind.CLIENT))) is None


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        ("ValueError", "not -1", "ValueError: not -1"),
        ("sqlite3.OperationalError", "disk  is\nfull", "OperationalError: disk is full"),
        ("KeyError", "", "KeyError"),
    ],
)
def test_an_error_is_one_line_of_type_and_message(kind: str, message: str, expected: str) -> None:
    assert error_of(crashed(span(1), kind, message)) == expected


def test_an_error_without_an_exception_is_told_from_status_and_attribute() -> None:
    failed = replace(span(1), status=Status.ERROR)
    typed = replace(failed, attributes={ERROR_TYPE: "bank.Broke"})

    assert error_of(failed) == "failed"
    assert error_of(replace(typed, status_message="bank.Broke: no money")) == "Broke: no money"
    assert error_of(replace(failed, status_message="no money")) == "no money"


def test_what_did_not_fail_has_no_error() -> None:
    assert error_of(span(1)) == ""
