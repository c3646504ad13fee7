"""The checker of the book's outputs: numbers as numbers, pictures as pictures.

``compare`` decides whether two lists of cell outputs mean the same, ``chapters``
knows where the chapters and their recordings lie, ``plugin`` puts both behind
``pytest --nbval book/``, and ``record`` (``python -m tools.checker.record``)
re-executes the chapters and rewrites their outputs.
"""
