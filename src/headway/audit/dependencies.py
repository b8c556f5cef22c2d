"""Who does what a request asks for, as the audit keeps it."""

from fastapi import Request

from headway.audit.log import By
from headway.kit.actor import Actor
from headway.kit.logs import remembered


def by_request(who: Actor, request: Request) -> By:
    """Return who sends a request. Behind a proxy the server must be told to trust its header for the address."""
    address = request.client.host if request.client else None
    return By(who.owner, address, remembered("request_id"))
