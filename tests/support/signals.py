"""A change signal that remembers whom it was told about, and tells its listeners at once."""

from __future__ import annotations

from headway.jobs.signal import Listener


class RecordingSignal:
    def __init__(self) -> None:
        self.owners: list[str] = []
        self._listeners: list[Listener] = []

    def changed(self, owner: str) -> None:
        self.owners.append(owner)
        for listener in self._listeners:
            listener({owner})

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def start(self) -> None: ...

    async def close(self) -> None: ...
