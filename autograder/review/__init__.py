"""The web page where a class is read: a small server on this machine, behind a token, with nothing from elsewhere."""
