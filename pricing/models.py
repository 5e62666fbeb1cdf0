"""What the shop charges by: taxes, shipping and promotions."""
