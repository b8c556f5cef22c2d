"""A check-up of an object store: does it keep what Headway relies on? Every defect is told in a sentence."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator

from headway.errors import AppError
from headway.plurals import counted
from headway.storage.checks_access import access_checks
from headway.storage.checks_folder import folder_checks
from headway.storage.checks_objects import OBJECT_CHECKS, answers
from headway.storage.errors import StoreUnavailable
from headway.storage.store import ObjectStore
from headway.storage.trial import Check, CheckResult, Defect, Trial, Verdict, what_it_said, without_passwords

__all__ = ["Check", "CheckResult", "Verdict", "check_up", "checks_of"]

LARGE_BYTES = 64 * 1024 * 1024
CHECK_SECONDS = 300
"""Longer than a slow store needs for one check, shorter than anybody waits for one that hangs."""

REMOVING = "removal"
_log = logging.getLogger(__name__)


def checks_of(store: ObjectStore) -> tuple[Check, ...]:
    """Return every check that suits this kind of store, after the first one, which asks whether it answers."""
    return (*OBJECT_CHECKS, *access_checks(store), *folder_checks(store))


async def check_up(
    store: ObjectStore, *, large_bytes: int = LARGE_BYTES, min_free_bytes: int = 0
) -> AsyncGenerator[CheckResult, None]:
    """Yield how each check ended, as it ends; close the iterator (`aclosing`) to have the objects removed early.

    Everything is stored below `checkup/<uuid>/` and removed at the end, whatever happened. A store that does
    not answer at all gets no further question.
    """
    trial = Trial(store, large_bytes, min_free_bytes)
    first = await _ended(Check("answers", needed=True, run=answers), trial)
    yield first
    if first.verdict == "defect":
        return
    finished = False
    try:
        for check in checks_of(store):
            yield await _ended(check, trial)
        finished = True
    finally:
        begun = time.perf_counter()
        left = await trial.remove_all()
        if left and not finished:
            _log.warning("%s", _left_over(trial, left))
    sentence = _left_over(trial, left) if left else "Everything that the check-up stored was removed."
    yield CheckResult(REMOVING, "defect" if left else "ok", sentence, time.perf_counter() - begun)


def _left_over(trial: Trial, left: int) -> str:
    return f"{counted(left, 'object')} below {trial.prefix} could not be removed. Remove what is left by hand."


async def _ended(check: Check, trial: Trial) -> CheckResult:
    begun = time.perf_counter()
    sentence, fine = await _tried(check, trial)
    verdict: Verdict = "ok" if fine else "defect" if check.needed else "note"
    return CheckResult(check.name, verdict, sentence, time.perf_counter() - begun)


async def _tried(check: Check, trial: Trial) -> tuple[str, bool]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check.run(trial), True
    except Defect as defect:
        return str(defect), False
    except AppError as error:
        return f"{_meaning(error)}{what_it_said(error)}", False
    except TimeoutError:
        return f"There was no end within {CHECK_SECONDS} seconds.", False
    except Exception as error:  # noqa: BLE001 - whatever a store makes a library raise is its defect
        return f"An error that Headway does not expect: {type(error).__name__}: {without_passwords(str(error))}", False


def _meaning(error: AppError) -> str:
    """A store that answered a moment ago is not away because one request failed."""
    if isinstance(error, StoreUnavailable) and error.detail == error.title:
        return "A request that Headway makes of a store failed."
    return f"{error.detail.rstrip('.')}."
