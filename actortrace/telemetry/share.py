"""Which of many belong to the share of them that gets spans?"""

from __future__ import annotations

import os
import random

_generator = random.Random()  # noqa: S311 - what is left out of a trace is no secret
"""Not the global one: a program that seeds that is not to be changed by being watched."""

_WORD = 1 << 64
_MIXER = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835
"""An odd number of 128 bits: each bit of a trace's id comes to matter for those that are looked at.

A ratio sampler looks at the lower bits as they are. Who did the same would keep all that it kept.
"""


def is_in_share(ratio: float, trace_id: int) -> bool:
    """Whether something in a trace belongs to the share: in one trace always the same answer.

    Without a trace, which has the id 0, it is left to chance.
    """
    if not trace_id:
        return _generator.random() < ratio
    return ((trace_id * _MIXER) >> 64) % _WORD < ratio * _WORD


def choose(count: int, share: int) -> frozenset[int]:
    """Return which `share` of `count` things are chosen; any is as likely as any other."""
    return frozenset(_generator.sample(range(count), share))


def new_ids() -> tuple[int, int]:
    """Return the ids of a trace that nobody sees, and of a span."""
    return _generator.getrandbits(128) or 1, _generator.getrandbits(64) or 1


if hasattr(os, "register_at_fork"):
    # Or parent and child would leave the same to the same chance.
    os.register_at_fork(after_in_child=_generator.seed)
