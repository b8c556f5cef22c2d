"""The objects of datasets, deleted once no row names them."""

from __future__ import annotations

import logging
from collections.abc import Collection

from headway.datasets.cache import RowsCache
from headway.errors import AppError
from headway.storage.store import ObjectStore

log = logging.getLogger(__name__)


class DatasetObjects:
    """What lies in the store for datasets, and this machine's copies of it."""

    def __init__(self, store: ObjectStore, cache: RowsCache) -> None:
        self._store = store
        self._cache = cache

    async def discard(self, keys: Collection[str]) -> int:
        """Delete objects and their copies; return how many the store did not delete, which are left for the sweep."""
        return [await self._discard(key) for key in sorted(keys)].count(False)

    async def _discard(self, key: str) -> bool:
        self._cache.forget(key)
        try:
            await self._store.delete(key)
        except AppError as error:
            log.warning("object %s could not be deleted and is left for the sweep: %s", key, error.detail)
            return False
        return True
