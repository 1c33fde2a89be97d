#!/usr/bin/env python3
"""Writes the fixtures of ImagingTests and expected.json beside itself. Needs Pillow.

No code of the package and no libpng but the one inside Pillow takes part: most files come from the writer below, which knows
every colour type, bit depth, row filter and Adam7, and puts many IDAT chunks into a file; the pillow-* files come from Pillow.
"""

import json
import random
import struct
import zlib
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WIDTH, HEIGHT = 9, 7
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
random.seed(20240607)
expected = {"images": {}}


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(f"{s:0{depth}b}" for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(rows, step):
    """Every row behind its filter type; the types take turns."""
    out, above = b"", bytes(len(rows[0]))
    for y, row in enumerate(rows):
        kind = y % 5
        left = bytes(step) + row[:-step] if len(row) > step else bytes(len(row))
        corner = bytes(step) + above[:-step] if len(row) > step else bytes(len(row))
        guess = {
            0: lambda i: 0,
            1: lambda i: left[i],
            2: lambda i: above[i],
            3: lambda i: (left[i] + above[i]) // 2,
            4: lambda i: paeth(left[i], above[i], corner[i]),
        }[kind]
        out += bytes([kind]) + bytes((row[i] - guess(i)) % 256 for i in range(len(row)))
        above = row
    return out


def write(name, colour, depth, pixels, interlaced=False, before=(), after=(), split=40, width=WIDTH, height=HEIGHT, raw=None):
    """pixels[y][x] is a tuple of samples."""
    step = max(1, CHANNELS[colour] * depth // 8)
    data = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        rows = [pack([s for p in row[x0::dx] for s in p], depth) for row in pixels[y0::dy] if row[x0::dx]]
        data += filtered(rows, step) if rows else b""
    data = zlib.compress(data if raw is None else raw, 9)
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    out += b"".join(chunk(*c) for c in before)
    out += b"".join(chunk(b"IDAT", data[i : i + split]) for i in range(0, len(data), split))
    out += b"".join(chunk(*c) for c in after) + chunk(b"IEND")
    (HERE / f"{name}.png").write_bytes(out)


def expect(name, colours, depth, alpha, samples):
    expected["images"][name] = {
        "width": WIDTH, "height": HEIGHT, "channels": colours, "depth": depth, "alpha": alpha, "samples": samples}


def some(channels, depth):
    return [[tuple(random.randrange(1 << depth) for _ in range(channels)) for _ in range(WIDTH)] for _ in range(HEIGHT)]


def plain(name, colour, depth, interlaced=False, before=(), after=(), alpha=None):
    pixels = some(CHANNELS[colour], depth)
    write(name, colour, depth, pixels, interlaced, before, after)
    colours = 1 if colour in (GREY, GREY_ALPHA) else 3
    scale = 255 // ((1 << depth) - 1) if depth < 8 else 1
    samples = [s * scale for row in pixels for p in row for s in p[:colours]]
    expect(name, colours, max(depth, 8), colour in (GREY_ALPHA, RGBA) if alpha is None else alpha, samples)


def palette(name, depth, interlaced=False, transparent=False, entries=None):
    colours = [tuple(random.randrange(256) for _ in range(3)) for _ in range(entries or 1 << depth)]
    pixels = [[(random.randrange(len(colours)),) for _ in range(WIDTH)] for _ in range(HEIGHT)]
    before = [(b"PLTE", b"".join(map(bytes, colours)))]
    if transparent:
        before.append((b"tRNS", bytes([0, 128])))
    write(name, PALETTE, depth, pixels, interlaced, before)
    expect(name, 3, 8, transparent, [s for row in pixels for (i,) in row for s in colours[i]])


for interlaced in (False, True):
    suffix = "-interlaced" if interlaced else ""
    for depth in (1, 2, 4, 8, 16):
        plain(f"grey{depth}{suffix}", GREY, depth, interlaced)
    for depth in (8, 16):
        plain(f"rgb{depth}{suffix}", RGB, depth, interlaced)
        plain(f"rgba{depth}{suffix}", RGBA, depth, interlaced)
    plain(f"greyalpha16{suffix}", GREY_ALPHA, 16, interlaced)
    palette(f"palette4{suffix}", 4, interlaced)
plain("greyalpha8", GREY_ALPHA, 8)
palette("palette1", 1)
palette("palette2", 2, transparent=True)
palette("palette8", 8, transparent=True, entries=40)
plain("grey8-trns", GREY, 8, before=[(b"tRNS", struct.pack(">H", 7))], alpha=True)
plain("rgb16-trns", RGB, 16, before=[(b"tRNS", struct.pack(">HHH", 1, 2, 3))], alpha=True)

# A name in every chunk that can hold one, a gamma that would change the samples were it heeded, a profile that is none.
plain(
    "text", RGB, 8,
    before=[
        (b"gAMA", struct.pack(">I", 100000)),
        (b"iCCP", b"DOE^JANE\0\0" + zlib.compress(b"DOE^JANE")),
        (b"tEXt", b"Patient\0DOE^JANE"),
        (b"zTXt", b"Patient\0\0" + zlib.compress(b"DOE^JANE")),
        (b"juNk", b"DOE^JANE"),
    ],
    after=[
        (b"iTXt", b"Patient\0\0\0en\0Patient\0DOE^JANE"),
        (b"tIME", struct.pack(">HBBBBB", 1970, 1, 1, 0, 0, 0)),
        (b"eXIf", b"MM\0*DOE^JANE"),
    ],
)

# Text and pixels that inflate a thousandfold.
plain("bomb-text", GREY, 8, before=[(b"zTXt", b"Patient\0\0" + zlib.compress(bytes(4 << 20), 9))])
write("bomb-pixels", GREY, 8, some(1, 8), split=8192, raw=bytes(8 << 20))

# Damage that only decoding finds.
write("bad-index", PALETTE, 8, some(1, 8), before=[(b"PLTE", bytes(30))])
write("bad-nopalette", PALETTE, 8, some(1, 8))
write("bad-short", GREY, 8, some(1, 8)[:-1])
write("bad-filter", GREY, 8, some(1, 8), raw=(b"\x07" + bytes(WIDTH)) * HEIGHT)
write("bad-critical", GREY, 8, some(1, 8), before=[(b"WHAT", b"is this")])

for mode, colours in (("L", 1), ("LA", 1), ("RGB", 3), ("RGBA", 3)):
    channels = len(mode)
    data = bytes(random.randrange(256) for _ in range(WIDTH * HEIGHT * channels))
    image = Image.frombytes(mode, (WIDTH, HEIGHT), data)
    name = f"pillow-{mode.lower()}"
    image.save(HERE / f"{name}.png")
    expect(name, colours, 8, "A" in mode, [s for i in range(0, len(data), channels) for s in data[i : i + colours]])

# Pillow's own bilinear filter is the one with half-pixel centres as long as it enlarges.
source = [float(random.randrange(256)) for _ in range(5 * 4)]
plane = Image.new("F", (5, 4))
plane.putdata(source)
expected["resize"] = {
    "width": 5, "height": 4, "values": source,
    "enlarged": {"width": 12, "height": 9, "values": list(plane.resize((12, 9), Image.BILINEAR).tobytes("raw", "F"))}}
expected["resize"]["enlarged"]["values"] = [
    v[0] for v in struct.iter_unpack("<f", bytes(expected["resize"]["enlarged"]["values"]))]

# JPEG's colours as Pillow computes them, truncated to integers.
colours = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
colours += [tuple(random.randrange(256) for _ in range(3)) for _ in range(30)]
swatches = Image.new("RGB", (len(colours), 1))
swatches.putdata(colours)
expected["ycbcr"] = [{"rgb": c, "ycbcr": swatches.convert("YCbCr").getpixel((i, 0))} for i, c in enumerate(colours)]

(HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")).replace('},"', '},\n"') + "\n")
