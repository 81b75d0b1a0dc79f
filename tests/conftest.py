"""Settings of every test."""

import os

os.environ["WIKIORDER_FORGET"] = "0"  # cold caches before each start would take minutes in all; own tests turn it on
