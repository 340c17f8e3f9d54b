"""Invariant 1 across the fiat ramp: what an order did to its customer's account is what its state says, and nothing else."""

from chalicelib.core import ramp as rules
from chalicelib.core.ramp import Kind
from chalicelib.core.ramp import Status as OrderStatus
from chalicelib.core.transfers import FINAL, Rail, Status
from chalicelib.core.transfers import Kind as TransferKind
from chalicelib.services.audit.findings import Findings
from chalicelib.stores import aws, transfers
from chalicelib.stores.ramp import orders
from chalicelib.stores.ramp.orders import Order
from chalicelib.stores.transfers import Transfer

#: Transfers are looked up for so many orders at a time.
WINDOW = 100


def check(findings: Findings) -> None:
    """Hold every order against its transfer. Transfers were counted before: what has one by then has an order."""
    counted, found = findings.checked.get("ramp transfers", 0), 0
    window: list[Order] = []
    for order in orders.scan():
        findings.checked["ramp orders"] += 1
        window.append(order)
        if len(window) == WINDOW:
            found += _compare(window, findings)
            window = []
    found += _compare(window, findings)
    if counted > found:
        findings.add(1, f"{counted - found} transfers of the ramp belong to no order")


def _compare(window: list[Order], findings: Findings) -> int:
    """How many of the orders have a transfer."""
    moved = [order for order in window if order.transfer]
    found = aws.in_parallel(transfers.get, [order.transfer for order in moved]) if moved else []
    standing = dict(zip((order.transfer for order in moved), found, strict=True))
    for order in window:
        if not _agree(order, standing.get(order.transfer)):
            findings.add(1, f"ramp order {order.source} {order.order_no} is not what its transfer is")
    return sum(transfer is not None for transfer in found)


def _agree(order: Order, transfer: Transfer | None) -> bool:
    if order.kind is Kind.PURCHASE and order.status is not OrderStatus.RELEASED:
        return transfer is None and not order.transfer
    if transfer is None:
        return False
    kind = TransferKind.DEPOSIT if order.kind is Kind.PURCHASE else TransferKind.WITHDRAWAL
    what = (transfer.kind, transfer.rail, transfer.uid, transfer.asset, transfer.amount)
    return what == (kind, Rail.RAMP, order.uid, rules.COIN, order.amounts.coins) and _ended(order, transfer.status)


def _ended(order: Order, status: Status) -> bool:
    match order.status:
        case OrderStatus.RELEASED:
            return status is Status.SUCCEEDED
        case OrderStatus.REFUSED:
            return status is Status.REJECTED
    return status not in FINAL
