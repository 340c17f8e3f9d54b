"""Where the views of the group are registered."""

from chalice.app import Blueprint

routes = Blueprint(__name__)
