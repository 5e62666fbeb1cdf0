"""The providers of money. Each is a module with the same seven functions, and answers in Snapshots.

`create(request, key)`, `fetch(ref)`, `capture(ref, amount, key)`, `cancel(ref, key)`, `refund(ref, amount, key,
operation_id)`, `find(payment_id, since)` and `parse_notification(headers, body)`. A call refuses with ProviderRefused
when the provider said no, and with ProviderUnknown when nobody knows. No call is made within a transaction.
"""
