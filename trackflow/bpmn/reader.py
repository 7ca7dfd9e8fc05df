"""From a BPMN file to a `Model`. Reads whatever BPMN has; what can be run is an engine's business.

Pools whose process is not executable are drawings of others (the departments around the tracked process), and
are not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from lxml import etree

from trackflow.bpmn import calls, document
from trackflow.bpmn.details import Details
from trackflow.bpmn.document import BPMN, local
from trackflow.bpmn.model import CATCHES, Element, Flow, Model, described
from trackflow.bpmn.tokens import names_in
from trackflow.durations import seconds_of
from trackflow.errors import ModelError
from trackflow.message import short_text


def read(path: Path | str) -> Model:
    """The model of a file. Raises ModelError if there is none in it."""
    try:
        with Path(path).open("rb") as file:
            source = file.read(document.MOST_BYTES + 1)  # one too many says enough
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        raise ModelError(f"{path}: {getattr(exc, 'strerror', None) or exc}") from exc
    return parse(source, str(path))


def parse(source: bytes, file: str, *, deployed: bool = False) -> Model:
    """The model in the bytes of a BPMN file; `file` names it in messages.

    Of a deployed model instances run, perhaps since before there was a limit to what is taken: there a limit
    that is no duration counts as none, and an id may have any characters.

    Raises:
        ModelError: too big, no XML, no BPMN, not exactly one executable process, an id that is there twice or
            that XML does not allow, a reference to nothing, a message without a name, or a limit that is no
            duration.
    """
    return _Reader(document.definitions(source, file), file, deployed).model(source)


class _Reader:
    """Over one file. Its attributes are indexes of the file, each built once from those before it."""

    def __init__(self, root: etree._Element, file: str, deployed: bool) -> None:
        self._file = file
        self._deployed = deployed
        self._check_ids(root)
        self._details = Details(root, self._fail)
        self._drawn = frozenset(document.drawn(root))
        self._process = self._executable_process(root)
        self._scopes = {self._id(node): scope for node, scope in document.elements(self._process)}
        self._flows = [self._flow(node) for node in self._process.iter(f"{BPMN}sequenceFlow")]
        self._incoming, self._outgoing = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for flow in self._flows:
            self._outgoing[flow.source].append(flow.id)
            self._incoming[flow.target].append(flow.id)

    def model(self, source: bytes) -> Model:
        elements = [self._element(node, scope) for node, scope in document.elements(self._process)]
        awaited = [(each, each.message) for each in elements if each.message and each.type in CATCHES]
        names = frozenset(name for _, name in awaited)
        return Model(
            source=source,
            file=self._file,
            process=self._id(self._process),
            name=self._process.get("name"),
            elements=MappingProxyType({element.id: element for element in elements}),
            flows=MappingProxyType({flow.id: flow for flow in self._flows}),
            messages=names,
            starts=frozenset(name for each, name in awaited if each.type == "startEvent" and not each.scope),
            variables=frozenset(_variables(self._process, elements)).union(*map(names_in, names)),
            time_to_live=document.engine_attribute(self._process, "historyTimeToLive"),
            line=document.line(self._process),
            drawn=self._drawn,
        )

    def _check_ids(self, root: etree._Element) -> None:
        times = Counter(node.get("id") for node in root.iter(f"{BPMN}*"))
        for node in root.iter(f"{BPMN}*"):
            id_ = node.get("id")
            if id_ and times[id_] > 1:
                self._fail(node, f"this id is there {times[id_]} times")
            if id_ and not self._deployed and not document.is_id(id_):
                self._fail(
                    node, "an id has letters, digits, '_', '-' and '.', and begins with a letter or '_'"
                )

    def _executable_process(self, root: etree._Element) -> etree._Element:
        found = [
            node for node in root.iterfind(f"{BPMN}process") if document.is_true(node.get("isExecutable"))
        ]
        if len(found) != 1:
            ids = ", ".join(repr(node.get("id")) for node in found) or "none"
            raise ModelError(f'{self._file}: one process should have isExecutable="true", has: {ids}')
        try:
            short_text(self._id(found[0]))
        except ValueError as exc:
            self._fail(found[0], f"its id {exc}")
        return found[0]

    def _flow(self, node: etree._Element) -> Flow:
        parent = node.getparent()
        scope = None if parent is self._process or parent is None else parent.get("id")
        for end in ("sourceRef", "targetRef"):
            # A sequence flow never crosses the border of a subprocess.
            if self._scopes.get(node.get(end, ""), "nowhere") != scope:
                self._fail(node, f"its {end} {node.get(end)!r} is no element beside it")
        condition = node.find(f"{BPMN}conditionExpression")
        return Flow(
            id=self._id(node),
            name=node.get("name"),
            source=node.get("sourceRef", ""),
            target=node.get("targetRef", ""),
            condition=None if condition is None else (condition.text or "").strip(),
            language=None if condition is None else condition.get("language"),
            line=document.line(node),
        )

    def _element(self, node: etree._Element, scope: str | None) -> Element:
        element = self._id(node)
        default = node.get("default")
        if default is not None and default not in self._outgoing[element]:
            self._fail(node, f"its default flow {default!r} does not leave it")
        host = self._host(node, scope)
        return Element(
            id=element,
            type=local(node),
            name=node.get("name"),
            incoming=tuple(self._incoming[element]),
            outgoing=tuple(self._outgoing[element]),
            default=default,
            scope=scope,
            attached_to=host,
            features=(*document.features(node), *calls.features(node)),
            limit=self._limit(node),
            line=document.line(node),
            **self._details.of(node),
        )

    def _host(self, node: etree._Element, scope: str | None) -> str | None:
        """Of a boundary event the element that it is attached to (BPMN 10.5.6)."""
        host = node.get("attachedToRef")
        if local(node) == "boundaryEvent" and self._scopes.get(host or "", "nowhere") != scope:
            self._fail(node, f"its attachedToRef {host!r} is no element beside it")
        return host

    def _limit(self, node: etree._Element) -> float | None:
        text = document.extension_property(node, "limit")
        try:
            return None if text is None else seconds_of(text)
        except ValueError as exc:
            if self._deployed:
                return None
            self._fail(node, f"its limit {text!r} {exc}")

    def _id(self, node: etree._Element) -> str:
        return node.get("id") or self._fail(node, f"it needs an id (line {node.sourceline})")

    def _fail(self, node: etree._Element, what: str) -> NoReturn:
        words = f"{self._file}: {described(local(node), node.get('id'), node.get('name'))}: {what}"
        raise ModelError(words, document.line(node))


def _variables(process: etree._Element, elements: Iterable[Element]) -> Iterator[str]:
    """Names of the variables that a process uses: in any expression, or to hand them over in a call."""
    for text in document.texts(process):
        yield from names_in(text)
    for element in elements:
        if element.call is not None:
            yield from calls.names((*element.call.into, *element.call.back))
