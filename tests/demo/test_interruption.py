"""Was the demo asked to stop?"""

import signal
import threading

import pytest

from actortrace.demo.interruption import Interruption


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_asks_to_stop_and_decides_the_exit_status(number: int, status: int) -> None:
    with Interruption() as interruption:
        before = interruption.is_wanted

        signal.raise_signal(number)

        assert (before, interruption.is_wanted, interruption.is_urgent) == (False, True, False)
        assert interruption.status == status


def test_a_second_signal_hurries_and_the_first_one_keeps_the_status() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

        assert interruption.is_urgent
        assert interruption.status == 143


def test_a_third_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)

    with Interruption():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)

    assert ended == [130]


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with Interruption():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_leaves_signals_alone() -> None:
    seen: list[object] = []

    def look() -> None:
        with Interruption():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == [signal.getsignal(signal.SIGTERM)]
