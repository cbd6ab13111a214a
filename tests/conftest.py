"""Settings for every test."""

import os

from hypothesis import settings

# A kernel that a test starts prints sets and dictionaries as the stored outputs have them.
os.environ.setdefault("PYTHONHASHSEED", "0")

# The same examples in every run: what passes here passes there, on a slow machine too.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
