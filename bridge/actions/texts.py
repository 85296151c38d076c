"""Customers' plain texts as the HTML that Moodle keeps."""

from __future__ import annotations

from html import escape


def paragraphs(text: str) -> str:
    """Paragraphs of a plain text, escaped; "" stays ""."""
    blocks = [block.strip() for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks)
