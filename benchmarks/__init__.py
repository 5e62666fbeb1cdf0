"""The comparison with a FastAPI shop: `make bench`. See README.md."""
