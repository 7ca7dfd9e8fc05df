"""The board's application: pages, API and static files of one project."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from trackflow.board.api import audit as audit_api
from trackflow.board.api import events as events_api
from trackflow.board.api import export as export_api
from trackflow.board.api import failures as failures_api
from trackflow.board.api import health as health_api
from trackflow.board.api import models as models_api
from trackflow.board.api import operations as operations_api
from trackflow.board.api import order as order_api
from trackflow.board.api import orders as orders_api
from trackflow.board.api import overview as overview_api
from trackflow.board.api import processes as processes_api
from trackflow.board.api import streams as streams_api
from trackflow.board.assets import Assets
from trackflow.board.context import Board
from trackflow.board.errors import PROBLEMS, add_error_handlers
from trackflow.board.pages import audit as audit_page
from trackflow.board.pages import documentation as documentation_page
from trackflow.board.pages import failures as failures_page
from trackflow.board.pages import live as live_page
from trackflow.board.pages import operations as operations_page
from trackflow.board.pages import order as order_page
from trackflow.board.pages import orders as orders_page
from trackflow.board.pages import overview as overview_page
from trackflow.board.pages import processes as processes_page
from trackflow.board.pages import sign_in as sign_in_page
from trackflow.board.security.policy import Policy

# One router a noun.
PAGES = (
    audit_page.router,
    documentation_page.router,
    failures_page.router,
    live_page.router,
    operations_page.router,
    order_page.router,
    orders_page.router,
    overview_page.router,
    processes_page.router,
    sign_in_page.router,
)
API = (
    audit_api.router,
    events_api.router,
    export_api.router,
    failures_api.router,
    health_api.router,
    models_api.router,
    operations_api.router,
    order_api.router,
    orders_api.router,
    overview_api.router,
    processes_api.router,
    streams_api.router,
)

_ENDING = 2.0  # seconds


def create_app(board: Board) -> FastAPI:
    """An ASGI application. Its lifespan starts and stops the board's threads."""
    app = FastAPI(
        title="Trackflow",
        version=version("trackflow"),
        lifespan=_lifespan,
        docs_url=None,  # these load scripts from other hosts; `/api/docs` is ours
        redoc_url=None,
        openapi_url=None,  # open to whoever may read: see `api.documentation`
    )
    app.state.board = board
    app.add_middleware(Policy, hosts=board.hosts)
    add_error_handlers(app)
    for router in API:
        app.include_router(router, responses=PROBLEMS)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Assets(), name="static")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    board: Board = app.state.board
    board.health.start()
    board.letters.start()
    board.projector.start()
    board.streams.start()
    try:
        yield
    finally:
        board.streams.stop()
        await run_in_threadpool(_stop, board)


def _stop(board: Board) -> None:
    """Stop all parts at once. None may keep the process from ending: what they do is safe to break off."""
    parts = (board.operations.close, board.letters.stop, board.projector.stop, board.health.stop)
    threads = [threading.Thread(target=stop, name="stops", daemon=True) for stop in parts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _ENDING
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
