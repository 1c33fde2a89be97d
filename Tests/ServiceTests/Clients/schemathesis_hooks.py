"""What schemathesis cannot know: what a picture is, and how much work is too much."""

import os
import pathlib

import schemathesis
from hypothesis import strategies

folder = pathlib.Path(os.environ["AMALGAM_PICTURES"])
pictures = [(folder / f"{name}.png").read_bytes() for name in ("mri", "ct", "pet", "spect")]
schemathesis.openapi.media_type("image/png", strategies.sampled_from(pictures))

# Jobs run one after the other: hours of work would keep those from ending that are waited for.
affordable = {"steps": 4, "samples": 2, "guidance": 1}
largest = {"steps": 1000, "samples": 64, "guidance": 200}


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        for name, most in affordable.items():
            value = body.get(name)
            if type(value) is int and most < value <= largest[name]:
                body[name] = most
    return body


@schemathesis.hook
def before_add_examples(context, examples):
    """The document's examples have no pictures in them."""
    for case in examples:
        if isinstance(case.body, dict):
            case.body = {name: pictures[0] if name in ("mri", "ct", "pet", "spect", "fused") else value for name, value in case.body.items()}


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what schemathesis takes for valid, and the document does not: cases that are put together of all members of a form, or
    of the schema's words alone, where a picture is anything; and the options of DDIM with the other sampler."""
    body = case.body
    if not isinstance(body, dict) or case.meta is None or not case.meta.generation.mode.is_positive:
        return True
    files = [body[name] for name in ("mri", "ct", "pet", "spect", "fused") if name in body]
    seconds = [name for name in ("ct", "pet", "spect") if name in body]
    is_contradiction = body.get("sampler") == "ddpm" and ("steps" in body or "eta" in body)
    return len(seconds) == 1 and all(file in pictures for file in files) and not is_contradiction
