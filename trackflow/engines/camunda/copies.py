"""A model as the engine is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from trackflow.bpmn import Model
from trackflow.engines.camunda.rest import Reply
from trackflow.errors import EngineError, EngineRefused, ModelError

# The engine refuses a model that does not say how long ended instances are kept (ENGINE-12018).
TIME_TO_LIVE = "P30D"
_TIME_TO_LIVE = "{http://camunda.org/schema/1.0/bpmn}historyTimeToLive"  # Operaton reads this namespace too
_PROCESS = "{http://www.omg.org/spec/BPMN/20100524/MODEL}process"


@dataclass(frozen=True, slots=True)
class Copy:
    """What is deployed for a model.

    Attributes:
        model: the model.
        content: in UTF-8, as the engine gives a model back as text.
        notes: what differs from the file, in words.
    """

    model: Model
    content: bytes
    notes: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """Its name within the deployment. The process is unique there, the file's name need not be."""
        return f"{self.model.process}.bpmn"


def copy_of(model: Model) -> Copy:
    """The model in UTF-8 and with a time to live."""
    root = etree.fromstring(model.source, etree.XMLParser(resolve_entities=False, no_network=True))
    tree = root.getroottree()
    if model.time_to_live is not None and (tree.docinfo.encoding or "UTF-8").upper() in ("UTF-8", "ASCII"):
        return Copy(model, model.source)
    notes: tuple[str, ...] = ()
    if model.time_to_live is None:
        process = next(each for each in root.iter(_PROCESS) if each.get("id") == model.process)
        process.set(_TIME_TO_LIVE, TIME_TO_LIVE)
        notes = (f"it has no time to live: deployed with historyTimeToLive={TIME_TO_LIVE}",)
    return Copy(model, etree.tostring(tree, encoding="UTF-8", xml_declaration=True), notes)


def refusal(reply: Reply, copies: list[Copy]) -> EngineError | ModelError:
    """Why a deployment was refused, as an error: of the model if the engine names one."""
    for copy in copies:
        if found := (reply.said.get("details") or {}).get(copy.resource, {}).get("errors"):
            return _model_error(copy, found[0])
    return EngineRefused(reply.words)


def _model_error(copy: Copy, first: Mapping[str, Any]) -> ModelError:
    line, element, text = _line(copy, first), first.get("mainElementId"), str(first["message"])
    where, which = f"line {line}: " if line else "", f" (element {element!r})" if element else ""
    return ModelError(f"{copy.model.file}: {where}{' '.join(text.split())}{which}", line)


def _line(copy: Copy, error: Mapping[str, Any]) -> int | None:
    """In the file. The engine counts in what it was given, or says 0 (`ProblemImpl` without an element)."""
    model, id_ = copy.model, error.get("mainElementId")
    if id_ and (part := model.elements.get(id_) or model.flows.get(id_)):
        return part.line
    return error.get("line") or None if copy.content == model.source else None
