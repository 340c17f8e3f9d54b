"""The fiat ramp: partners, their orders, whom they mean by an account, and the calls they made lately."""
