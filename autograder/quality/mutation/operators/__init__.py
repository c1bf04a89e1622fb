"""The mistakes of machine-learning homeworks, each as a function from a node of the tree to edits of the text.

`OPERATORS` maps a mistake's name to its function, in the order in which they are tried. A function may offer what does
not compile or means the same as before; `mutants` sorts that out.
"""

# The order of these imports is the order in which mistakes are tried.
from autograder.quality.mutation.operators import arithmetic, networks, python, training
from autograder.quality.mutation.operators.registry import OPERATORS, Operator

__all__ = ["OPERATORS", "Operator", "arithmetic", "networks", "python", "training"]
