"""What does Erlang do in a scenario? Asks a real `erl`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.otp.model.observation import Family, Observation
from tests.otp.model.roles import Roles
from tests.otp.model.specification import (
    Advance,
    Batch,
    Call,
    Child,
    End,
    Plan,
    Scenario,
    StartChild,
    Step,
)

_SCRIPT = Path(__file__).with_name("scenarios.erl")
_REASONS = {"shutdown_term": "{shutdown,term}"}


def has_erlang() -> bool:
    """Whether there is an Erlang on this machine that can be asked, and an Elixir."""
    if not all(shutil.which(program) for program in ("erl", "erlc", "elixir")):
        return False
    # Debian has what reads the code of a module in a package of its own.
    probe = "io:write(code:which(erl_syntax_lib) =/= non_existing), halt()."
    return _output_of("erl", "-noshell", "-eval", probe) == "true"


def play_on_erlang(scenarios: Iterable[Scenario], where: Path) -> list[list[Observation]]:
    """Return what is seen of each scenario, as `tests.otp.model.tree.play` does.

    Args:
        scenarios: any number; they are run one after the other by one emulator.
        where: a directory for what the emulator reads.

    """
    played = [(scenario, Roles.of(scenario)) for scenario in scenarios]
    terms = where / "scenarios.terms"
    terms.write_text("".join(f"{_scenario(scenario, roles)}.\n" for scenario, roles in played))
    _output_of("erlc", "-o", str(where), str(_SCRIPT))
    elixir = _output_of("elixir", "-e", "IO.puts(:code.lib_dir(:elixir, :ebin))").strip()
    options = ("+S", "1", "-noshell", "-noinput", "-pa", str(where), elixir)
    output = _output_of("erl", *options, "-run", "scenarios", "main", SCENARIOS=str(terms))
    return [
        [_observation(roles, *each) for each in json.loads(line)]
        for (_, roles), line in zip(played, output.splitlines(), strict=True)
    ]


def _output_of(*command: str, **environment: str) -> str:
    return subprocess.run(
        command,
        env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0", **environment},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=600,
    ).stdout


def _observation(roles: Roles, events: Any, results: Any, families: Any) -> Observation:
    return Observation(
        tuple((what, key) for what, key in events),
        tuple(results),
        tuple(
            Family(key, tuple((child, state) for child, state in states), tuple(figures))
            for key, states, figures in families
        ),
    ).without_chance(roles)


def _scenario(scenario: Scenario, roles: Roles) -> str:
    plans = ",".join(_step(plan, roles) for plan in scenario.plans)
    steps = ",".join(_step(step, roles) for step in scenario.steps)
    return f"{{{_child(scenario.root)},[{plans}],[{steps}]}}"


def _step(step: Step, roles: Roles) -> str:
    match step:
        case Plan(key, outcomes):
            return f"{{plan,{key},[{','.join(outcomes)}]}}"
        case Advance(seconds):
            return f"{{advance,{seconds}}}"
        case Batch(None):
            return "{batch,none,[]}"
        case Batch(int(boss), items):
            return f"{{batch,{boss},[{','.join(_item(item, boss, roles) for item in items)}]}}"
    raise ValueError(step)


def _item(item: End | Call | StartChild, boss: int, roles: Roles) -> str:
    is_dynamic = roles.is_dynamic(boss)
    match item:
        case End(key, reason):
            kind = "worker" if roles.is_worker(key) else "supervisor"
            return f"{{'end',{key},{kind},{_REASONS.get(reason, reason)}}}"
        case Call(what, key):
            return f"{{call,{{{'terminate_dynamic' if is_dynamic else what},{key}}}}}"
        case StartChild(child):
            start = "start_dynamic" if is_dynamic else "start_child"
            return f"{{call,{{{start},{_child(child)}}}}}"


def _child(child: Child) -> str:
    flags = child.flags
    settings = "none"
    if flags is not None:
        values = (flags.strategy, flags.max_restarts, flags.max_seconds, flags.auto_shutdown)
        settings = f"{{{','.join(map(str, values))},{flags.max_children}}}"
    return (
        f"{{{child.key},{child.restart},{'true' if child.is_significant else 'false'},"
        f"{_shutdown(child)},{settings},"
        f"[{','.join(_child(each) for each in child.children)}]}}"
    )


def _shutdown(child: Child) -> str:
    if child.is_stubborn:
        return "1"
    return "brutal_kill" if child.is_brutal else "infinity"
