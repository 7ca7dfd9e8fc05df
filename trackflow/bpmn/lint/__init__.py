"""What is wrong with a model, or looks so: `lint` says it with rule, element and line.

Each rule is a function from a model to findings, in a module of its own. What the rules mean, and how to mend
what they find, is in docs/lint.md.
"""

from trackflow.bpmn.lint.engine_rules import refused_by_the_family
from trackflow.bpmn.lint.finding import Finding, Severity
from trackflow.bpmn.lint.rules import lint
from trackflow.bpmn.lint.surroundings import Surroundings

__all__ = ["Finding", "Severity", "Surroundings", "lint", "refused_by_the_family"]
