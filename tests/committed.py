"""The committed files, whatever has been changed or added since; in a copy without git, the files themselves."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[1]


def git(*arguments):
    """Returns the output of a git command as bytes, None if it fails."""
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


HAS_CHECKOUT = (ROOT / ".git").exists() and git("rev-parse", "--verify", "HEAD") is not None


def files(folder):
    """Returns the paths of the committed files of a folder, relative to the root."""
    if HAS_CHECKOUT:
        return sorted(git("ls-tree", "-r", "--name-only", "-z", "HEAD", f"{folder}/").decode().strip("\0").split("\0"))
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file())


def read(path):
    """Returns the committed content of a file as bytes."""
    return git("show", f"HEAD:{path}") if HAS_CHECKOUT else (ROOT / path).read_bytes()
