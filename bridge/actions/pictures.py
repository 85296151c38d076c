"""Pictures that orders bring, judged by their content."""

from __future__ import annotations

from bridge.actions.action import TicketFile
from bridge.actions.base import OrderRefused

LARGEST_PICTURE = 10 * 1024 * 1024
"""Bytes."""
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"\x00\x00\x01\x00": "ICO",
    b"RIFF": "WebP",
}


def refuse_no_picture(file: TicketFile, *kinds: str) -> None:
    """A file that is no picture, or too large, is refused, whatever its name says.

    Parameters:
        kinds: which are taken, by default PNG, JPEG and GIF, and ICO where the name says so.

    Raises:
        OrderRefused: `picture-unusable`.
    """
    taken = kinds or ("PNG", "JPEG", "GIF", *(("ICO",) if file.name.lower().endswith(".ico") else ()))
    with file.path.open("rb") as content:
        head = content.read(12)
    begins = any(head.startswith(one) for one, kind in _BEGINNINGS.items() if kind in taken)
    if not begins or (head.startswith(b"RIFF") and head[8:] != b"WEBP"):
        why = f"это не изображение {', '.join(taken)}"
    elif file.size > LARGEST_PICTURE:
        why = f"изображение больше {LARGEST_PICTURE // (1024 * 1024)} МиБ"
    else:
        return
    raise OrderRefused(
        "picture-unusable", f"the picture {file.name} cannot be used: {why}", file=file.name, why=why
    )
