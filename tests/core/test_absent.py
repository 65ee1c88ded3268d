"""A library that is there can be left out of what others take."""

import importlib
import json
import subprocess
import sys

import pytest

from core.absent import absent

TAKES = """
import sys
sys.path.insert(0, sys.argv[1])
{before}
from core.absent import absent
with absent("shiny"):
    import taker
import json
print(json.dumps([taker.shiny is None, "shiny" in sys.modules]))
{after}
"""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "import shiny", [True, False]),  # and it can be imported afterwards
        ("import shiny", "", [False, True]),  # what is there stays there
    ],
)
def test_it_is_absent_for_a_block_unless_it_is_imported(tmp_path, before, after, found):
    (tmp_path / "shiny.py").write_text("")
    (tmp_path / "taker.py").write_text("try:\n    import shiny\nexcept ImportError:\n    shiny = None\n")
    program = TAKES.format(before=before, after=after)

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)

    assert json.loads(done.stdout) == found


def test_it_is_there_again_after_an_error():
    with pytest.raises(ImportError), absent("shiny_thing_of_nobody"):
        importlib.import_module("shiny_thing_of_nobody")

    assert "shiny_thing_of_nobody" not in sys.modules
