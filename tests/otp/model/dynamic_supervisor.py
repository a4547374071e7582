"""What does Elixir's `DynamicSupervisor` do otherwise? It keeps nobody who does not run."""

from __future__ import annotations

from tests.otp.model.specification import Call, StartChild
from tests.otp.model.supervisor import Slot, Supervisor


class DynamicSupervisor(Supervisor):
    """A supervisor all of whose children are started later, and are as good as each other."""

    def _is_kept(self, slot: Slot) -> bool:
        """Whether a child is still known when it does not run."""
        return False

    def _group(self, slot: Slot) -> list[Slot]:
        """Who is started again with a child, the child included."""
        return [slot]

    def _answer(self, call: Call | StartChild) -> str:
        if isinstance(call, StartChild) and len(self.slots) >= self.flags.max_children:
            return "max_children"
        return super()._answer(call)
