"""The dialect of coinport v2, under ``/api/v2``: one file per endpoint group."""
