"""Reading what strangers send, never more than agreed."""

from __future__ import annotations

from starlette.requests import Request


async def bounded(request: Request, most: int) -> bytes | None:
    """The body, or None once it exceeds `most` bytes (nothing after that is read)."""
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared) > most:
        return None
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > most:
            return None
    return bytes(parts)
