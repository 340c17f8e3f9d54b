"""The exchange as arithmetic: values in, values out; the standard library only."""
