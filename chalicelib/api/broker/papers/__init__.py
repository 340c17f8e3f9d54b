"""Who people really are: claims, and the pictures and films that belong to them. One group, one Lambda."""

from chalicelib.api.broker.papers import claims, files
from chalicelib.api.broker.papers.routes import routes

__all__ = ["claims", "files", "routes"]
