"""Every error that Trackflow raises on purpose.

TrackflowError
├── ChoreographyError      the table contradicts itself, or code contradicts the table
├── MessageError           a delivery or a value that is no event
├── PublishError           the broker did not take an event
├── TopologyError          the broker has an exchange or queue that is not as the choreography wants it
├── ModelError             a BPMN file that cannot be read, or an element that cannot be run
├── ExpressionError        an expression of a model that cannot be read or evaluated
├── EngineError
│   ├── EngineUnreachable  no answer, and surely nothing happened
│   ├── AnswerUnknown      no answer, and the request may have taken effect
│   └── EngineRefused      the engine's own no to something else than an event (a deployment, say)
├── LedgerError            the ledger cannot be opened or written
├── FilterError            a URL asks for orders in words that mean nothing
└── TransactionError       a service asks for a transaction that it has not, or ends the one that it has

Their texts are one line each, name the thing and its value, and never hold a password.
"""


class TrackflowError(Exception):
    """The root: whoever catches it catches all of ours and nothing else."""


class ChoreographyError(TrackflowError):
    """The choreography's table contradicts itself, or a service emits what the table does not know."""


class MessageError(TrackflowError):
    """Something that should be an event is none."""


class PublishError(TrackflowError):
    """The broker did not take an event: it is unroutable, or was not confirmed."""


class TopologyError(TrackflowError):
    """The broker has an exchange or a queue of this name, but not as the choreography wants it."""


class ModelError(TrackflowError):
    """A BPMN model cannot be read, or holds an element that the engine cannot run.

    `line` says where in the file, counted from 1; None if that is not known.
    """

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


class ExpressionError(TrackflowError):
    """An expression of a model cannot be read, or cannot be evaluated with the variables at hand."""


class EngineError(TrackflowError):
    """Anything between us and a BPMN engine."""


class EngineUnreachable(EngineError):
    """The engine gave no answer, and surely nothing happened: asking again is safe."""


class AnswerUnknown(EngineError):
    """The engine gave no answer after it may have been told: asking again may do it twice."""


class EngineRefused(EngineError):
    """The engine said no, in its own words."""


class LedgerError(TrackflowError):
    """The ledger cannot be opened, read or written."""


class FilterError(TrackflowError):
    """A URL asks for orders in words that mean nothing: a state that there is not, or a cursor of nobody."""


class TransactionError(TrackflowError):
    """A service asks for a transaction that it has not, or ends the one that it has."""
