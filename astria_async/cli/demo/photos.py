"""Which photographs the demo uploads."""

from importlib import resources
from pathlib import Path

from astria_async.cli.exits import CommandError, Exit

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif")


def find_photos(directory: Path | None) -> list[Path]:
    """
    The pictures in *directory*, by name; without one, the samples that come along.

    Raises:
        CommandError: There is no such directory, or no picture in it.
        OSError: It cannot be read.
    """
    if directory is None:
        return sorted(Path(str(resources.files("astria_async.cli") / "samples")).glob("*.jpg"))
    if not directory.exists():
        raise CommandError(f"--images: there is no directory {directory}", Exit.USAGE)
    if not directory.is_dir():
        raise CommandError(
            f"--images: {directory} is a file; name the directory that it is in", Exit.USAGE
        )
    found = sorted(it for it in directory.iterdir() if _is_picture(it))
    if not found:
        raise CommandError(
            f"--images: there is no picture in {directory} ({', '.join(SUFFIXES)})", Exit.USAGE
        )
    return found


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
