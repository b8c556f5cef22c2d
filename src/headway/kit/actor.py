"""Who is calling, as every slice sees it. Accounts make one; a host application makes its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller. `owner` is the opaque string that rows carry in `user_id`."""

    owner: str
    email: str = ""
    is_admin: bool = False
