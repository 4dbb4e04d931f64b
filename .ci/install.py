"""Installs what a lock file names into this environment, and says all the while what is happening: `install.py LOCK WHY`."""

import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

#: Seconds between two lines of news.
NEWS = 3.0


def main(lock: Path, why: str, news: float = NEWS) -> int:
    """Run pip, which shows what it fetches but says nothing while it unpacks; its exit code."""
    print(f"Installing what {why}, from {lock.name} …", flush=True)
    began, known = time.monotonic(), placed()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes"]
    process, ended = subprocess.Popen([*pip, "-r", str(lock)]), threading.Event()
    threading.Thread(target=_tell, args=(ended, known, began, news), daemon=True).start()
    code = process.wait()
    ended.set()
    if code == 0:
        print(f"{len(placed() - known)} packages installed in {time.monotonic() - began:.0f} s.", flush=True)
    return code


def placed() -> set[str]:
    """The packages that stand in this environment."""
    return {path.name.partition("-")[0] for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info")}


def _tell(ended: threading.Event, known: set[str], began: float, news: float) -> None:
    said = 0
    while not ended.wait(news):
        if (count := len(placed() - known)) != said:
            said = count
            print(f"… {count} packages unpacked after {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
