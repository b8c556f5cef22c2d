"""The HTTP side of accounts: signing in by token or cookie, the caller's own account and tokens, and all users."""
# No `from __future__ import annotations`: FastAPI could not resolve closures in Annotated.

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security import OAuth2PasswordRequestForm

from headway.accounts.dependencies import (
    SESSION_COOKIE,
    build_admin_dependency,
    refuse_other_origin,
    require_same_origin,
)
from headway.accounts.errors import (
    AccountDisabled,
    ApiTokenNotFound,
    CrossSite,
    EmailTaken,
    InvalidEmail,
    LastAdmin,
    TooManyApiTokens,
    TooManyAttempts,
    UserNotFound,
    WeakPassword,
    WrongCredentials,
    WrongPassword,
)
from headway.accounts.models import User
from headway.accounts.schemas import (
    ApiTokenResponse,
    ChangePassword,
    CreateApiToken,
    CreateUser,
    MeResponse,
    NewApiToken,
    SessionResponse,
    SetPassword,
    SetRole,
    SignIn,
    TokenResponse,
    UserResponse,
)
from headway.accounts.service import AccountService
from headway.audit.dependencies import by_request
from headway.errors import Forbidden, Invalid, Unauthorized
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import needs
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses


def build_accounts_router(service: AccountService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes of accounts. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter()
    router.include_router(_signing_in(service))
    router.include_router(_own_account(service, actor))
    router.include_router(_own_tokens(service, actor))
    admin = build_admin_dependency(actor)
    router.include_router(_users(service, admin))
    router.include_router(_user(service, admin))
    return router


def _signing_in(service: AccountService) -> APIRouter:
    router = APIRouter(prefix="/auth", tags=["auth"])
    refusals = responses(WrongCredentials, AccountDisabled, Invalid, TooManyAttempts)

    @router.post("/token", responses=refusals)
    async def issue_token(
        request: Request, response: Response, form: Annotated[OAuth2PasswordRequestForm, Depends()]
    ) -> TokenResponse:
        """Exchange e-mail (as `username`) and password for an access token."""
        user = await service.sign_in(form.username, form.password, client_address(request))
        response.headers["Cache-Control"] = "no-store"
        return TokenResponse(access_token=service.issue_token(user), expires_in=service.token_lifetime_seconds)

    @router.post("/session", responses={**refusals, **responses(CrossSite)})
    async def open_session(request: Request, response: Response, body: SignIn) -> SessionResponse:
        """Sign a browser in: its session is in a cookie that no script can read."""
        # Otherwise another site could sign a visitor in to an account of its own and see what they upload.
        refuse_other_origin(request)
        user = await service.sign_in(body.email, body.password, client_address(request))
        await _give_session(service, user, request, response)
        return SessionResponse.model_validate({"email": user.email, "role": user.role})

    @router.delete("/session", status_code=204, responses=responses(CrossSite))
    async def close_session(request: Request, response: Response) -> None:
        """Sign this browser out. Doing it twice, or without a session, is no error."""
        token = request.cookies.get(SESSION_COOKIE)
        if token is not None:
            require_same_origin(request)
            await service.close_session(token)
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=_is_https(request))

    return router


def _own_account(service: AccountService, actor: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/me", tags=["me"], responses=responses(Unauthorized))
    caller = Annotated[Actor, Depends(needs(actor, Scope.ME))]
    manager = Annotated[Actor, Depends(needs(actor, Scope.ADMIN))]

    @router.get("")
    async def get_me(who: caller) -> MeResponse:
        """Who you are."""
        return MeResponse(id=who.owner, email=who.email, role="admin" if who.is_admin else "user")

    @router.post("/password", status_code=204, responses=responses(WrongPassword, WeakPassword, TooManyAttempts))
    async def change_password(who: manager, request: Request, response: Response, body: ChangePassword) -> None:
        """Change your own password. Everything signed in with the old one ends, but for this browser. Audited."""
        user = await service.change_password(
            by_request(who, request), body.current_password, body.new_password, revoke_tokens=body.revoke_tokens
        )
        if SESSION_COOKIE in request.cookies and "Authorization" not in request.headers:
            await _give_session(service, user, request, response)

    return router


def _own_tokens(service: AccountService, actor: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/tokens", tags=["tokens"], responses=responses(Unauthorized))
    manager = Annotated[Actor, Depends(needs(actor, Scope.ADMIN))]

    @router.get("")
    async def list_tokens(who: manager) -> Page[ApiTokenResponse]:
        """Your API tokens, newest first."""
        return await service.api_tokens.list_own(who.owner)

    @router.post("", status_code=201, responses=responses(TooManyApiTokens))
    async def create_token(who: manager, request: Request, body: CreateApiToken, response: Response) -> NewApiToken:
        """Make a token for a program of yours. It is shown this once, and may do no more than you. Audited."""
        response.headers["Cache-Control"] = "no-store"
        return await service.api_tokens.create(
            who, body.name, body.scopes, expires_in_days=body.expires_in_days, by=by_request(who, request)
        )

    @router.delete("/{token_id}", status_code=204, responses=responses(ApiTokenNotFound))
    async def revoke_token(who: manager, request: Request, token_id: UUID) -> None:
        """Revoke a token of yours. Whoever uses it is refused from now on. Audited."""
        await service.api_tokens.revoke(who.owner, token_id, by=by_request(who, request))

    return router


def _users(service: AccountService, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/users", tags=["users"], responses=responses(Unauthorized, Forbidden))
    operator = Annotated[Actor, Depends(admin)]

    @router.post("", status_code=201, responses=responses(EmailTaken, InvalidEmail, WeakPassword))
    async def add_user(who: operator, request: Request, body: CreateUser) -> UserResponse:
        """Add a user. Administrators only. Audited."""
        by = by_request(who, request)
        return UserResponse.model_validate(await service.add_user(body.email, body.password, body.role, by=by))

    @router.get("", responses=responses(BadCursor))
    async def list_users(
        _who: operator, limit: Annotated[int, Query(ge=1, le=100)] = 50, cursor: str | None = None
    ) -> Page[UserResponse]:
        """All users, newest first. Administrators only."""
        return await service.list_users(limit=limit, cursor=cursor)

    return router


def _user(service: AccountService, admin: Callable[..., Any]) -> APIRouter:
    refusals = responses(Unauthorized, Forbidden, UserNotFound)
    router = APIRouter(prefix="/users/{user_id}", tags=["users"], responses=refusals)
    operator = Annotated[Actor, Depends(admin)]

    @router.get("")
    async def get_user(_who: operator, user_id: UUID) -> UserResponse:
        """One user. Administrators only."""
        return await _shown(service, user_id)

    @router.put("/role", responses=responses(LastAdmin))
    async def set_role(who: operator, request: Request, user_id: UUID, body: SetRole) -> UserResponse:
        """Make a user an administrator, or one no longer, from their next request on. Administrators only. Audited."""
        await service.set_role(user_id, body.role, by=by_request(who, request))
        return await _shown(service, user_id)

    @router.post("/disable", responses=responses(LastAdmin))
    async def disable_user(who: operator, request: Request, user_id: UUID) -> UserResponse:
        """Keep a user from signing in, and end their tokens and sessions at once. Administrators only. Audited.

        Their files and datasets stay, and their jobs go on.
        """
        await service.disable_user(user_id, by=by_request(who, request))
        return await _shown(service, user_id)

    @router.post("/enable")
    async def enable_user(who: operator, request: Request, user_id: UUID) -> UserResponse:
        """Let a user sign in again; what ended when they were disabled stays ended. Administrators only. Audited."""
        await service.enable_user(user_id, by=by_request(who, request))
        return await _shown(service, user_id)

    @router.post("/password", status_code=204, responses=responses(WeakPassword))
    async def set_password(who: operator, request: Request, user_id: UUID, body: SetPassword) -> None:
        """Give a user a new password; ends what they signed in with the old one. Administrators only. Audited."""
        await service.set_password(
            user_id, body.new_password, revoke_tokens=body.revoke_tokens, by=by_request(who, request)
        )

    return router


async def _shown(service: AccountService, user_id: UUID) -> UserResponse:
    return UserResponse.model_validate(await service.get_user(user_id))


def client_address(request: Request) -> str:
    """Return whom we count wrong passwords for. Behind a proxy the server must be told to trust its header."""
    return request.client.host if request.client else "unknown"


async def _give_session(service: AccountService, user: User, request: Request, response: Response) -> None:
    """Set the cookie of a new session; the one that the browser had before ends."""
    earlier = request.cookies.get(SESSION_COOKIE)
    token = await service.open_session(user)
    if earlier is not None:
        await service.close_session(earlier)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=service.session_lifetime_seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_is_https(request),
    )
    response.headers["Cache-Control"] = "no-store"


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"
