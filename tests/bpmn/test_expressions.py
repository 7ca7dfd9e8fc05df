import contextlib
import math
import random

import pytest

from trackflow.bpmn import expressions
from trackflow.bpmn.expressions import LENGTH
from trackflow.bpmn.parser import DEPTH
from trackflow.bpmn.tokens import names_in
from trackflow.errors import ExpressionError

VARIABLES = {
    "amount": 150,
    "price": 99.5,
    "text": "150",
    "name": "Ann",
    "yes": True,
    "no": False,
    "nothing": None,
    "blank": "",
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
    assert type(value(text)) is type(expected)


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
        ("${yes + 1}", "character 7: True is no whole number"),
        ("${1 && yes}", "character 3: 1 is no Boolean"),
        ("${yes < 1}", "True is no whole number"),
        ("${tags < tags}", "cannot be compared"),
        ("${1 % 0}", "character 5: division by zero"),
        ("${99999999999999999999}", "does not fit into 64 bits"),
        ("${name.amount}", "has no property 'amount'"),
        ("${nothing.length()}", "None has no method 'length'"),
        ("${name.substring(2, 1)}", "has no part from 2 to 1"),
        ("${name.length(1)}", "takes 0 arguments, not 1"),
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
        ("${a = 1}", "character 5: '=' is not expected here"),
        ("${'open}", "is not expected here"),
        ("${f(1)}", "character 4: '(' is not expected here"),
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


def test_random_text_raises_nothing_but_an_expression_error() -> None:
    pieces = [
        *"()[]{}.,:?!<>=+-*/%&|'\"\\$# \n\0é",
        *("${", "}", "&&", "==", "amount", "tags", "order", "name", "nothing", "1", "2.5e9", "'150'"),
        *(" and ", " empty ", " not ", " div ", ".size()", ".get(", ".substring(", "true", "null", "1e999"),
    ]
    chance = random.Random(20)
    for _ in range(4000):
        inner = "".join(chance.choices(pieces, k=chance.randrange(1, 12)))
        text = chance.choice(("${%s}", "%s", "${%s", "a ${%s} b ${name}")) % inner
        with contextlib.suppress(ExpressionError):
            expressions.compile(text).evaluate(VARIABLES)
