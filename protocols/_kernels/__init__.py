"""What several protocols are made of; nothing here is public."""

from __future__ import annotations

__all__: list[str] = []
