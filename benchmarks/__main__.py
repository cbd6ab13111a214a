"""What `make bench` prints. Absolute times mean little on another day; the ratios do."""

import subprocess
import sys
from pathlib import Path

import figures
import pages
from harness import served_book

# In a process of its own, which has one thread, and no browser beside it.
subprocess.run([sys.executable, Path(__file__).with_name("numerics.py")], check=True)

with served_book() as (browser, url):
    figures.report(browser, url)
    pages.report(browser, url)
