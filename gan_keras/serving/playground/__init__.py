"""A page to play with the models of a server."""
