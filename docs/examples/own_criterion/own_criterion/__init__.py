"""Magnitude in units of the initialisation: a criterion of one's own, and what it does to the layers of a network."""
