"""Products as the storefront asks for them: pages, single products and facets, read by hand-written statements.

`conditions` says which products are meant, `search` how words are answered, `pages` reads the rows, `single` one of
them, `facets` counts them, and `cache` keeps the answers that visitors ask for again within a second.
"""
