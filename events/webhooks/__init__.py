"""Webhooks: other programs are told of events, in the order in which they happened to each thing."""
