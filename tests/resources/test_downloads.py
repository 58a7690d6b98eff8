"""Results on disk."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from scripted import File, Step, answer, lost

from astria_async.protocol.codec import structure
from astria_async.protocol.errors import (
    ClientClosed,
    ConfigurationError,
    DownloadFailed,
    InvalidInput,
)
from astria_async.protocol.models import Prompt, Tune

from .shop import Shop

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"


def prompt(shop: Shop, *urls: str) -> Prompt:
    """A prompt with results at these addresses."""
    raw = shop.api.put("prompt", tune_id=5, images=list(urls))
    return structure(Prompt, raw, binding=shop.core)


def serve(shop: Shop, *contents: bytes, **options: Any) -> list[str]:
    """Put files behind addresses; the addresses."""
    urls = [f"https://files.example.com/{number}" for number in range(len(contents))]
    for url, content in zip(urls, contents, strict=True):
        shop.api.downloads[url] = [File((content[:5], content[5:]), **options)]
    return urls


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


async def test_every_result_is_saved_under_its_number(shop: Shop, tmp_path: Path) -> None:
    """In a folder that is made for it, in the order of the images, with the right extension."""
    found = prompt(shop, *serve(shop, JPEG, PNG))

    paths = await found.download(tmp_path / "new" / "out")

    assert [path.name for path in paths] == ["1-0.jpg", "1-1.png"]
    assert [path.read_bytes() for path in paths] == [JPEG, PNG]


async def test_the_content_decides_the_extension(shop: Shop, tmp_path: Path) -> None:
    """Whatever the server calls it; and what it calls it, where the content tells nothing."""
    urls = serve(shop, PNG, b"who knows", b"who knows")
    shop.api.downloads[urls[1]] = [File((b"who knows",), content_type="video/mp4; x=1")]
    shop.api.downloads[urls[2]] = [File((b"who knows",), content_type=None)]

    paths = await prompt(shop, *urls).download(tmp_path)

    assert [path.suffix for path in paths] == [".png", ".mp4", ".bin"]


async def test_a_second_run_fetches_nothing(shop: Shop, tmp_path: Path) -> None:
    """A file that is there is whole."""
    found = prompt(shop, *serve(shop, JPEG, PNG))
    first = await found.download(tmp_path)

    second = await found.download(tmp_path)

    assert second == first
    assert len(shop.api.fetched) == 2


async def test_only_what_is_missing_is_fetched(shop: Shop, tmp_path: Path) -> None:
    """Files of other objects, folders and odd names are not taken for it."""
    found = prompt(shop, *serve(shop, JPEG, PNG))
    (tmp_path / "1-0.webp").write_bytes(b"whole")
    (tmp_path / "1-x.png").write_bytes(b"other")
    (tmp_path / "11-1.png").write_bytes(b"other")
    (tmp_path / "1-1").mkdir()

    paths = await found.download(tmp_path)

    assert [path.name for path in paths] == ["1-0.webp", "1-1.png"]
    assert shop.api.fetched == ["/1"]


async def test_results_are_fetched_together_within_a_bound(shop: Shop, tmp_path: Path) -> None:
    """Eight of one object at once."""
    gate = anyio.Event()
    found = prompt(shop, *serve(shop, *[JPEG] * 20, gate=gate))
    async with anyio.create_task_group() as group:
        group.start_soon(found.download, tmp_path)
        while shop.api.open_files < 8:
            await checkpoint()
        for _ in range(100):
            await checkpoint()
        most = shop.api.open_files

        gate.set()

    assert most == 8
    assert len(names(tmp_path)) == 20


async def test_all_downloads_of_a_client_share_a_bound(shop: Shop, tmp_path: Path) -> None:
    """The connections that API calls need are not taken by downloads."""
    gate = anyio.Event()
    urls = serve(shop, *[JPEG] * 8, gate=gate)
    many = [prompt(shop, *urls) for _ in range(10)]
    async with anyio.create_task_group() as group:
        for found in many:
            group.start_soon(found.download, tmp_path)
        while shop.api.open_files < 32:
            await checkpoint()
        for _ in range(100):
            await checkpoint()
        most = shop.api.open_files

        gate.set()

    assert most == 32
    assert len(names(tmp_path)) == 80


async def test_a_cancelled_download_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    """No partial file, and no connection."""
    found = prompt(shop, *serve(shop, JPEG, gate=anyio.Event()))
    async with anyio.create_task_group() as group:
        group.start_soon(found.download, tmp_path)
        while not names(tmp_path):
            await checkpoint()
        midway = names(tmp_path)

        group.cancel_scope.cancel()

    assert midway[0].startswith(".1-0.")
    assert names(tmp_path) == []
    assert shop.api.open_files == 0


async def test_nothing_is_seen_before_it_is_whole(shop: Shop, tmp_path: Path) -> None:
    """A file is written beside its place, hidden, and moved there at the end."""
    seen: list[str] = []
    found = prompt(shop, *serve(shop, JPEG, midway=lambda: seen.extend(names(tmp_path))))

    await found.download(tmp_path)

    assert all(name.endswith(".part") for name in seen)
    assert names(tmp_path) == ["1-0.jpg"]


@pytest.mark.parametrize(
    "bad",
    [
        File((JPEG[:5],), length=len(JPEG)),
        File((JPEG[:5],), breaks=lost()),
        File((), length=0),
        File(()),
        File((), status=500),
        File((), status=404),
        File((), error=lost()),
    ],
)
async def test_what_came_badly_is_fetched_again(shop: Shop, tmp_path: Path, bad: File) -> None:
    """Truncated, broken off, empty, not there yet: a moment later it may be whole."""
    (url,) = serve(shop, JPEG)
    shop.api.downloads[url].insert(0, bad)

    (path,) = await prompt(shop, url).download(tmp_path)

    assert path.read_bytes() == JPEG
    assert names(tmp_path) == ["1-0.jpg"]
    assert shop.passed() == 1.5


async def test_progress_is_told(shop: Shop, tmp_path: Path) -> None:
    """Of all files together, and of how many bytes once each has told; a second try begins anew."""
    urls = serve(shop, JPEG, PNG)
    broken = File((JPEG[:3],), length=len(JPEG))
    shop.api.downloads[urls[0]] = [broken, File((JPEG,), length=len(JPEG))]
    shop.api.downloads[urls[1]] = [File((PNG,), length=len(PNG))]
    told: list[tuple[int, int | None]] = []

    await prompt(shop, *urls).download(tmp_path, on_progress=lambda *it: told.append(it))

    whole = len(JPEG) + len(PNG)
    assert told[-1] == (whole, whole)
    assert all(came <= whole for came, _ in told)
    assert {total for _, total in told} <= {None, whole}


async def test_tries_come_to_an_end(shop: Shop, tmp_path: Path) -> None:
    """Five of them, with growing pauses; the error tells what the server said."""
    (url,) = serve(shop, JPEG)
    shop.api.downloads[url] = [File((), status=503)]

    with pytest.raises(DownloadFailed, match="1-0: the server answered 503") as caught:
        await prompt(shop, url).download(tmp_path)

    assert caught.value.status == 503
    assert shop.clock.slept == [1.5, 3.0, 4.5, 6.0]


@pytest.mark.parametrize("status", [400, 401, 405])
async def test_some_answers_are_final(shop: Shop, tmp_path: Path, status: int) -> None:
    """Another try would be answered the same."""
    (url,) = serve(shop, JPEG)
    shop.api.downloads[url] = [File((), status=status)]

    with pytest.raises(DownloadFailed):
        await prompt(shop, url).download(tmp_path)

    assert len(shop.api.fetched) == 1


async def test_one_that_fails_takes_no_other_along(shop: Shop, tmp_path: Path) -> None:
    """The others are kept, so that the next run has less to do."""
    urls = serve(shop, JPEG, PNG)
    shop.api.downloads[urls[0]] = [File((), status=400)]

    with pytest.raises(DownloadFailed):
        await prompt(shop, *urls).download(tmp_path)

    assert names(tmp_path) == ["1-1.png"]


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_expired_addresses_are_renewed_once(shop: Shop, tmp_path: Path, status: int) -> None:
    """One fresh look at the object serves all of its files."""
    fresh = serve(shop, JPEG, PNG)
    old = [f"{url}?expired" for url in fresh]
    found = prompt(shop, *old)
    for url in old:
        shop.api.downloads[url] = [File((), status=status)]
    shop.api.objects["prompt"][0]["images"] = fresh

    paths = await found.download(tmp_path)

    assert [path.read_bytes() for path in paths] == [JPEG, PNG]
    assert len(shop.api.calls) == 1


async def test_an_object_that_is_gone_cannot_be_renewed(shop: Shop, tmp_path: Path) -> None:
    """The error says that both the address and the object are no more."""
    (url,) = serve(shop, JPEG)
    found = prompt(shop, url)
    shop.api.downloads[url] = [File((), status=403)]
    shop.api.objects["prompt"].clear()

    with pytest.raises(DownloadFailed, match="asking for a new one failed"):
        await found.download(tmp_path)


@pytest.mark.parametrize("images", [[], ["https://files.example.com/0"]])
async def test_an_object_with_fewer_results_renews_nothing(
    shop: Shop, tmp_path: Path, images: list[str]
) -> None:
    """The old addresses are tried on: another look may show them all."""
    urls = serve(shop, JPEG, PNG)
    found = prompt(shop, *urls)
    shop.api.downloads[urls[1]].insert(0, File((), status=404))
    shop.api.objects["prompt"][0]["images"] = images

    assert len(await found.download(tmp_path)) == 2


async def test_an_object_without_addresses_is_looked_at_once(shop: Shop, tmp_path: Path) -> None:
    """It may have its results by now."""
    found = prompt(shop)
    shop.api.objects["prompt"][0]["images"] = serve(shop, JPEG)

    assert len(await found.download(tmp_path)) == 1


async def test_nothing_to_download_is_an_error(shop: Shop, tmp_path: Path) -> None:
    """Rather than an empty list, which would pass for a success."""
    with pytest.raises(DownloadFailed, match="nothing to download"):
        await prompt(shop).download(tmp_path)


async def test_a_checkpoint_has_a_name_of_its_own(shop: Shop, tmp_path: Path) -> None:
    """Ids of tunes and prompts are counted apart."""
    raw = shop.api.put("tune", ckpt_url=serve(shop, b"weights")[0])
    tune = structure(Tune, raw, binding=shop.core)

    paths = await tune.download_checkpoint(tmp_path)

    assert [path.name for path in paths] == ["tune-1-0.jpg"]


@pytest.mark.parametrize("url", ["not a url", "ftp://files.example.com/1"])
async def test_an_address_that_is_none_is_an_error_of_ours(
    shop: Shop, tmp_path: Path, url: str
) -> None:
    """A single error, whatever lies between."""
    shop.api.downloads[url] = [File(error=InvalidInput("not a URL"))]

    with pytest.raises(InvalidInput):
        await prompt(shop, url).download(tmp_path)


async def test_a_closed_client_downloads_nothing(shop: Shop, tmp_path: Path) -> None:
    """It says so."""
    found = prompt(shop, *serve(shop, JPEG))
    shop.core.is_open = False

    with pytest.raises(ClientClosed, match="a download"):
        await found.download(tmp_path)

    assert names(tmp_path) == []


@pytest.mark.parametrize("below", ["", "deeper"])
async def test_a_file_in_the_place_of_the_folder_is_refused(
    shop: Shop, tmp_path: Path, below: str
) -> None:
    """Before anything is fetched."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(ConfigurationError, match="cannot write"):
        await prompt(shop, *serve(shop, JPEG)).download(tmp_path / "out" / below)

    assert shop.api.fetched == []


async def test_what_cannot_be_written_is_not_tried_again(shop: Shop, tmp_path: Path) -> None:
    """A folder that was taken away, or a full disk, is not the server's fault."""
    out = tmp_path / "out"

    def remove() -> None:
        for path in out.iterdir():
            path.unlink()
        out.rmdir()

    found = prompt(shop, *serve(shop, JPEG, midway=remove))

    with pytest.raises(DownloadFailed, match="cannot write"):
        await found.download(out)

    assert len(shop.api.fetched) == 1


async def test_what_cannot_be_cleared_away_hides_no_error(shop: Shop, tmp_path: Path) -> None:
    """The folder may have become something else meanwhile."""
    out = tmp_path / "out"

    def replace() -> None:
        for path in out.iterdir():
            path.unlink()
        out.rmdir()
        out.write_text("a file")

    found = prompt(shop, *serve(shop, JPEG, midway=replace))

    with pytest.raises(DownloadFailed, match="cannot write"):
        await found.download(out)


async def test_an_answer_that_cannot_be_read_renews_nothing(shop: Shop, tmp_path: Path) -> None:
    """It is an error of the download."""
    (url,) = serve(shop, JPEG)
    found = prompt(shop, url)
    shop.api.downloads[url] = [File((), status=403)]
    shop.api.reads = [Step(answer(200, []))]

    with pytest.raises(DownloadFailed, match="asking for a new one failed"):
        await found.download(tmp_path)


async def test_no_address_is_in_an_error(shop: Shop, tmp_path: Path) -> None:
    """Presigned ones carry their right in their query."""
    url = "https://files.example.com/0?signature=s3cret"
    shop.api.downloads[url] = [File((), status=401)]

    with pytest.raises(DownloadFailed) as caught:
        await prompt(shop, url).download(tmp_path)

    assert "s3cret" not in str(caught.value)
