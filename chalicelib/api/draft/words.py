"""What this dialect calls things."""

from typing import Final

from chalicelib.api.edge.words import Words, currency, market, number
from chalicelib.core.orders import Status
from chalicelib.core.transfers import Status as TransferStatus

__all__ = ["NEWEST", "STATUS", "TRANSFER_STATUS", "WITHDRAW_STATUS", "Words", "currency", "market", "number"]

#: 术语约定, cursor: what stands for "from the newest".
NEWEST: Final = "-1"

#: 术语约定, order_status: all filled is 1 here, and 2 is in part; v2 has them the other way round.
STATUS: Final = Words("order status", {Status.OPEN: 0, Status.FILLED: 1, Status.PARTIAL: 2, Status.CANCELLED: 3})

#: In lists a transfer's status is a word; those that the draft's samples lack are v2's.
TRANSFER_STATUS: Final = Words(
    "transfer status",
    {
        TransferStatus.PENDING: "Pending",
        TransferStatus.ACCEPTED: "Accepted",
        TransferStatus.CONFIRMING: "Confirming",
        TransferStatus.CONFIRMED: "Confirmed",
        TransferStatus.SUCCEEDED: "Succeeded",
        TransferStatus.FAILED: "Failed",
        TransferStatus.REORGANIZING: "Re-organizing",
        TransferStatus.REORGANIZED: "Re-org OK",
        TransferStatus.CANCELLED: "Cancelled",
        TransferStatus.REJECTED: "Rejected",
        TransferStatus.HOT_WALLET_SHORT: "Insufficient Hot Wallet",
        TransferStatus.PROCESSING: "Processing",
        TransferStatus.ERROR: "Internal Error",
    },
)

#: 术语约定, withdraw_status: 0 pending, 1 processing, 2 confirming, 3 cancelled, 4 succeeded, 5 failed. Several of ours share a
#: number, so there is no way back. What needs an operator's eyes is processing: nobody knows that it failed.
WITHDRAW_STATUS: Final = {
    TransferStatus.PENDING: 0,
    TransferStatus.ACCEPTED: 1,
    TransferStatus.PROCESSING: 1,
    TransferStatus.HOT_WALLET_SHORT: 1,
    TransferStatus.ERROR: 1,
    TransferStatus.CONFIRMING: 2,
    TransferStatus.CONFIRMED: 2,
    TransferStatus.REORGANIZING: 2,
    TransferStatus.REORGANIZED: 2,
    TransferStatus.CANCELLED: 3,
    TransferStatus.REJECTED: 3,
    TransferStatus.SUCCEEDED: 4,
    TransferStatus.FAILED: 5,
}
