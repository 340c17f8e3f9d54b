"""Building, deploying and operating the exchange; running it on this machine. Nothing imports infra."""
