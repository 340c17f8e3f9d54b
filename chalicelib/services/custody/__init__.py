"""Custody: the coins on block chains. A schedule follows each chain through a full node: deposits are seen, confirmed and
credited, approved withdrawals are paid and followed, re-organisations undone.

Everything it writes is conditional on what it read, and the cursor moves only after the consequences of a block are
written: a run can die anywhere, and two may run at once. The chain is the truth; what is unknown is asked again.
"""

from chalicelib.services.custody.run import attached, rescan, run

__all__ = ["attached", "rescan", "run"]
