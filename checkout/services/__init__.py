"""The verbs of carts. Other code imports this package, not its modules."""
