"""What `make bench` prints. Absolute times mean little on another day; the ratios do."""

import figures
import pages
from harness import served_book

with served_book() as (browser, url):
    figures.report(browser, url)
    pages.report(browser, url)
