"""Runs the test suite: first, side by side, whatever does not care; then one by one what has a bar in seconds.

Whatever is given is handed to pytest: `python .ci/test.py tests/web -k look`.
"""

import subprocess
import sys

#: What pytest ends with where nothing was to be run (pytest.ExitCode.NO_TESTS_COLLECTED).
NOTHING = 5
SIDE_BY_SIDE = ("-n", "4", "--dist", "worksteal", "-m", "not alone")
ALONE = ("-m", "alone")


def main(arguments: list[str]) -> int:
    """The exit code of the first part that failed; that of pytest for nothing where neither had anything to run."""
    codes = []
    for how in (SIDE_BY_SIDE, ALONE):
        codes.append(
            subprocess.run([sys.executable, "-m", "pytest", *how, *arguments], check=False).returncode
        )
    ran = [code for code in codes if code != NOTHING]
    return next((code for code in ran if code), 0) if ran else NOTHING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
