"""The embedded engine plays scripts, and is looked at as a real engine is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from traceback import format_exc
from typing import Any

from sqlalchemy import Connection, bindparam, create_engine, select
from sqlalchemy import Engine as Database
from sqlalchemy.pool import StaticPool

from tests.engines.fidelity.script import EPOCH, FIRED_A_WAIT, Case, Played, Seen, Sight, Step, Time
from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Answer, Instance, Outcome
from trackflow.engines.embedded import EmbeddedEngine, create_tables, store
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps.interpreter import awaited
from trackflow.engines.embedded.steps.state import State
from trackflow.errors import ModelError
from trackflow.message import Message

_HOW = {"running": "ACTIVE", "completed": "COMPLETED"}
_STATES = select(store.instances.c.id, store.instances.c.state).where(
    store.instances.c.tenant == bindparam("tenant")
)


class OurEngine:
    """Plays one case after the other."""

    name = "embedded"

    def __init__(self) -> None:
        self._compiled: dict[Any, Any] = {}  # statements, for all its databases

    def play(self, cases: Sequence[Case]) -> list[Played]:
        """As `RealEngine.play`, in a new database."""
        database = create_engine("sqlite://", poolclass=StaticPool)
        try:
            with database.begin() as connection:
                create_tables(connection)
            quick = database.execution_options(compiled_cache=self._compiled)
            return [_tried(case, quick) for case in cases]
        finally:
            database.dispose()


def _tried(case: Case, database: Database) -> Played:
    try:
        return _played(case, database)
    except ModelError as refusal:
        return Played(refused=str(refusal))
    except Exception:  # whatever it is, it is a finding
        return Played(crashed=format_exc())


def _played(case: Case, database: Database) -> Played:
    engine, model = EmbeddedEngine(database), parse(case.xml.encode(), "model.bpmn")
    engine.deploy([model], case.tenant)
    played, run = Played(), _Run(case.tenant, model, engine, database)
    while step := case.script(played.answers[-1]["instances"] if played.answers else {}):
        played.steps.append(step)
        played.answers.append(run.step(step))
    return played


class _Run:
    """One case."""

    def __init__(self, tenant: str, model: Model, engine: EmbeddedEngine, database: Database) -> None:
        self._tenant = tenant
        self._process = prepare(model)
        self._engine = engine
        self._database = database
        self._time = Time()
        self._keys: dict[str, None] = {}

    def step(self, step: Step) -> dict[str, Any]:
        """One step, and what is seen afterwards."""
        told = self._wait(step) if "wait" in step else self._tell(step)
        return told | {"instances": self._sight()}

    def _tell(self, step: Step) -> dict[str, Any]:
        self._keys[step["key"]] = None
        event = Message.new(
            tenant=self._tenant if step["tenant"] == "own" else f"{self._tenant}-other",
            business_key=step["key"],
            event=step["event"],
            payload=step["variables"],
        )
        now = _seconds(self._time.tick())
        answer = self._told(lambda transaction: self._engine.correlate(event, transaction, now))
        return {"outcome": answer.outcome.value, "words": answer.reason}

    def _wait(self, step: Step) -> dict[str, Any]:
        self._time.begin(step)
        failed: list[str] = []
        for _ in range(FIRED_A_WAIT):
            due, key = self._first_due()
            if due is None or not self._time.reaches(due):
                break
            now = _seconds(self._time.fire(due))
            answer = self._told(lambda transaction, key=key, now=now: self._fire(key, now, transaction))
            failed += [answer.reason or ""] * (answer.outcome is not Outcome.ACCEPTED)
        self._time.finish()
        return {"outcome": "failed" if failed else "waited", "words": failed}

    def _fire(self, key: str, now: float, transaction: Connection) -> Answer:
        return self._engine.fire(self._tenant, key, transaction, now)

    def _first_due(self) -> tuple[int | None, str]:
        """When the timer is due that is due first, and of which business key."""
        found = [
            (_milliseconds(timer.due), key)
            for key, instances in self._engine.instances(self._tenant, self._keys).items()
            for instance in instances
            for timer in instance.timers
            if timer.trouble is None
        ]
        return min(found, key=lambda each: each[0], default=(None, ""))

    def _told(self, tell: Callable[[Connection], Answer]) -> Answer:
        """In a transaction, as the tracker does it: nothing is kept of an event that was not accepted."""
        with self._database.connect() as connection, connection.begin() as transaction:
            answer = tell(connection)
            if answer.outcome in (Outcome.NOT_AWAITED, Outcome.AMBIGUOUS):
                transaction.rollback()
            return answer

    def _sight(self) -> Sight:
        with self._database.connect() as connection:
            rows = connection.execute(_STATES, {"tenant": self._tenant}).all()
        states = {row.id: State.from_json(row.state) for row in rows}
        found = self._engine.histories(self._tenant, self._keys)
        without_paths = {key: [replace(each, path=(), end=None) for each in found[key]] for key in found}
        assert without_paths == self._engine.instances(self._tenant, self._keys)
        return {key: [self._seen(each, states[each.id]) for each in found[key]] for key in self._keys}

    def _seen(self, instance: Instance, state: State) -> Seen:
        holding = {scope.id for scope in state.scopes}
        return {
            "awaits": sorted(f"{wait.message}@{wait.element}" for wait in awaited(self._process, state)),
            "timers": len(instance.timers),
            "due": sorted(
                f"{self._time.until(_milliseconds(each.due))}@{each.element}" for each in instance.timers
            ),
            "active": sorted(token.at for token in state.tokens if token.visit not in holding),
            "passed": [
                visit.element + (" canceled" if visit.canceled else "")
                for visit in instance.path
                if visit.left is not None
            ],
            "ended": instance.ended is not None,
            "how": _HOW[instance.state],
        }


def _seconds(milliseconds: int) -> float:
    """Since 1970."""
    return EPOCH.timestamp() + milliseconds / 1000


def _milliseconds(moment: datetime) -> int:
    """Since EPOCH."""
    return round((moment - EPOCH).total_seconds() * 1000)
