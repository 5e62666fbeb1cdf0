"""The colours of a picture in the one space that every screen shows without a profile: sRGB, eight bits a channel."""

from io import BytesIO
from typing import Any, cast

from PIL import Image as Pillow
from PIL import ImageChops, ImageCms

SRGB = ImageCms.createProfile("sRGB")
LAB = ImageCms.createProfile("LAB")
MOST_16 = 65_535


def eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """The same picture with eight bits a channel: grey, RGB, either with alpha, CMYK or LAB. Greys are scaled."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return scaled(picture)
    if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB") and "transparency" not in picture.info:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "L" if picture.mode == "1" else "RGB")


def scaled(picture: Pillow.Image) -> Pillow.Image:
    """Grey of 16 or 32 bits, or of floating point, in eight bits. What the file says is transparent stays so."""
    wide = picture.convert("F")
    highest = cast(tuple[float, float], wide.getextrema())[1]
    white = 1.0 if picture.mode == "F" and highest <= 1 else float(MOST_16) if highest <= MOST_16 else float(2**31 - 1)
    if picture.mode == "F" and 1 < highest <= 255:
        white = 255.0
    grey = wide.point(lambda level: level * (255 / white) + 0.5).convert("L")
    hidden = picture.info.get("transparency")
    if not isinstance(hidden, int):
        return grey
    # 255 where the level is the transparent one, 0 where it differs by one or more.
    apart = ImageChops.add(
        wide.point(lambda level: level * 255 + (-255.0 * hidden)).convert("L"),
        wide.point(lambda level: level * -255 + 255.0 * hidden).convert("L"),
    )
    return Pillow.merge("LA", (grey, apart))


def to_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """The picture (of `eight_bits`) as RGB or RGBA, its colours converted from the profile that its file brings.

    A profile that cannot be read, or is none for this kind of picture, counts as none.
    """
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    opaque = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
    colours = converted(opaque, profile)
    if alpha:
        colours.putalpha(alpha)
    return colours


def converted(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """The picture as RGB. A profile of RGB is taken for a grey picture too."""
    plain = picture.convert("RGB")
    if picture.mode == "LAB":
        return apply(LAB, picture) or plain
    if not profile:
        return plain
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
    except OSError:
        return plain
    return apply(source, picture) or (apply(source, plain) if picture.mode == "L" else None) or plain


def apply(profile: Any, picture: Pillow.Image) -> Pillow.Image | None:
    """The picture in sRGB; None when the profile does not fit."""
    try:
        transform = ImageCms.buildTransform(profile, SRGB, picture.mode, "RGB")
        return ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, ValueError):
        return None
