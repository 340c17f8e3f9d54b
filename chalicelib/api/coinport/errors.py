"""Reasons as this dialect spells them: the table of `edge.spelling` as it stands. A new reason gets its row there."""

from chalicelib.api.edge.spelling import SPELLINGS, message

__all__ = ["SPELLINGS", "message"]
