"""A supervised account that crashes, is restarted, and keeps its trace.

Run it with `python examples/bank.py`; it needs nothing but `actortrace[cli]`.
"""

from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actortrace import Supervisor, TracedActor, child, handles, whereis


@dataclass(frozen=True, slots=True)
class Deposit:
    amount: int


class Account(TracedActor):
    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner, self.balance = owner, 0

    @handles(Deposit)
    def deposit(self, message: Deposit) -> int:
        if message.amount <= 0:
            raise ValueError(f"amount must be positive, not {message.amount}")
        self.balance += message.amount
        return self.balance


class Bank(Supervisor):
    children = (child(Account, "ann", name="ann"), child(Account, "bob", name="bob"))


def main() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    bank = Bank.start()
    ann = whereis("ann")
    assert ann is not None
    with trace.get_tracer("bank").start_as_current_span("payday"):
        ann.ask(Deposit(5))
        ann.tell(Deposit(-1))  # crashes Ann's account, which starts anew
        print("Ann has", ann.ask(Deposit(7)), "after the restart")
    bank.stop()

    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        under = names[span.parent.span_id] if span.parent else "-"
        links = ", ".join(names[link.context.span_id] for link in span.links)
        print(f"{span.name:16} under {under:16} {'links to ' + links if links else ''}".rstrip())


if __name__ == "__main__":
    main()
