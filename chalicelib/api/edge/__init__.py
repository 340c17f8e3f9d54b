"""What every dialect needs of HTTP: requests, JSON without floats, paging, and the app that answers last. Also what the two
coinport dialects share: their envelope, their table of errors, how they know a caller, and how they take orders."""
