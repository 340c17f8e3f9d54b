"""What an audit found."""

from collections import defaultdict
from dataclasses import dataclass, field

#: More sentences than this help nobody, and would fill the memory of an audit of something thoroughly broken.
VIOLATIONS_MAX = 1000


@dataclass(slots=True)
class Findings:
    """What was checked, by noun, and each violation as a sentence that begins with the invariant's number."""

    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    violations: list[str] = field(default_factory=list)

    def add(self, invariant: int, sentence: str) -> None:
        """Note a violation."""
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(f"{invariant}: {sentence}"[:300])
