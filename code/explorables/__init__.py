"""The figures of *Gradients Through Time*: live in Jupyter, live in the built page, still in print.

>>> import explorables
>>> [figure.name for figure in explorables.figures()]
['eigenvalues']
"""

from explorables.declaration import Choice, Figure, Number, figure_named, figures
from explorables.eigenvalues import Eigenvalues

__all__ = ["Choice", "Eigenvalues", "Figure", "Number", "figure_named", "figures"]
