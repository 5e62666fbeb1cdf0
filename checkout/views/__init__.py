"""Carts over HTTP: what is in them, and the way to an order."""
