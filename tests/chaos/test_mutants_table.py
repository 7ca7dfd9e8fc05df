"""The table of mutants cannot rot: each one still fits the source, and its tests exist."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS
from tests.chaos.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]

each_mutant = pytest.mark.parametrize("mutant", [pytest.param(each, id=each.name) for each in MUTANTS])


@cache
def _source(file: str) -> str:
    return (ROOT / file).read_text()


@cache
def _functions(file: str) -> frozenset[str]:
    """The names of a file's test functions."""
    functions = (node for node in ast.walk(ast.parse(_source(file))) if isinstance(node, ast.FunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


@each_mutant
def test_a_mutant_fits_its_file_and_is_valid_python(mutant: Mutant) -> None:
    mutated = mutant.applied_to(_source(mutant.file))

    compile(mutated, mutant.file, "exec")
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(_source(mutant.file))), "it changes nothing"


@each_mutant
def test_a_mutants_tests_exist(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in _functions(file), test


def test_a_mutants_name_is_its_own() -> None:
    assert [name for name, times in Counter(each.name for each in MUTANTS).items() if times > 1] == []


def test_a_text_that_is_not_there_once_is_an_error_that_says_so() -> None:
    mutant = Mutant("old", "…", "file.py", "a = 1", "a = 2", ())

    with pytest.raises(ValueError, match=r"^old: 'a = 1' occurs 0 times in file\.py, not once$"):
        mutant.applied_to("b = 1")
    with pytest.raises(ValueError, match="occurs 2 times"):
        mutant.applied_to("a = 1\na = 1")
