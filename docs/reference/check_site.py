"""
Follows every link of the built site that leads to the site itself: to a page, a file, an anchor.

Run: python docs/reference/check_site.py site
"""

import html.parser
import posixpath
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs


@attrs.define
class Page(html.parser.HTMLParser):
    """What a page links to, and what can be linked to in it."""

    links: set[str] = attrs.field(factory=set)
    anchors: set[str] = attrs.field(factory=set)

    def __attrs_pre_init__(self) -> None:
        """Prepare the parser."""
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note links and anchors."""
        del tag
        for name, value in attributes:
            if value and name in {"href", "src"}:
                self.links.add(value)
            elif value and name in {"id", "name"}:
                self.anchors.add(value)


def read(path: Path) -> Page:
    """A page of the site."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken(site: Path) -> list[str]:
    """Every link that leads nowhere, with the page that has it."""
    pages = {path.relative_to(site).as_posix(): read(path) for path in site.rglob("*.html")}
    found = []
    for name, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = unquote(parts.path)
            target = name
            if path:
                folder = "" if path.startswith("/") else posixpath.dirname(name)
                target = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
            if (site / target).is_dir():
                target = posixpath.normpath(posixpath.join(target, "index.html"))
            if not (site / target).exists():
                found.append(f"{name}: {link} leads nowhere")
            elif parts.fragment and parts.fragment not in pages[target].anchors:
                found.append(f"{name}: {link} has no such anchor")
    return found


if __name__ == "__main__":
    site = Path(sys.argv[1])
    trouble = broken(site)
    print(*trouble, sep="\n")
    print(f"{len(list(site.rglob('*.html')))} pages, {len(trouble)} broken links")
    sys.exit(bool(trouble))
