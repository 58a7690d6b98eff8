"""
Callbacks to a laptop, through a tunnel.

What: opens a tunnel, has the receiver prove that it is reachable from outside, creates a prompt and
    waits for its callback.
Needs: pip install '.[ngrok]'; ASTRIA_API_KEY; NGROK_AUTHTOKEN, from your ngrok account
Run: python examples/laptop_ngrok.py "a red bicycle, watercolour"
Another tunnel: anything with open(port), an async context manager that gives the public URL; pass
    it to draw(…, tunnel=).
"""

import asyncio
import sys
from pathlib import Path

from astria_async import Astria, Receiver
from astria_async.receiver import Tunnel

FLUX = 1504944


async def draw(text: str, *, tunnel: str | Tunnel = "ngrok", out: str = "pictures") -> list[Path]:
    """The pictures of a text, on disk."""
    receiver = Receiver()
    async with receiver.serve(port=0, tunnel=tunnel), Astria(receiver=receiver) as astria:
        print(f"Astria calls {receiver.public_url}")
        prompt = await astria.prompts.create(FLUX, text, num_images=2)
        prompt = await prompt.wait_ready()
        return await prompt.download(out)


if __name__ == "__main__":
    for path in asyncio.run(draw(sys.argv[1] if len(sys.argv) > 1 else "a red bicycle")):
        print(path)
