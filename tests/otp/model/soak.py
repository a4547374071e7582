"""Do very many random trees go through very many random crashes as the model says?

`python -m tests.otp.model.soak` plays 1,000 trees with 100,000 crashes; two arguments choose other
numbers, a third the seed.
"""

# ruff: noqa: T201 - printing is its job

from __future__ import annotations

import logging
import os
import sys
import time
import traceback

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from actortrace.otp.timekeeper import timekeeper
from actortrace.telemetry.configuration import configure
from tests.otp.model.agreement import Figures, play
from tests.otp.model.generator import Generator
from tests.otp.model.stage import Clock

_STEPS = 360
"""Enough for a hundred crashes in most trees."""
_REPORT = 50


class OpenSpans(SpanProcessor):
    """Counts spans, and forgets those that have ended."""

    def __init__(self) -> None:
        self.ended = 0
        self._open: dict[int, str] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._open[span.get_span_context().span_id] = span.name

    def on_end(self, span: ReadableSpan) -> None:
        assert span.context is not None
        del self._open[span.context.span_id]
        self.ended += 1

    @property
    def names(self) -> list[str]:
        """The names of the spans that are open."""
        return list(self._open.values())


def main(trees: int = 1_000, crashes: int = 100_000, seed: int = 0) -> None:
    """Play so many trees, and more until there were so many crashes. Raises where they differ."""
    logging.disable(logging.CRITICAL)
    spans, clock, figures = OpenSpans(), Clock(), Figures()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    configure(spans="process", tracer_provider=provider)
    timekeeper.clock = clock
    generator = Generator(seed, is_durable=True, is_for_actors=True)
    begun_at = time.monotonic()
    while figures.trees < trees or figures.crashes < crashes:
        play(generator.scenario(_STEPS), clock, figures)
        assert not spans.names, f"open spans: {spans.names}"
        if not figures.trees % _REPORT:
            print(_said(figures, spans, time.monotonic() - begun_at), flush=True)
    print(_said(figures, spans, time.monotonic() - begun_at))


def _said(figures: Figures, spans: OpenSpans, seconds: float) -> str:
    rate = figures.crashes / seconds
    return (
        f"{figures.trees:,} trees, {figures.crashes:,} crashes ({rate:,.0f}/s), "
        f"{figures.starts:,} starts, {figures.abandoned:,} actors abandoned and no other left, "
        f"{figures.messages:,} messages with one end each, {spans.ended:,} spans ended, "
        f"none left open, in {seconds:,.0f} s: all as the model says"
    )


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except BaseException:
        # The actors of the tree that is being played would keep the process alive.
        traceback.print_exc()
        os._exit(1)
