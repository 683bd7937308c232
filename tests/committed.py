"""What is committed, whatever a user's work has changed or added since: in a copy without git, what is there."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[1]


def git(*arguments):
    """What a git command prints, as bytes; None without git, or outside of a checkout of its own."""
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


HAS_CHECKOUT = (ROOT / ".git").exists() and git("rev-parse", "--verify", "HEAD") is not None


def files(folder):
    """Paths of the committed files of a folder, relative to the root."""
    if HAS_CHECKOUT:
        return sorted(git("ls-tree", "-r", "--name-only", "-z", "HEAD", f"{folder}/").decode().strip("\0").split("\0"))
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file())


def read(path):
    """The committed content of a file, as bytes."""
    return git("show", f"HEAD:{path}") if HAS_CHECKOUT else (ROOT / path).read_bytes()
