"""Orders over HTTP: whose order it is, and what the verbs of the services answer."""
