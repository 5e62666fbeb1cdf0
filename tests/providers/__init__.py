"""A fake of Stripe and PayPal as a process of its own, for tests and for `make run`. It keeps books, as they do.

What a provider promises and what it may do to us is imitated: idempotency keys, state machines, bounds, lost answers,
notifications that are doubled, late, lost or forged. Its books (SQLite) survive its crashes and the shop's.
"""
