"""The verbs of prices. Other code imports this package, not its modules."""
