"""Money that comes and goes: balances · deposits (credited, listed) · withdrawals (asked for, cancelled, listed) · limits (what
needs no operator) · desk (what operators decide). How transfers move is a table, `core.transfers`.
"""

from chalicelib.services.wallet.balances import Balance, balances
from chalicelib.services.wallet.deposits import credit, deposits
from chalicelib.services.wallet.desk import (
    approve_deposit,
    approve_withdrawal,
    deposit_with_log,
    doubt_withdrawal,
    full_address,
    paid_withdrawal,
    reject_deposit,
    reject_withdrawal,
    under_way,
    withdrawal_with_log,
)
from chalicelib.services.wallet.withdrawals import cancel_withdrawal, submit_withdrawal, withdrawals

__all__ = [
    "Balance",
    "approve_deposit",
    "approve_withdrawal",
    "balances",
    "cancel_withdrawal",
    "credit",
    "deposit_with_log",
    "deposits",
    "doubt_withdrawal",
    "full_address",
    "paid_withdrawal",
    "reject_deposit",
    "reject_withdrawal",
    "submit_withdrawal",
    "under_way",
    "withdrawal_with_log",
    "withdrawals",
]
