"""The audit: the invariants of the ledger, checked over all accounts, journals, orders, trades and transfers.

1. Per asset, what accounts hold is what was deposited and not withdrawn; of the fiat ramp, what its orders say.
2. Per account and asset, what is frozen is what its open orders and intents hold, what is pending what its open withdrawals
   hold; nothing is negative.
3. A journal has no gap; folding it gives the orders and the trades.
4. An accepted order ends at most once, is never overfilled, and is filled in price-time priority.
5. Each trade is settled once on each side.

Memory is bounded: `records` holds one market's book and a window of rows, `balances` one part of the accounts, at a time.

It runs while trading goes on. An account tells up to which entry of each market it is settled (`applied`), so each
account is held against exactly that much of the journals. What the tables had not caught up with while they were read
is looked at again: only what stays wrong is a violation.
"""

from chalicelib import telemetry
from chalicelib.services.audit import balances, ramp, records
from chalicelib.services.audit.findings import OWED_MS, Findings

__all__ = ["OWED_MS", "Findings", "audit", "watch"]

#: A violation has to be seen in this many readings in a row.
READINGS = 3


def audit(owed_ms: int = OWED_MS) -> Findings:
    """Check invariants 1 to 5. What the last entry of a market did may be missing for `owed_ms`."""
    findings = _read_once(owed_ms)
    for _ in range(READINGS - 1):
        if not findings.violations:
            break
        again = _read_once(owed_ms)
        again.violations = [violation for violation in again.violations if violation in set(findings.violations)]
        findings = again
    return findings


def watch() -> None:
    """The audit as a schedule runs it: a log line with what was checked, and for violations an error and an alarm."""
    findings = audit()
    telemetry.logger().info("audit", extra={"checked": dict(findings.checked), "violations": findings.violations[:100]})
    telemetry.count("AuditViolations", len(findings.violations))


def _read_once(owed_ms: int) -> Findings:
    findings = Findings(owed_ms=owed_ms)
    records.check(findings)
    balances.check(findings)
    ramp.check(findings)
    return findings
