"""The secret that signs access tokens: given by whoever runs the service, or generated once into the data folder."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import os
import re
import secrets
from collections import Counter
from pathlib import Path

from headway.kit.files import sync_folder

log = logging.getLogger(__name__)

FILE_NAME = "jwt_secret"
GENERATED_BYTES = 48
SHORTEST_BYTES = 32
"""HS256 is only as strong as a key of the digest's own size (RFC 7518, section 3.2)."""
LEAST_BITS = 80
"""Characters times their entropy within the text. 32 random hex digits have about 110, placeholders below 60."""
LONGEST_PATTERN = 16
KNOWN_WORDS = re.compile(
    "change|replace|example|default|password|secret|super|insecure|development|production|headway|please|random|"
    "string|token|admin|your|this|here|jwt|key|test|dev|me|my"
)


class WeakSecret(ValueError):
    """A secret that somebody could guess. The service must not start with it; the text is for its operator."""


def load_or_create_secret(data_dir: Path, given: str) -> str:
    """Return the given secret, else the one kept in the data folder, made at first use with mode 0600.

    Processes that start together agree on one. Raises `WeakSecret`.
    """
    if given:
        check_secret(given, "JWT_SECRET")
        return given
    path = data_dir / FILE_NAME
    if not path.exists():
        _put(path, secrets.token_urlsafe(GENERATED_BYTES))
    _keep_private(path)
    secret = path.read_text(encoding="utf-8").strip()
    check_secret(secret, str(path))
    return secret


def check_secret(secret: str, name: str) -> None:
    """Raise `WeakSecret` for a secret that is short, a placeholder, or of one pattern."""
    advice = (
        "Set JWT_SECRET to at least 32 random bytes, for example from `openssl rand -base64 48`, or leave it unset."
    )
    size = len(secret.encode("utf-8", "surrogateescape"))
    if size < SHORTEST_BYTES:
        raise WeakSecret(f"{name} has {size} bytes and needs at least {SHORTEST_BYTES}. {advice}")
    if _is_repeated(secret) or _is_sequence(secret):
        raise WeakSecret(f"{name} is a short pattern repeated and can be guessed. {advice}")
    unknown = re.sub(r"[\W_]", "", KNOWN_WORDS.sub("", secret.lower()))
    if _bits(secret) < LEAST_BITS or _bits(unknown) < LEAST_BITS / 2:
        raise WeakSecret(f"{name} is made of few different characters or well-known words. {advice}")


def find_secret(data_dir: Path) -> str | None:
    """Return the secret that is kept in the data folder, if one is."""
    path = data_dir / FILE_NAME
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def keep_secret(data_dir: Path, secret: str) -> None:
    """Keep a secret of another data folder in this one, unless it has its own."""
    if not (data_dir / FILE_NAME).exists():
        _put(data_dir / FILE_NAME, secret)


def _put(path: Path, secret: str) -> None:
    """Put a new secret at `path` unless another process was first.

    It is linked there whole: a file that appears empty and is filled later would be read by whoever comes second.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{secret}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    sync_folder(path.parent)


def _keep_private(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        log.warning("%s could be read by other users of this machine; its mode is now 0600", path)
        path.chmod(0o600)


def _is_repeated(text: str) -> bool:
    return any(text[period:] == text[:-period] for period in range(1, LONGEST_PATTERN + 1))


def _is_sequence(text: str) -> bool:
    """Tell whether most characters are their predecessor's neighbour, as in abcdef or 654321."""
    steps = [abs(ord(after) - ord(before)) == 1 for before, after in itertools.pairwise(text)]
    return sum(steps) * 2 > len(steps)


def _bits(text: str) -> float:
    counts = Counter(text)
    return -sum(count * math.log2(count / len(text)) for count in counts.values())
