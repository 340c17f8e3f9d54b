"""The router dialect: one path, `/router`, whose parameter `router` names one of 17 methods; always HTTP 200.

endpoint (the path, the envelope) · methods (what a method declares) · identity · market · trading · wallet · words · errors.
"""
