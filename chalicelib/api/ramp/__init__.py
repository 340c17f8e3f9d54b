"""The fiat ramp's dialect: partners sign their calls, answers are ``{code,data,description}``."""
