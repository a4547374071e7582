"""Which programs does hypothesis try? All sorts, small enough to be read when one fails."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from tests.oracle.program import (
    Errand,
    Fail,
    Habit,
    InSpan,
    Kind,
    Litter,
    Origin,
    Place,
    Program,
    Role,
    Send,
    Spawn,
    Step,
    StopMyself,
    StopOther,
    Way,
    WithBaggage,
)

_MOST_ACTORS = 6
_DEPTH = 3


def programs() -> st.SearchStrategy[Program]:
    """Return a strategy for whole programs."""
    return st.builds(
        Program,
        roles=st.lists(roles(), min_size=1, max_size=_MOST_ACTORS).map(tuple),
        errands=st.lists(errands(), min_size=1, max_size=6).map(tuple),
        is_sampler_asked=st.booleans(),
    )


def roles() -> st.SearchStrategy[Role]:
    """Return a strategy for actors."""
    return st.builds(
        Role,
        habit=st.sampled_from((*get_args(Habit), "edged", "edged")),
        # Most are supervised, or they would soon all be dead.
        place=st.sampled_from(("child", *get_args(Place))),
        is_greeter=st.booleans(),
    )


def errands() -> st.SearchStrategy[Errand]:
    """Return a strategy for what callers do; each errand sends something."""
    return st.builds(
        Errand,
        origin=st.sampled_from(get_args(Origin)),
        steps=st.builds(lambda send, steps: (send, *steps), _sends(_DEPTH), _steps(_DEPTH)),
    )


def _steps(depth: int) -> st.SearchStrategy[tuple[Step, ...]]:
    return st.lists(_step(depth), max_size=3).map(tuple)


def _step(depth: int) -> st.SearchStrategy[Step]:
    ends: tuple[st.SearchStrategy[Step], ...] = (
        st.builds(Fail, is_exit=st.booleans()),
        st.just(StopMyself()),
        st.builds(StopOther, to=_numbers()),
        st.just(Litter()),
    )
    if depth == 0:
        return st.one_of(*ends)
    inner = _steps(depth - 1)
    return st.one_of(
        _sends(depth),
        _sends(depth),
        st.builds(InSpan, steps=inner),
        st.builds(WithBaggage, steps=inner),
        st.builds(Spawn, scripts=st.lists(inner, min_size=1, max_size=3).map(tuple)),
        *ends,
    )


def _sends(depth: int) -> st.SearchStrategy[Send]:
    return st.builds(
        Send,
        to=_numbers(),
        way=st.sampled_from(get_args(Way)),
        steps=_steps(depth - 1),
        kind=st.sampled_from(get_args(Kind)),
        times=st.integers(1, 4),
    )


def _numbers() -> st.SearchStrategy[int]:
    return st.integers(0, _MOST_ACTORS - 1)
