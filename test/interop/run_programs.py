"""Runs Python programs one after the other in one process, since importing a client takes longer than asking one.

stdin: a JSON list of {"name", "code", "stdin"}. stdout: a JSON list of {"name", "out", "error"}, where `out` is what
the program printed and `error` the traceback it ended with, or null.
"""

import contextlib
import io
import json
import sys
import traceback

results = []
for program in json.load(sys.stdin):
    printed = io.StringIO()
    error = None
    sys.stdin = io.StringIO(program.get("stdin", ""))
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(program["code"], program["name"], "exec"), {"__name__": "__main__"})
        except Exception:
            error = traceback.format_exc()
    results.append({"name": program["name"], "out": printed.getvalue(), "error": error})
json.dump(results, sys.stdout)
