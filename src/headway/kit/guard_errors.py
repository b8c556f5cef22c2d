"""What the guards in front of the API refuse, before any slice has seen the request."""

from __future__ import annotations

from headway.errors import BadRequest, Invalid, TooLarge, Unavailable


class HeadTimeout(BadRequest):
    """The connection was open, and the request's lines did not all come in time."""

    status = 408
    code = "request.head_timeout"
    title = "The request took too long to arrive"
    user_action = "Send the request again. If it happens often, look at the network in between."
    retryable = True


class HeadTooLarge(BadRequest):
    """Too many header fields, or too many bytes of them; often cookies of other services on the same host."""

    status = 431
    code = "request.head_too_large"
    title = "The request carries too many or too long header fields"
    user_action = "Send fewer headers. In a browser, delete the cookies of this address."


class TooManyConnections(Unavailable):
    """One address holds more connections than one address may."""

    code = "request.too_many_connections"
    title = "Too many connections come from your address"
    user_action = "Close some of them, or wait a moment and try again."


class NotOpenElsewhere(BadRequest):
    """The answer to a preflight: a browser asks before a page of another origin sends what is not open to it."""

    code = "request.not_open_elsewhere"
    title = "A page of another origin may not send this request"
    user_action = (
        "Send no other headers than Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID and those of"
        " tus."
    )


class BodyTooLarge(TooLarge):
    """Not for files: those go to the address that streams them."""

    code = "request.body_too_large"
    title = "The body of the request is too large for this address"
    user_action = "Send less at once. Files go to POST /api/v2/imports."


class InvalidJson(BadRequest):
    """Not JSON as RFC 8259 has it, in UTF-8, or with numbers that cannot be kept."""

    code = "request.invalid_json"
    title = "The body is not valid JSON"
    user_action = "Correct the JSON at the place that is named and send it again."


class JsonBodyTooDeep(Invalid):
    """Arrays and objects inside each other, counted together."""

    code = "request.json_too_deep"
    title = "The JSON of the body is nested too deeply"
    user_action = "Send it flatter."
