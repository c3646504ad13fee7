"""What every unit test shares: Hypothesis tries the same examples on each run."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
