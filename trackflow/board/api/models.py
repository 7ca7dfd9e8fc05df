"""`/api/processes/{process}/versions/{version}/model`: the BPMN file that a diagram is drawn from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from starlette.responses import Response

from trackflow.board.context import TheBoard
from trackflow.board.security.people import Reader
from trackflow.engines.port import Engine
from trackflow.errors import EngineError, ModelError
from trackflow.extension import Trackflow
from trackflow.message import SHORT

router = APIRouter(prefix="/api", tags=["processes"])

# A version never changes once it is deployed; the models folder may change at any time.
_DEPLOYED, _OF_FOLDER = "private, max-age=86400", "no-store"


@router.get(
    "/processes/{process}/versions/{version}/model",
    summary="The BPMN model of a version of a process",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}, "description": "BPMN 2.0 XML, as it was deployed"}},
)
def model(
    board: TheBoard,
    _: Reader,
    process: Annotated[str, Path(max_length=SHORT, description="id of the BPMN process")],
    version: Annotated[int, Path(ge=0, lt=2**31, description="as the engine counts them")],
) -> Response:
    """As the engine has it; if it has none, or is away, the file of the models folder."""
    source, caching = _deployed(board.trackflow, process, version), _DEPLOYED
    if source is None:
        source, caching = _of_folder(board.trackflow, process), _OF_FOLDER
    if source is None:
        raise HTTPException(404, f"there is no process {process!r} of version {version}")
    return Response(source, media_type="application/xml", headers={"Cache-Control": caching})


def _deployed(trackflow: Trackflow, process: str, version: int) -> bytes | None:
    engine: Engine = trackflow.engine
    try:
        return engine.source(trackflow.settings.tenant, process, version)
    except EngineError:
        return None


def _of_folder(trackflow: Trackflow, process: str) -> bytes | None:
    try:
        models = trackflow.models
    except ModelError:
        return None
    return next((each.source for each in models if each.process == process), None)
