"""The exchange. See docs/architecture.md for the map."""
