"""Expressions by the grammar, and slips of the pen in them; variables to evaluate them with."""

from __future__ import annotations

import sys

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d", "größe", "$x_1")

_TEXTS = st.sampled_from([
    *("", " ", "a", "ab", "B", "true", "TRUE", "false", "null", "é", "e", "'", '"', "\\", "\xa0x"),
    *("\x01 x\x1f", "0", "1", "-1", "+7", "007", "150", " 1", "1_000", "٣", "１２", "𝟏"),
    *("00000000000000000000000000001", "1.5", "1.0", "-0.0", ".5", "5.", "1e3", "1E-3", "1e999", "1f"),
    *("1.5d", "0x10", "0x1p3", " 1.5 ", "NaN", "Infinity", "-Infinity", "2147483648"),
    *("9223372036854775807", "9223372036854775808"),
    *("ß", "SS", "İ", "i", "ﬀ", "ſ", "Σ", "σς", "😀", "x😀y", "\ue000", "-9223372036854775808"),
])  # fmt: skip
_LONGS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31 - 1, 2**31, 2**32 + 1, 2**53 + 1, 2**63 - 1, -(2**63), -(2**31) - 1]),
    st.integers(-(2**63), 2**63 - 1),
)
_DOUBLES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.5, 0.1, -2.5, 123456789.25, 1e-3, 1e-4, 9999999.5, 1e7, 1e10, 1e21]),
    st.sampled_from([2.0**63, -1e300, 5e-324, sys.float_info.max, float("inf"), float("-inf"), float("nan")]),
    st.floats(),
)
_SCALARS = st.one_of(st.none(), st.booleans(), _LONGS, _DOUBLES, _TEXTS)
_LISTS = st.lists(_SCALARS, max_size=3)
_MAPS = st.dictionaries(st.sampled_from(["k", "a", "1", ""]), _SCALARS, max_size=3)
_VALUES = st.one_of(_SCALARS, _SCALARS, _LISTS, _MAPS)
VARIABLES = st.one_of(
    st.fixed_dictionaries(dict.fromkeys(NAMES, _VALUES)),
    st.dictionaries(st.sampled_from(NAMES), _VALUES, max_size=len(NAMES)),
)


def _quoted(text: str) -> st.SearchStrategy[str]:
    escaped = text.replace("\\", "\\\\")
    return st.sampled_from(["'" + escaped.replace("'", "\\'") + "'", '"' + escaped.replace('"', '\\"') + '"'])


def _words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


_NUMBERS = _words(
    "0 1 2 3 150 007 1.5 0.1 1. .5 2e1 2E-1 1.e2 1e999 2147483648 9223372036854775807 9223372036854775808"
)
_ATOMS = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    _NUMBERS,
    _TEXTS.flatmap(_quoted),
    _words("true false null zzz"),
)
_SIGN = _words("+ - * / % == != < > <= >= && ||")
_WORD = _words("div mod eq ne lt gt le ge and or")
_UNARY = st.sampled_from(["!", "not ", "-", "empty ", "- -"])
_NO_ARGUMENT = _words("length isEmpty size trim toLowerCase toUpperCase toString")
_ONE_ARGUMENT = _words(
    "equals equalsIgnoreCase contains startsWith endsWith indexOf substring get containsKey"
)
_PROPERTY = _words("k a foo class bytes empty")


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}{}".format, inner, _SIGN, inner),
        st.builds("{} {} {}".format, inner, st.one_of(_SIGN, _WORD), inner),
        st.builds("{}{}".format, _UNARY, inner),
        st.builds("({})".format, inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
        st.builds("{}.{}()".format, inner, _NO_ARGUMENT),
        st.builds("({}).{}()".format, inner, _NO_ARGUMENT),
        st.builds("{}.{}({})".format, inner, _ONE_ARGUMENT, inner),
        st.builds("({}).{}({})".format, inner, _ONE_ARGUMENT, inner),
        st.builds("{}.substring({},{})".format, inner, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}.{}".format, inner, _PROPERTY),
    )


_EXPRESSION = st.recursive(_ATOMS, _larger, max_leaves=8)
_LITERAL = st.sampled_from(["", *"x $#{}é\n\\", "\\\\", "\\$", "$$", "\\${", "\\\\#{"])
_PIECE = st.builds("{}{}{{{}}}{}".format, _LITERAL, st.sampled_from("$$$#"), _EXPRESSION, _LITERAL)
_RIGHT = st.one_of(
    st.builds("${{{}}}".format, _EXPRESSION),
    st.builds("${{{}}}".format, _EXPRESSION),
    st.lists(_PIECE, min_size=1, max_size=3).map("".join),
    st.lists(_LITERAL, max_size=6).map("".join),
)
_SLIPS = st.sampled_from([
    *"${}#\\'\"()[].,?:!=<>&|+-*/% \t\n\x0b\x1c\x85\xa0\u2007\u2003\u3000aeE1_²€\u203f\u0301\x00\x7f\u200b@~",
    *("`", "^", ";", "😀", "instanceof", " not ", "${", "}", "\\'", "1."),
])  # fmt: skip


@st.composite
def _wrong(draw: st.DrawFn) -> str:
    """A text with something inserted, something taken away, or both."""
    text = draw(_RIGHT)
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(len(text), begin + 2)))
    return text[:begin] + draw(_SLIPS) + text[end:]


TEXTS = st.one_of(_RIGHT, _RIGHT, _wrong())
