"""Bodies of multipart forms, the same bytes in every run."""

from io import BytesIO

from PIL import Image

BOUNDARY = "boundary-of-the-recording"


def picture(format: str = "PNG") -> bytes:
    """A small picture of one colour."""
    file = BytesIO()
    Image.new("RGB", (4, 3), (200, 40, 40)).save(file, format)
    return file.getvalue()


def multipart(**parts: str | bytes) -> bytes:
    """A form whose parts of bytes are files."""
    body = b""
    for name, content in parts.items():
        file = b'; filename="chair.png"\r\nContent-Type: image/png' if isinstance(content, bytes) else b""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode() + file
        body += head + b"\r\n\r\n" + (content if isinstance(content, bytes) else content.encode()) + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()
