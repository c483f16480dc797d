"""Add up what pytest wrote in tox's environments: ``tox list ... | count.py .tox``.

Prints a line an environment, what failed and how, and a closing line like pytest's. Exit status 1 where an
environment is missing or ran no test, or a test failed or was skipped.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

WITHOUT_TESTS = {"lint", "type"}
SHOWN_LINES = 60  # of each failure: its end, where pytest says what was wrong


def main(work: Path, names: list[str]) -> int:
    """Report on the environments ``names`` below the folder ``work``; the exit status."""
    problems = []
    totals = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for name in names:
        report = work / name / "junit.xml"
        if name in WITHOUT_TESTS and (work / name).is_dir():
            continue
        if not report.is_file():
            problems.append(f"{name}: no report of its tests")
            continue
        suite = ElementTree.parse(report).getroot().find("testsuite")
        assert suite is not None, report
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        passed = int(suite.get("tests", 0)) - failed - skipped
        print(f"{name:12} {passed:6} passed {float(suite.get('time', 0)):8.1f} s")
        for key, count in zip(totals, (passed, failed, skipped), strict=True):
            totals[key] += count
        if not passed:
            problems.append(f"{name}: no test passed")
        for case in suite.iter("testcase"):
            title = f"{name}: {case.get('classname')}::{case.get('name')}"
            for skip in case.iter("skipped"):
                problems.append(f"{title} was skipped: {skip.get('message')}")
            for failure in (*case.iter("failure"), *case.iter("error")):
                lines = (failure.text or failure.get("message") or "").splitlines()[-SHOWN_LINES:]
                problems.append("\n    ".join([f"{title} failed:", *lines]))
    problems += ["tox names no environment"] * (not names)
    print(*problems, sep="\n", end="\n" * bool(problems))
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return int(bool(problems) or bool(totals["failed"]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.stdin.read().split()))
