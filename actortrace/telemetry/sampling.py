"""When is it certain, without asking, that a sampler will say no?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import TraceFlags

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

ROOT = "root"
_PARENTS = {
    # (is remote, is sampled)
    (True, 1): "remoteParentSampled",
    (True, 0): "remoteParentNotSampled",
    (False, 1): "localParentSampled",
    (False, 0): "localParentNotSampled",
}
_SDK, _OURS = "opentelemetry.sdk.trace.sampling", "actortrace.telemetry.keep_failures"
_SAMPLED = int(TraceFlags.SAMPLED)
_EVERY_PARENT = frozenset({ROOT, *_PARENTS.values()})
_OFF = "AlwaysOffSampler"


def parent_kind(parent: SpanContext) -> str:
    """Return which of a parent-based sampler's delegates decides about children of `parent`."""
    # All at once: each by its name is a call, and this is asked about for most messages.
    _, _, is_remote, flags, _, is_valid = parent
    return _PARENTS[is_remote, flags & _SAMPLED] if is_valid else ROOT


def kinds_never_sampled(sampler: Any) -> frozenset[str]:
    """Return the kinds of parents under which `sampler` is known to say no to a message.

    Only the SDK's own classes are taken at the word of their description, and what it says of their
    delegates: a sampler derived from one of them may decide otherwise, and is asked.
    """
    if keeps_failures(sampler):
        return kinds_never_sampled(sampler.sampler)
    if not type(sampler).__module__.startswith(_SDK):
        return frozenset()
    description = sampler.get_description()
    if description == _OFF:
        return _EVERY_PARENT
    if not description.startswith("ParentBased{"):
        return frozenset()
    return frozenset(
        parent for parent, delegate in _delegates(description).items() if delegate == _OFF
    )


def keeps_failures(sampler: Any) -> bool:
    """Whether a sampler may say yes to a restart where it says no to a message."""
    return type(sampler).__module__ == _OURS


def _delegates(description: str) -> dict[str, str]:
    """Take `ParentBased{root:A,remoteParentSampled:B{…},…}` apart, at its top level only."""
    parts, depth = [""], 0
    for letter in description.partition("{")[2][:-1]:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return {parent: delegate for parent, _, delegate in (part.partition(":") for part in parts)}
