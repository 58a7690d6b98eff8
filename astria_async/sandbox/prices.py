"""
What things cost, in millicents: 100,000 to the USD.

Figures from astria-api.md section 6: those of 2022 as documented, the current ones as observed
(a Flux step 500 mc, a Flux image 2,875 mc, an extension 0.50 USD); those of other models, which
nobody published, keep to the prices of 2022.
"""

from collections.abc import Mapping
from typing import Any

import attrs

EXTENSION_MC = 50_000
TUNE_2022_MC = 150_000
PROMPT_2022_MC = 10_000
_FLUX_STEP_MC = 500
_FLUX_MIN_STEPS = 300
_FLUX_STEPS_PER_IMAGE = {"flux-lora-portrait": 27, "flux-lora-fast": 27}
_FLUX_STEPS_PER_IMAGE_HIGH = 100
_FLUX_IMAGE_MC = 2_875
_IMAGE_MC = 2_500
_INPAINT_IMAGE_MC = 1_000
_VIDEO_SECONDS = 5
_MC_PER_CENT = 1_000
_VIDEO_CENTS = {"veo3": 660, "kling": 70, "seedance": 36, "wan": 24, "ltx": 6}
_VIDEO_CENTS_OTHER = 50


@attrs.frozen
class Prices:
    """
    A price list.

    Attributes:
        old: Whether it is that of 2022: a sum per tune and a sum per prompt.
    """

    old: bool = False

    def tune(
        self,
        branch: str,
        model_type: str | None,
        preset: str | None,
        steps: int | None,
        images: int,
    ) -> int:
        """What training costs; mock tunes are free, and so are references, which train nothing."""
        if branch == "fast" or model_type == "faceid":
            return 0
        if self.old or not branch.startswith("flux"):
            return TUNE_2022_MC
        per_image = _FLUX_STEPS_PER_IMAGE.get(preset or "", _FLUX_STEPS_PER_IMAGE_HIGH)
        return (steps or max(_FLUX_MIN_STEPS, per_image * images)) * _FLUX_STEP_MC

    def prompt(self, branch: str, params: Mapping[str, Any], *, is_video: bool) -> int:
        """What all images of a prompt cost together."""
        if branch == "fast":
            return 0
        if self.old:
            return PROMPT_2022_MC
        if is_video:
            return _video(params)
        each = _FLUX_IMAGE_MC if branch.startswith("flux") else _IMAGE_MC
        if params.get("inpaint_faces"):
            each += _INPAINT_IMAGE_MC
        return each * int(params.get("num_images") or 1)


def _video(params: Mapping[str, Any]) -> int:
    model = str(params.get("video_model") or "")
    cents = next((c for m, c in _VIDEO_CENTS.items() if m in model), _VIDEO_CENTS_OTHER)
    seconds = max(_VIDEO_SECONDS, params.get("video_duration") or 0)
    return cents * _MC_PER_CENT * seconds // _VIDEO_SECONDS
