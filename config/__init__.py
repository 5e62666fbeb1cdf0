"""The project: it puts the apps together. Nothing imports it but its own files."""

# Of the shop and of its API; pyproject.toml and the newest heading of CHANGELOG.md say the same.
VERSION = "0.2.0"
