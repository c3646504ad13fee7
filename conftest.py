"""The checker of the chapters' outputs, for every pytest run in this checkout."""

pytest_plugins = ["tools.checker.plugin"]
