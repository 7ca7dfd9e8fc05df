import math

import pytest

from tests.bpmn.juel.agreement import SHORTEST_DOUBLES, difference, ours
from tests.bpmn.juel.oracle import Answer
from tests.bpmn.juel.recorded import RECORDED
from tests.bpmn.juel.variables import VARIABLES as RECORDED_VARIABLES
from trackflow.bpmn import expressions
from trackflow.bpmn.cursor import DEPTH
from trackflow.bpmn.execution import BUSINESS_KEY
from trackflow.bpmn.expressions import LENGTH
from trackflow.bpmn.tokens import names_in
from trackflow.bpmn.values import text as string_of
from trackflow.errors import ExpressionError

VARIABLES = {
    **RECORDED_VARIABLES,
    "tags": ["a", "b"],
    "order": {"lines": [{"sku": "x1"}], "total": 60.5},
}


def value(text: str) -> object:
    return expressions.compile(text).evaluate(VARIABLES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # literals
        ("${1}", 1),
        ("${1.5}", 1.5),
        ("${.5e1}", 5.0),
        ("${'it\\'s'}", "it's"),
        ('${"}"}', "}"),
        ("${true}", True),
        ("${null}", None),
        ("#{amount}", 150),
        # precedence and associativity
        ("${1 + 2 * 3}", 7),
        ("${(1 + 2) * 3}", 9),
        ("${10 - 3 - 2}", 5),
        ("${-2 * -3}", 6),
        ("${not yes or yes}", True),
        ("${yes || no && no}", True),
        ("${1 < 2 == true}", True),
        ("${no ? 1 : yes ? 2 : 3}", 2),
        # words for signs
        ("${amount gt 100 and amount le 150}", True),
        ("${7 div 2}", 3.5),
        ("${7 mod 2}", 1),
        ("${1 ne 2}", True),
        # maps, lists, methods
        ("${order.total}", 60.5),
        ("${order['lines'][0].sku}", "x1"),
        ("${order.missing}", None),
        ("${order.missing.too}", None),
        ("${tags[5]}", None),
        ("${tags.contains('b')}", True),
        ("${tags.size()}", 2),
        ("${name.toLowerCase().startsWith('an')}", True),
        ("${name.substring(1)}", "nn"),
        ("${name.length() == 3}", True),
        ("${'150'.equals(text)}", True),
        ("${text.equals(150)}", False),
        ("${order.containsKey('total')}", True),
        ("${empty blank && empty nothing && !empty name}", True),
        # text around
        ("Order_${name}", "Order_Ann"),
        ("${name}-${amount}", "Ann-150"),
        ("plain", "plain"),
        (r"\${name}", "${name}"),
    ],
)
def test_an_expression_has_the_value_that_juel_gives_it(text: str, expected: object) -> None:
    assert value(text) == expected
    assert isinstance(value(text), type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${text > 100}", True),  # a number string beside a number is a number
        ("${text == 150}", True),
        ("${price > '99'}", True),
        ("${text + 1}", 151),
        ("${'1.5' + 1}", 2.5),
        ("${'10' < '9'}", True),  # two strings are compared as strings
        ("${nothing + 1}", 1),  # null is 0 in arithmetic ...
        ("${blank + 1}", 1),
        ("${nothing + nothing}", 0),
        ("${nothing > 100}", False),  # ... and never greater or less
        ("${nothing < 100}", False),
        ("${nothing == 0}", False),
        ("${nothing == null}", True),
        ("${nothing <= null}", True),
        ("${nothing != name}", True),
        ("${!nothing}", True),
        ("${yes == 'true'}", True),
        ("${yes == 'TRUE'}", True),
        ("${name && yes}", False),  # a string that is not "true" is false
        ("${6 / 3}", 2.0),  # always decimal
        ("${1 / 0}", math.inf),
        ("${-1 / 0}", -math.inf),
        ("${-5 % 3}", -2),
        ("${5.5 % -2}", 1.5),
        ("${9223372036854775807 + 1}", -9223372036854775808),  # Java's Long wraps
    ],
)
def test_values_are_coerced_as_juel_does(text: str, expected: object) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_zero_by_zero_is_no_number() -> None:
    assert math.isnan(value("${0 / 0}"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("${stranger}", "character 3: there is no variable 'stranger'"),
        ("${amount > 'a lot'}", "character 10: 'a lot' is no whole number"),
        ("${amount == '1.5'}", "character 10: '1.5' is no whole number"),
        ("${yes + 1}", "character 7: true is no whole number"),
        ("${1 && yes}", "character 3: 1 is no Boolean"),
        ("${yes < 1}", "true is no whole number"),
        ("${tags < order}", "character 8: a list of 2 cannot be compared with a map of 2"),
        ("${1 % 0}", "character 5: division by zero"),
        ("${99999999999999999999}", "does not fit into 64 bits"),
        ("${name.amount}", "has no property 'amount'"),
        ("${nothing.length()}", "null has no method 'length'"),
        ("${name.substring(2, 1)}", "has no part from 2 to 1"),
        ("${name.size()}", "has no method 'size'"),
        ("Order_${tags}", "is no text"),
    ],
)
def test_what_cannot_be_evaluated_says_why_and_where(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("${", "character 3: it ends too early"),
        ("${1 +", "character 6: it ends too early"),
        ("${1 + }", "character 7: '}' is not expected here"),
        ("${a b}", "character 5: 'b' is not expected here"),
        ("${a = 1}", "character 5: '=' is not expected here: equality is =="),
        ("${'open}", "is not expected here"),
        ("${f(1)}", "character 3: there is no function 'f' here"),
        ("${yes ? now() : 1}", "character 9: there is no function 'now' here"),
        ("${name == authenticatedUserId}", "character 11: 'authenticatedUserId' is not known here"),
        ("${name.length(1)}", "character 8: 'length' takes 0 arguments, not 1"),
        ("${name['length']()}", "character 17: a method is called by its name"),
        ("${'a\\b'}", 'character 3: "\'" is not expected here: the string has no end, or a \\ that'),
        ("${a & b}", "character 5: '&' is not expected here: and is &&"),
        ("${a} or #{b}", "character 9: a text has only '${' or only '#{', not both"),
        ("${'1' > 'x' * 2}", "character 13: 'x' is no whole number"),  # for whatever variables
        ("${name.__class__()}", "there is no method '__class__'"),
        ("${name.format(1)}", "there is no method 'format'"),
        ("${a instanceof b}", "is not expected here"),
        ("${1.e}", "'e' is not expected here"),
        ("${a[1}", "character 6: '}' is not expected here"),
        ("${name.length(}", "is not expected here"),
        ("${`ls`}", "is not expected here"),
        ("${9223372036854775808}", "does not fit into 64 bits"),
    ],
)
def test_what_cannot_be_read_says_why_and_where(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        expressions.compile(text)
    assert fault in str(caught.value)


@pytest.mark.parametrize("name", ["__class__", "__dict__", "lower", "real"])
def test_no_attribute_of_a_python_object_is_reached(name: str) -> None:
    for variable in ("name", "amount", "tags", "yes", "price"):
        with pytest.raises(ExpressionError):
            value(f"${{{variable}.{name}}}")
    assert value(f"${{order.{name}}}") is None


def test_a_condition_is_a_boolean_and_nothing_that_could_be_one() -> None:
    assert expressions.compile("${amount > 100}").condition(VARIABLES) is True
    for text in ("${amount}", "${'true'}", "${nothing}", "true", "${yes} ", "${1}"):
        with pytest.raises(ExpressionError, match="a condition is true or false, not"):
            expressions.compile(text).condition(VARIABLES)


def test_and_and_or_leave_out_what_cannot_change_them() -> None:
    assert value("${no && stranger}") is False
    assert value("${yes || stranger}") is True
    assert value("${yes ? 1 : stranger}") == 1


def test_its_names_are_the_variables_alone() -> None:
    text = "${a.b[c].contains(d) and not e ? 'f' : true}-${g lt 1e5}"
    assert expressions.compile(text).names == {"a", "c", "d", "e", "g"}


def test_names_are_found_also_in_what_only_another_engine_can_evaluate() -> None:
    assert names_in("${bean.method(amount) + dateTime().plus(days)} of price #{rate @ 3}") == {
        "bean",
        "amount",
        "days",
        "rate",
    }
    assert names_in("no expression") == frozenset()


def test_depth_and_length_are_bounded() -> None:
    deep = DEPTH - 1
    assert value("${" + "(" * deep + "1" + ")" * deep + "}") == 1
    assert value("${" + "1+" * 1990 + "1}") == 1991
    assert value("${" + "yes&&" * 700 + "yes}") is True
    for text in (
        "${" + "(" * 1000 + "1" + ")" * 1000 + "}",
        "${" + "!" * 1000 + "yes}",
        "${" + "a[" * 1000 + "1}",
        "${" + "yes?1:" * 500 + "1}",
        "${" + "name.equals(" * 300 + "}",
    ):
        with pytest.raises(ExpressionError, match=f"nested deeper than {DEPTH}"):
            expressions.compile(text)
    with pytest.raises(ExpressionError, match=f"at most {LENGTH} characters"):
        expressions.compile("${" + "1+" * LENGTH + "1}")


def test_every_level_of_the_grammar_at_the_greatest_depth_fits_on_the_stack() -> None:
    levels = (DEPTH - 1) // 2
    text = "${" + "no || yes && 1 == 2 + 1 * -(" * levels + "yes" + " ? 1 : 0)" * levels + "}"
    assert value(text) is True


@pytest.mark.parametrize("text", RECORDED)
def test_an_expression_is_evaluated_as_the_real_juel_did(text: str) -> None:
    assert difference(ours(text, RECORDED_VARIABLES), RECORDED[text], SHORTEST_DOUBLES) is None


def test_a_recorded_difference_is_noticed() -> None:
    for text, wrong in (
        ("${amount}", Answer("value", 150.0, "150.0")),
        ("${name.length()}", Answer("value", 3, "3")),
        ("x${million}", Answer("value", "x10000000.0", "x10000000.0")),
        ("${minus_zero}", Answer("value", 0.0, "0.0")),
        ("${amount}", Answer("evaluate", None, "")),
        ("${stranger}", Answer("evaluate", None, "")),
        ("${stranger}", Answer("value", None, "")),
        ("${1 +}", Answer("value", 1, "1")),
    ):
        assert difference(ours(text, RECORDED_VARIABLES), wrong, SHORTEST_DOUBLES)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (1.25e-7, "1.25E-7"),
        (2e23, "2.0E23"),
        (5e-324, "4.9E-324"),  # Java writes two digits at least, and these are nearer than 5.0
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
    ],
)
def test_a_decimal_is_written_as_java_writes_it(number: float, expected: str) -> None:
    assert string_of(number) == expected


def test_an_integer_that_no_engine_can_hold_as_one_is_a_decimal() -> None:
    # Given numbers of an event beyond 64 bits, which the engines are given as Doubles
    variables = {"a": 2**63, "b": -(10**400)}
    # When an expression uses them, it has decimals
    assert expressions.compile("${a}").evaluate(variables) == 2.0**63
    assert expressions.compile("${a} ${b}").evaluate(variables) == "9.223372036854776E18 -Infinity"
    assert expressions.compile("${execution.getVariable('b') < 0.5}").evaluate(variables) is True


def test_execution_gives_variables_that_may_be_missing_and_the_business_key() -> None:
    variables = {**VARIABLES, BUSINESS_KEY: "order-1"}
    for text, expected in (
        ("${execution.hasVariable('amount')}", True),
        ("${execution.hasVariable('stranger')}", False),
        ("${execution.hasVariable('stranger') && stranger > 3}", False),
        ("${execution.getVariable('amount') + 1}", 151),
        ("${execution.getVariable('stranger') == null}", True),
        ('${execution.getVariable("name").length()}', 3),
        ("Paid_${execution.processBusinessKey}", "Paid_order-1"),
        ("${execution.getProcessBusinessKey().startsWith('order')}", True),
    ):
        assert expressions.compile(text).evaluate(variables) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("${execution}", "character 3: of 'execution' only getVariable"),
        ("${execution.id}", "character 13: of 'execution' only getVariable"),
        ("${execution.businessKey}", "and processBusinessKey are known here"),  # null in a parallel branch
        ("${execution['id']}", "of 'execution' only"),
        ("${execution.setVariable('a', 1)}", "of 'execution' only"),
        ("${execution.getVariable(name)}", "character 25: the variable's name is a single string here"),
        ("${execution.getVariable('a' + 'b')}", "the variable's name is a single string here"),
        ("${execution.getVariable()}", "the variable's name is a single string here"),
        ("${execution.getVariable}", "'}' is not expected here"),
        ("${execution.getProcessBusinessKey(1)}", "'1' is not expected here"),
    ],
)
def test_nothing_else_of_execution_can_be_read(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        expressions.compile(text)
    assert fault in str(caught.value)


def test_without_a_business_key_its_expression_says_so() -> None:
    with pytest.raises(ExpressionError, match="character 3: there is no business key here"):
        expressions.compile("${execution.processBusinessKey}").evaluate({})


def test_the_variables_that_execution_is_asked_for_are_among_its_names() -> None:
    text = "${execution.getVariable('a') == b && execution.hasVariable(\"it's\")}"
    assert expressions.compile(text).names == {"a", "b", "it's"}
    assert names_in("${x.getVariable('a')} ${execution.getVariableLocal('b').c(d)}") == {"x", "d"}


def test_a_conditional_event_waits_while_a_name_is_unknown() -> None:
    for text in ("${stranger > 1}", "${name.foo == 1}", "${nothing.length() == 1}"):
        assert expressions.compile(text).occurs(VARIABLES) is False
    assert expressions.compile("${amount > 100}").occurs(VARIABLES) is True
    for text in ("${amount > 'a'}", "${amount}", "${name.size() == 1}"):
        with pytest.raises(ExpressionError):
            expressions.compile(text).occurs(VARIABLES)


def test_a_name_is_a_string_and_nothing_that_could_be_written_as_one() -> None:
    assert expressions.compile("${name}").string(VARIABLES) == "Ann"
    assert expressions.compile("${amount}").string({"amount": "150"}) == "150"
    assert expressions.compile("Paid_${amount}").string(VARIABLES) == "Paid_150"
    assert expressions.compile("${amount.toString()}").string(VARIABLES) == "150"
    assert expressions.compile("${nothing}").string(VARIABLES) == ""
    for text in ("${amount}", "${yes}", "${price}", "${tags}"):
        with pytest.raises(ExpressionError, match="a string is needed here, not"):
            expressions.compile(text).string(VARIABLES)


def test_an_error_in_a_long_text_shows_what_stands_around_it() -> None:
    text = "${" + "1 + " * 500 + "oops! + " + "1 + " * 300 + "1}"
    with pytest.raises(ExpressionError) as caught:
        expressions.compile(text)
    words = str(caught.value)
    assert words.startswith("...'")
    assert "oops!" in words
    assert "'..., character 2007: '!' is not expected here" in words
    assert len(words) < 150
