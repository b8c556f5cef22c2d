"""What can go wrong with accounts and signing in, in words for the person who tried."""

from __future__ import annotations

from headway.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorized


class WrongCredentials(Unauthorized):
    """The same answer for an unknown e-mail and for a wrong password, so that nobody can list who has an account."""

    code = "auth.wrong_credentials"
    title = "That e-mail and password do not match."
    user_action = "Check both and try again. An administrator can give you a new password."


class InvalidToken(Unauthorized):
    code = "auth.invalid_token"
    title = "The token is not valid"
    user_action = "Sign in again to get a new token."


class ExpiredToken(Unauthorized):
    code = "auth.expired_token"
    title = "The token has expired"
    user_action = "Sign in again to get a new token."


class SessionEnded(Unauthorized):
    code = "auth.session_ended"
    title = "Your session has ended"
    user_action = "Sign in again. Your jobs go on meanwhile."


class AccountDisabled(Unauthorized):
    """Said only to a caller that has proved to be the account's owner."""

    code = "auth.account_disabled"
    title = "This account is disabled"
    user_action = "Ask an administrator to enable it."


class CrossSite(Forbidden):
    code = "auth.cross_site"
    title = "This request came from another site"
    user_action = "Open the page at its own address and try again. Programs send a bearer token, not the cookie."


class WrongPassword(Forbidden):
    code = "auth.wrong_password"
    title = "That is not your present password"
    user_action = "Type the password that you signed in with."


class TooManyAttempts(TooMany):
    code = "auth.too_many_attempts"
    title = "Too many wrong passwords"
    user_action = "Wait until the time named here has passed, then try again."


class WeakPassword(Invalid):
    code = "users.weak_password"
    title = "This password cannot be used"
    user_action = "Choose a password of 8 to 1024 characters."


class InvalidEmail(Invalid):
    code = "users.invalid_email"
    title = "This is not an e-mail address"
    user_action = "Write it like name@example.org."


class EmailTaken(Conflict):
    code = "users.email_taken"
    title = "There is already a user with this e-mail"
    user_action = "Choose another e-mail, or give the existing user a new password."


class UserNotFound(NotFound):
    code = "users.not_found"
    title = "There is no such user"
    user_action = "Look in the list of users and check the spelling."


class ApiTokenNotFound(NotFound):
    code = "tokens.not_found"
    title = "There is no such token"
    user_action = "Look in the list of your tokens. It may have been revoked already."


class TooManyApiTokens(Conflict):
    code = "tokens.too_many"
    title = "You have as many tokens as one account may have"
    user_action = "Revoke those that nobody uses any more, then try again."


class LastAdmin(Conflict):
    code = "users.last_admin"
    title = "This is the last administrator"
    user_action = "Make somebody else an administrator first."
