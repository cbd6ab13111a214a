"""Settings for every test, and the browser that some of them share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from browser import FLAGS, find_chromium

# A kernel that a test starts prints sets and dictionaries as the stored outputs have them.
os.environ.setdefault("PYTHONHASHSEED", "0")

# The same examples in every run: what passes here passes there, on a slow machine too.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests: each has its own profile in it."""
    program = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()
