"""
From a folder of photographs to a folder of pictures, in one process.

What: uploads the photographs, trains a tune, makes pictures of several texts at a time, and
    downloads each as soon as it is ready. Run again after a Ctrl-C, it finds the tune and the
    prompts that it created, and fetches only the pictures that are missing.
Needs: pip install '.'; ASTRIA_API_KEY; ASTRIA_CALLBACK_URL, an https URL that a proxy passes on to
    --port; ASTRIA_CALLBACK_SECRET, so that a second run knows the URLs of the first.
Run: python examples/pipeline.py photos/ --name woman --out pictures/
Offline: start `astria-async sandbox` and set what it prints. No callback URL is needed then.
"""

import argparse
import asyncio
from pathlib import Path

from astria_async import Astria, Prompt, PromptFailed, Receiver, Tune

TEXTS = (
    "portrait of ohwx {name}, soft studio light",
    "ohwx {name} as an astronaut, film photograph",
    "ohwx {name} in a garden, watercolour",
)


async def train(astria: Astria, photos: list[Path], name: str) -> Tune:
    """The trained tune of these photographs; the same one in every run."""
    key = f"{name}: {', '.join(photo.name for photo in photos)}"
    tune = await astria.tunes.create(name=name, images=photos, idempotency_key=key)
    print(f"tune {tune.id} is {tune.status}")
    return await tune.wait_ready(on_progress=lambda seen: print(f"tune {seen.id} is {seen.status}"))


async def generate(astria: Astria, tune: Tune, out: Path) -> list[Path]:
    """The pictures of every text, on disk."""
    texts = [text.format(name=tune.name) for text in TEXTS]
    prompts = [
        await tune.prompts.create(text, idempotency_key=f"{tune.id}: {text}") for text in texts
    ]
    files: list[Path] = []
    async for ended in astria.wait_all(prompts, return_exceptions=True):
        if isinstance(ended, Prompt):
            files += await ended.download(out)
            print(f"prompt {ended.id}: {ended.text}")
        elif isinstance(ended, PromptFailed):
            print(f"prompt {ended.object.id} failed: {ended.reason}")
        else:
            raise ended
    return files


async def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(description="Photographs to pictures.")
    parser.add_argument("photos", type=Path, help="folder of JPEG files")
    parser.add_argument("--name", default="woman", help="what they show: woman, man, cat, …")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--port", type=int, default=8080, help="where the proxy sends callbacks")
    args = parser.parse_args()

    receiver = Receiver()
    async with receiver.serve(port=args.port), Astria(receiver=receiver) as astria:
        tune = await train(astria, sorted(args.photos.glob("*.jpg")), args.name)
        for path in await generate(astria, tune, args.out):
            print(path)


if __name__ == "__main__":
    asyncio.run(main())
