"""What an audit found."""

from collections import defaultdict
from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core.orders import Entry

#: More sentences than this help nobody, and would fill the memory of an audit of something thoroughly broken.
VIOLATIONS_MAX = 1000
#: The effects of a market's last entry may be owed this long: a matcher that died is made good by the sweeper, or when SQS
#: brings its batch again.
OWED_MS = 180_000


@dataclass(slots=True)
class Findings:
    """What was checked, by noun, and each violation as a sentence that begins with the invariant's number."""

    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    violations: list[str] = field(default_factory=list)
    owed_ms: int = OWED_MS

    def owes(self, last: Entry | None, seq: int) -> bool:
        """Whether effects of entry `seq` may still be missing: it is its market's last, and not long ago. Counted, for it
        is not yet as it shall be, but no violation."""
        owed = last is not None and last.seq == seq and last.at > clock.now_ms() - self.owed_ms
        if owed:
            self.checked["owed"] += 1
        return owed

    def add(self, invariant: int, sentence: str) -> None:
        """Note a violation."""
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(f"{invariant}: {sentence}"[:300])
