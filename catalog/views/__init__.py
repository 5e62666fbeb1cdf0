"""The catalog over HTTP: anyone reads what is for sale, staff write through the verbs of catalog.services."""
