"""The proof: a real shop under load and under faults, and afterwards every invariant and every client's log.

`shop_settings`, `wsgi`, `urls`, `failpoints`, `sabotage` and `worker` run inside the shop's processes; `client`,
`stage`, `checks` and the trials are the world around it and speak HTTP and SQL only.
"""
