"""The matcher: the single writer of a market. See `engine` for its memory, `batch` for one step, `sweeper` for lost messages."""

from chalicelib.services.matching.archiving import archive, history
from chalicelib.services.matching.batch import run
from chalicelib.services.matching.checkpoints import checkpoint
from chalicelib.services.matching.rebuilding import rebuild
from chalicelib.services.matching.repairing import repair
from chalicelib.services.matching.replaying import replay
from chalicelib.services.matching.sweeper import sweep

__all__ = ["archive", "checkpoint", "history", "rebuild", "repair", "replay", "run", "sweep"]
