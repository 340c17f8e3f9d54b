"""What every dialect needs of HTTP: requests, JSON without floats, paging, and the app that answers last."""
