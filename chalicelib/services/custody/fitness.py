"""Whether a node can be believed for now: that it is on our network, and that it is up to date."""

from chalicelib import clock, settings
from chalicelib.stores.chains import Chain
from chalicelib.stores.node import Node, Tip

#: A node knows a header a moment before its block.
HEADERS_AHEAD_MAX = 1


class Unfit(Exception):  # noqa: N818 - says what is the case
    """The node's word is not taken: nothing is credited and nothing is paid until that changes."""


def checked_tip(asset: str, node: Node, chain: Chain | None) -> Tip:
    """The end of the node's chain. Raises `Unfit` for a node on another network, or behind: behind the others, the clock, or
    what it had itself. (A chain that wins over another is no shorter for long.)"""
    network = settings.network(asset)
    first = node.block_hash(0)
    if first != network.genesis:
        raise Unfit(f"a node of another network: its first block is {first}")
    tip = node.tip()
    if tip.syncing or tip.headers > tip.height + HEADERS_AHEAD_MAX:
        raise Unfit(f"behind: it has {tip.height} blocks of {tip.headers}")
    if network.silent_ms_max and clock.now_ms() - tip.time > network.silent_ms_max:
        raise Unfit("behind: its last block is old")
    if chain is not None and tip.height < chain.height:
        raise Unfit(f"behind: it has {tip.height} blocks, and had {chain.height}")
    return tip
