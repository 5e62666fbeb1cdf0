"""The pictures of the demo shop: one drawing per product, from the shape of its kind and its first colour."""

from catalog.models import RENDITIONS
from catalog.pictures import Picture
from demo import shapes_electronics, shapes_home, shapes_outside
from demo.canvas import SIDE, Canvas, encode

SHAPES = shapes_electronics.SHAPES | shapes_home.SHAPES | shapes_outside.SHAPES
COLOURS = {
    "Black": "#33373d", "Graphite": "#4a4f57", "Slate": "#5c6b78", "Grey": "#8b9097", "Silver": "#b9bec5",
    "Stone": "#b3aa9c", "Sand": "#cdb48c", "Oat": "#d9c9ab", "Ivory": "#e6dcc6", "Cream": "#eadfc4",
    "White": "#ebeae6", "Oak": "#b98a58", "Walnut": "#7a5238", "Brick": "#a9503d", "Terracotta": "#c4694a",
    "Coral": "#e5735f", "Mustard": "#d3a02f", "Yellow": "#e8bd3c", "Sage": "#94a98b", "Forest": "#3f6650",
    "Teal": "#2f8488", "Sky": "#86b4d8", "Navy": "#2f4468",
}  # fmt: skip
# Colours for products that do not name one.
DEFAULTS = ("Graphite", "Teal", "Brick", "Slate", "Oak", "Navy", "Silver", "Forest")
GROUNDS = ("#dfe7ea", "#efe3d3", "#e3e9dc", "#ece0e4", "#e0e3f0", "#f1e9d2")


def draw_picture(shape: str, colour: str | None, number: int) -> Picture:
    """The picture of a product. `number` varies the ground, and the colour where none is given.

    The picture is drawn no larger than pages show it, so the large rendition has the bytes of the medium one.
    """
    body = COLOURS[colour or DEFAULTS[number % len(DEFAULTS)]]
    canvas = Canvas(body, GROUNDS[number * 5 % len(GROUNDS)])
    SHAPES[shape](canvas)
    image = canvas.finished()
    sides = {size: min(side, SIDE) for size, side in RENDITIONS.items()}
    encoded = {side: encode(image, side) for side in set(sides.values())}
    return Picture({size: encoded[side] for size, side in sides.items()}, image.width, image.height)
