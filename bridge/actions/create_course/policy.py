"""Pictures that an order may put on a course."""

from __future__ import annotations

from bridge.actions.action import TicketFile
from bridge.actions.base import OrderRefused

LARGEST_PICTURE = 10 * 1024 * 1024
"""Bytes."""
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
}


def refuse_no_picture(file: TicketFile) -> None:
    """A file that is no picture, or too large, is refused, whatever its name says.

    Raises:
        OrderRefused: `picture-unusable`.
    """
    with file.path.open("rb") as content:
        head = content.read(12)
    webp = head.startswith(b"RIFF") and head[8:] == b"WEBP"
    if not webp and not any(head.startswith(one) for one in _BEGINNINGS):
        why = "это не изображение PNG, JPEG, GIF или WebP"
    elif file.size > LARGEST_PICTURE:
        why = f"изображение больше {LARGEST_PICTURE // (1024 * 1024)} МиБ"
    else:
        return
    raise OrderRefused(
        "picture-unusable", f"the picture {file.name} cannot be used: {why}", file=file.name, why=why
    )
