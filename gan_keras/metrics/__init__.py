"""Scores of generated data, one family a file; every score names the protocol that it was measured by."""
