"""One run of custody: every coin that has a node, one after another, each in its share of the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chalicelib import clock, settings, telemetry
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.custody import following, paying
from chalicelib.services.custody.fitness import Unfit, checked_tip
from chalicelib.stores import chains, holdings
from chalicelib.stores import node as nodes
from chalicelib.stores.chains import Overtaken
from chalicelib.stores.node import Down, Node, Said

#: A run comes by every minute and has ended by then.
RUN_MS = 45_000


class Missing(Exception):  # noqa: N818 - says what is the case
    """A chain that was followed has no node any more."""


def attached() -> dict[str, str]:
    """asset → the kind of node that this stage expects for it."""
    return {asset: one.node for asset, one in settings.custody().items() if one.node}


def run() -> dict[str, str]:
    """Follow every chain and pay what is to be paid; asset → how that went, in a word.

    A node that is down, slow, behind, of another network, or that says nonsense, is an alarm and stops its own coin only.
    Anything else, as when AWS does not answer, is raised, but only after the others had their turn.
    """
    kinds = attached()
    ends, went = clock.monotonic_ms() + RUN_MS, {}
    failed: Exception | None = None
    for turn, asset in enumerate(kinds):
        share = clock.monotonic_ms() + (ends - clock.monotonic_ms()) // (len(kinds) - turn)
        try:
            with _node(asset) as node:
                if node is None:
                    went[asset] = _missing(asset)
                else:
                    went[asset] = _follow(asset, node, lambda until=share: clock.monotonic_ms() < until)  # type: ignore[misc]
        except Unfit as error:
            telemetry.alarm("NodeUnfit", error, asset=asset)
            went[asset] = "unfit"
        except (Down, Said) as error:
            telemetry.alarm("NodeDown", error, asset=asset)
            went[asset] = "down"
        except Overtaken:
            went[asset] = "overtaken"
        except Exception as error:  # noqa: BLE001 - raised below, once the others had their turn
            failed = error
    if failed is not None:
        raise failed
    return went


@contextmanager
def _node(asset: str) -> Iterator[Node | None]:
    """The node of a coin, hung up in the end; None if there is none."""
    place = nodes.place(asset) if asset in attached() else None
    if place is None:
        yield None
        return
    node = Node(attached()[asset], place)
    try:
        yield node
    finally:
        node.close()


def _missing(asset: str) -> str:
    """A coin without a node: as planned, unless it had one."""
    if chains.get(asset) is None:
        return "no node"
    telemetry.alarm("NodeDown", Missing(asset), asset=asset)
    return "missing"


def _follow(asset: str, node: Node, in_time: Callable[[], bool]) -> str:
    chain = chains.get(asset)
    tip = checked_tip(asset, node, chain)
    if chain is None:
        chains.begin(asset, tip.height, tip.hash)
        chain = chains.get(asset)
        assert chain is not None
    before = chain.hash
    chain = following.undo(node, chain)
    chain = following.read(node, chain, tip.height, in_time)
    following.conclude(node, chain)
    if chain.hash != before:
        following.add_up(chain)
    if chain.height < tip.height:
        return "catching up"
    following.give_up(node, chain, in_time)
    paying.resend(node, chain, in_time)
    paying.pay(node, asset, in_time)
    return "up to date"


def rescan(asset: str, height: int) -> int:
    """Have a chain read again from `height` on: for deposits from before there was a node, or if one ever was missed. Gives back
    the height from which it is followed: a lower one, if the chain was replaced below. What was seen before is seen again and
    stays as it is, unless its block was replaced.

    Raises `Refused` for a coin that is not followed, or a block that has not been read.
    """
    try:
        with _node(asset) as node:
            chain = chains.get(asset)
            if node is None or chain is None:
                raise Refused(Reason.PARAMETER_INVALID, "currency")
            checked_tip(asset, node, chain)
            if height > chain.height or node.block_hash(height) is None:
                raise Refused(Reason.PARAMETER_INVALID, "height")
            try:
                chain = following.undo(node, chain)
            except Unfit as error:
                # Deeper than we remember: then what was seen is all that tells where to begin.
                telemetry.alarm("NodeUnfit", error, asset=asset)
            height, block = following.sound(node, chain, min(height, chain.height))
            holdings.unspend(asset, height)
            chains.rewind(chain, height, block)
    except (Down, Said, Unfit, Overtaken) as error:
        telemetry.alarm("NodeDown", error, asset=asset)
        raise Refused(Reason.INTERNAL) from error
    return height
