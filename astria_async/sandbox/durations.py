"""How long jobs take, in virtual seconds: as long as they do in life, give or take a seeded bit."""

from random import Random

_TRAINING = {"sd15": 330.0, "sd21": 360.0, "sdxl1": 600.0, "flux1": 480.0}
_TRAINING_OTHER = 420.0
_PRESETS = {"flux-lora-fast": 0.7, "flux-lora-portrait": 0.85}
_PER_IMAGE = 9.0
_USUAL_STEPS = 1500
_SHORTEST, _LONGEST = 300.0, 1200.0
CALLBACK_AFTER = 1.0


def tune_queue(branch: str, dice: Random) -> float:
    """From creation to the start of training."""
    return dice.uniform(1, 3) if branch == "fast" else dice.uniform(2, 30)


def training(
    branch: str, preset: str | None, steps: int | None, images: int, dice: Random
) -> float:
    """Of the training itself: five to twenty minutes, or half a minute for a mock."""
    if branch == "fast":
        return dice.uniform(11, 32)
    usual = _TRAINING.get(branch, _TRAINING_OTHER) * _PRESETS.get(preset or "", 1.0)
    if steps:
        usual *= min(2.0, max(0.5, steps / _USUAL_STEPS))
    usual = (usual + _PER_IMAGE * images) * dice.uniform(0.85, 1.25)
    return min(_LONGEST, max(_SHORTEST, usual))


def prompt_queue(branch: str, dice: Random) -> float:
    """From the moment a prompt could run to its start."""
    return dice.uniform(0.5, 1) if branch == "fast" else dice.uniform(1, 8)


def generation(branch: str, images: int, *, is_video: bool, dice: Random) -> float:
    """Of the generation itself: nine to thirty-two seconds, or two for a mock."""
    if branch == "fast":
        return dice.uniform(1.5, 2.5)
    if is_video:
        return dice.uniform(60, 180)
    return min(32.0, 8 + images * dice.uniform(1, 3))
