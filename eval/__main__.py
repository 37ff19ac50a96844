"""`python -m eval …` is `footnote eval …`.

The command is looked up among the installed ones: what assembles the models lives in a room above this one.
"""

import sys
from importlib.metadata import entry_points

if __name__ == "__main__":
    (footnote,) = entry_points(group="console_scripts", name="footnote")
    sys.exit(footnote.load()(["eval", *sys.argv[1:]]))
