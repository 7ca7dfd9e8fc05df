"""Models with timers, and what they are made of."""

from trackflow.bpmn import Model, parse

_DEFINITIONS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">
  {messages}<process id="{process}" isExecutable="true">{body}</process></definitions>"""


def start(name: str) -> str:
    return f'<startEvent id="{name}"><messageEventDefinition messageRef="m-{name}"/></startEvent>'


def catch(name: str) -> str:
    inner = f'<messageEventDefinition messageRef="m-{name}"/>'
    return f'<intermediateCatchEvent id="{name}">{inner}</intermediateCatchEvent>'


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}><![CDATA[{text}]]></{kind}></timerEventDefinition>"


def pause(name: str, text: str) -> str:
    return f'<intermediateCatchEvent id="{name}">{timer(text)}</intermediateCatchEvent>'


def boundary(
    name: str, host: str, text: str, *, interrupting: bool = True, kind: str = "timeDuration"
) -> str:
    cancels = str(interrupting).lower()
    attributes = f'id="{name}" attachedToRef="{host}" cancelActivity="{cancels}"'
    return f"<boundaryEvent {attributes}>{timer(text, kind)}</boundaryEvent>"


def receive(name: str) -> str:
    return f'<receiveTask id="{name}" messageRef="m-{name}"/>'


def ends(*names: str) -> str:
    return "".join(f'<endEvent id="{name}"/>' for name in names)


def model(process: str, *parts: str, flows: str, messages: str) -> Model:
    """`flows`: like `A>B B>C`."""
    named = "".join(f'<message id="m-{name}" name="{name}"/>' for name in messages.split())
    for flow in flows.split():
        source, target = flow.split(">")
        parts += (f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>',)
    text = _DEFINITIONS.format(messages=named, process=process, body="".join(parts))
    return parse(text.encode(), f"{process}.bpmn")


# It waits two hours, and only then for the payment.
PATIENT = model(
    "patient",
    start("Order_Placed"),
    pause("Patience", "PT2H"),
    catch("Payment_Done"),
    ends("Done"),
    flows="Order_Placed>Patience Patience>Payment_Done Payment_Done>Done",
    messages="Order_Placed Payment_Done",
)
# It waits as long as the order's payload says.
AS_LONG_AS = model(
    "as_long_as",
    start("Order_Placed"),
    pause("Patience", "${wait}"),
    ends("Done"),
    flows="Order_Placed>Patience Patience>Done",
    messages="Order_Placed",
)
# It reminds every hour, three times, and gives up after a day.
REMINDER = model(
    "reminder",
    start("Order_Placed"),
    receive("Payment_Done"),
    boundary("Remind", "Payment_Done", "R3/PT1H", interrupting=False, kind="timeCycle"),
    boundary("GiveUp", "Payment_Done", "P1D"),
    ends("Done", "Reminded", "GivenUp"),
    flows="Order_Placed>Payment_Done Payment_Done>Done Remind>Reminded GiveUp>GivenUp",
    messages="Order_Placed Payment_Done",
)
_CHOICES = (
    "Order_Placed>Fork Fork>Patience Fork>Longer Fork>Payment_Done "
    "Patience>Choice Longer>After Payment_Done>Paid"
)


def choice() -> str:
    """An exclusive gateway `Choice` whose flows ask for an amount: to `Much`, or to `Little`."""
    flows = (
        f'<sequenceFlow id="{target.lower()}" sourceRef="Choice" targetRef="{target}">'
        f"<conditionExpression>${{amount {compared} 100}}</conditionExpression></sequenceFlow>"
        for target, compared in (("Much", ">"), ("Little", "&lt;="))
    )
    return '<exclusiveGateway id="Choice"/>' + "".join(flows)


def choosy(wait: str) -> Model:
    """After the pause a flow is chosen by what only the payment says; beside it runs another timer."""
    return model(
        "choosy",
        start("Order_Placed"),
        '<parallelGateway id="Fork"/>',
        pause("Patience", wait),
        pause("Longer", "PT2H"),
        receive("Payment_Done"),
        choice(),
        ends("Much", "Little", "After", "Paid"),
        flows=_CHOICES,
        messages="Order_Placed Payment_Done",
    )
