"""E-mail addresses as the names of accounts: one spelling for each."""

from __future__ import annotations

import unicodedata

from headway.accounts.errors import InvalidEmail

LONGEST = 254
"""What a mail server can be given (RFC 5321)."""


def normalize_email(email: str) -> str:
    """Return the one spelling of this address. It need not be one that mail could be sent to."""
    lowered = unicodedata.normalize("NFC", email.strip()).lower()
    # Lowering may take a letter apart (İ), so that the form has to be made again.
    return unicodedata.normalize("NFC", lowered)


def check_email(email: str) -> str:
    """Return the normalised address, or raise `InvalidEmail`. `admin@localhost` is one."""
    normal = normalize_email(email)
    name, at, domain = normal.rpartition("@")
    if not (name and at and domain):
        raise InvalidEmail("An e-mail address has a name, an @ and a domain.")
    if len(normal) > LONGEST:
        raise InvalidEmail(f"The e-mail address has {len(normal)} characters; at most {LONGEST} are accepted.")
    if any(character.isspace() or unicodedata.category(character)[0] == "C" for character in normal):
        raise InvalidEmail("The e-mail address holds a space or an invisible character.")
    return normal
