"""The fiat ramp: partners sign, people buy and sell stable coins for fiat money, operators move their orders.

signing (who calls) · partners · accounts (whom a partner means) · orders (pushed and shown) · moves (what operators and the
schedule do to them) · deadlines.
"""
