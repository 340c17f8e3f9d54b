"""The draft of coinport v2, older than v2 itself, at /draft/api/v2: its own shapes over the same services."""
