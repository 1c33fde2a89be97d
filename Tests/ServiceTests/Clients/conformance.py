"""Starts a service and has schemathesis look for requests that it answers otherwise than its OpenAPI document says, or with a 5xx.

    python3 -m pip install schemathesis
    python3 Tests/ServiceTests/Clients/conformance.py .build/release/amalgam [options of "schemathesis run"]

Exits with the status of schemathesis: 0 where there is no disagreement.
"""

import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def relabelled(model: pathlib.Path, modality: str, folder: pathlib.Path) -> str:
    """A copy of a model that says that it is for another modality, so that every field of the form can be accepted."""
    content = model.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    description = json.loads(header["__metadata__"]["amalgam"])
    header["__metadata__"]["amalgam"] = json.dumps({**description, "modality": modality})
    encoded = json.dumps(header).encode()
    copy = folder / f"{modality}.safetensors"
    copy.write_bytes(struct.pack("<Q", len(encoded)) + encoded + content[8 + length :])
    return str(copy)


def address(service: subprocess.Popen) -> str:
    """Where the service listens, once it says so."""
    for line in service.stdout:
        if found := re.search(r"listens on (http://\S+)", line):
            return found[1]
    raise SystemExit("the service did not start")


def main() -> int:
    amalgam, *options = sys.argv[1:]
    amalgam = pathlib.Path(amalgam).resolve()
    model = amalgam.parent / "amalgam_Fusion.resources" / "Models" / "mri-ct.safetensors"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([amalgam, "phantom", "--output", folder, "--size", "16"], check=True, stdout=subprocess.DEVNULL)
        models = [f"--{other}-model={relabelled(model, other, folder)}" for other in ("pet", "spect")]
        service = subprocess.Popen(
            [amalgam, "serve", "--port", "0", "--data", folder / "data", "--threads", "1", "--grace-seconds", "0", *models],
            stdout=subprocess.PIPE,
            stderr=open(folder / "log", "w"),
            text=True,
        )
        try:
            url = address(service)
            return subprocess.run(
                [
                    pathlib.Path(sys.executable).parent / "schemathesis",
                    f"--config-file={HERE / 'schemathesis.toml'}",
                    "run",
                    *options,
                    f"{url}/openapi.yaml",
                ],
                cwd=folder,
                env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE), "AMALGAM_PICTURES": str(folder)},
            ).returncode
        finally:
            service.send_signal(signal.SIGTERM)
            if service.wait(60) != 0:
                print((folder / "log").read_text()[-4000:], file=sys.stderr)
                raise SystemExit("the service did not stop in order")


if __name__ == "__main__":
    sys.exit(main())
