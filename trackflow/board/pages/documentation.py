"""`/api/openapi.json`, and `/api/docs`, which shows it as a page without anything from other hosts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from trackflow.board.rendering import page
from trackflow.board.security.people import Reader

router = APIRouter()


@router.get("/api/openapi.json")
def openapi(request: Request, _: Reader) -> Response:
    """The description for programs (https://spec.openapis.org/oas/v3.1.0)."""
    return JSONResponse(request.app.openapi())


@router.get("/api/docs")
def docs(request: Request, _: Reader) -> Response:
    """The same for people."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
    return page(request, "documentation.html", operations=operations)
