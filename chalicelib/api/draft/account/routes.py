"""The one blueprint of the group."""

from chalice.app import Blueprint

routes = Blueprint(__name__)
