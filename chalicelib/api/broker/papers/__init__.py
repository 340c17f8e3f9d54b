"""Pictures and films that people bring. One group, one Lambda."""

from chalicelib.api.broker.papers import files
from chalicelib.api.broker.papers.routes import routes

__all__ = ["files", "routes"]
