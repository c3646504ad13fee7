"""The softmax classifier, worked out: the code that the book teaches.

One module for each step of the work, in the order in which the data flows:
`preprocessing` and `datasets`, `losses`, `gradient_check`, `linear_classifier`,
`tuning`, `plots`; and beyond the worksheet `solvers`, `evaluation` and `features`.

Every public function checks what it is given, in `validation`, and raises a ValueError
or TypeError that names the argument, what was expected and what came. A docstring that
begins "As `name`" describes only what differs from that function.
"""

__version__ = "0.1.0"
