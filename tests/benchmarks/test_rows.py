"""Does every benchmark run, and does it take turns? How long it takes is never asserted."""

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pykka
import pytest

from benchmarks import command, rows
from benchmarks.comparison import compare
from benchmarks.row import Measure, Row, at_most, measure
from benchmarks.statistics import Round


@pytest.mark.parametrize("row", rows.AVAILABLE, ids=lambda row: row.name)
def test_row_runs(row: Row) -> None:
    others = pykka.ActorRegistry.get_all()

    rounds = measure(row, 2, size=3)
    outcome = compare(rounds, row.comparison, row.promise)

    assert len(rounds) == min(2, row.most_rounds or 2)
    assert "ours" in outcome.medians
    assert pykka.ActorRegistry.get_all() == others


def test_names_of_rows_are_unique() -> None:
    names = [row.name for row in rows.ROWS]

    assert len(set(names)) == len(names)


def test_sides_take_turns_in_swapped_order_with_the_collector_on() -> None:
    calls: list[str] = []

    @contextmanager
    def sides() -> Iterator[Mapping[str, Measure]]:
        def side(name: str) -> Measure:
            def measured(times: int) -> float:
                assert gc.isenabled()
                calls.append(name)
                return 10.0 * times

            return measured

        yield {"ours": side("o"), "pykka": side("p")}

    rounds = measure(Row("x", "x", sides, size=7), 3)

    warm_up = "op"
    assert "".join(calls) == warm_up + "op" + "po" + "op"
    assert rounds == [{"ours": 10.0, "pykka": 10.0}] * 3


def test_row_that_does_not_warm_up_is_measured_at_once() -> None:
    calls: list[int] = []

    @contextmanager
    def sides() -> Iterator[Mapping[str, Measure]]:
        def measured(times: int) -> float:
            calls.append(times)
            return 1.0

        yield {"ours": measured}

    measure(Row("x", "x", sides, size=7, warms_up=False, most_rounds=1), 3)

    assert calls == [7]


def test_what_cannot_be_done_so_often_is_reckoned_from_fewer() -> None:
    calls: list[int] = []

    def measured(times: int) -> float:
        calls.append(times)
        return 2.0 * times

    seconds = [at_most(150, measured)(times) for times in (100, 150, 10_000)]

    assert calls == [100, 150, 150]
    assert seconds == [200.0, 300.0, 20_000.0]


def test_program_prints_a_table_and_writes_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results.json"
    monkeypatch.setattr(command, "measure", lambda row, rounds: measure(row, rounds, size=3))

    status = command.main(["--rounds", "1", "--rows", "ask-unsampled", "--json", str(results)])

    printed = capsys.readouterr()
    assert status == 0
    assert "ask, not sampled" in printed.out
    assert "ask, not sampled, `Threads` …" in printed.err
    written = json.loads(results.read_text(encoding="utf-8"))
    assert written["packages"].keys() >= {"pykka", "opentelemetry-sdk"}
    assert [row["name"] for row in written["rows"]] == ["ask-unsampled"]
    assert len(written["rows"][0]["rounds"]) == 1


@pytest.mark.parametrize(
    ("is_kept", "arguments", "status"),
    [(True, ["--check"], 0), (False, ["--check"], 1), (False, [], 0)],
)
def test_check_fails_when_a_promise_is_not_kept(
    arguments: list[str],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_kept: bool,
) -> None:
    pykkas = 10.0 if is_kept else 1.0

    def measured(_row: Row, rounds: int) -> list[Round]:
        return [{"ours": 1.0, "pykka": pykkas}] * rounds

    monkeypatch.setattr(command, "measure", measured)
    where = ["--rows", "tell-off", "--json", str(tmp_path / "results.json")]

    assert command.main([*arguments, *where]) == status


@pytest.mark.parametrize(
    "arguments", [["--rounds", "0"], ["--check", "--rounds", "3"], ["--rows", "nonsense"]]
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)

    assert ended.value.code == 2
