"""Photos to fingerprints, and which changes a fingerprint survives: ``python -m tests.benches.photos``.

The other side is OpenCV's full decoding and Meta's own PDQ (`pdqhash`), by turns, on one thread.
"""

from __future__ import annotations

import io
import itertools
import os
from pathlib import Path

import cv2
import numpy as np
import pdqhash
from PIL import Image, ImageEnhance, ImageOps

from spamclf.campaigns.photos import distance, fingerprint
from tests.benches.timing import markdown, side_by_side
from tests.campaigns.naive_photos import bits

AT_ONCE = {96: 200, 640: 10}


def stored(image, quality=85):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def oracle(content):
    pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return pdqhash.compute(pixels)


def pictures():
    """The public avatars on white, or drawings where there are none."""
    paths = sorted(Path(os.environ.get("SPAMCLF_PUBLIC_DATA", "none"), "avatars").glob("*.png"))
    if not paths:
        from spamclf.simulate.photos import picture

        return [
            Image.open(io.BytesIO(picture(f"photos/{k:05d}-00.jpg"))).convert("RGB").resize((512, 512))
            for k in range(12, 32)
        ]
    found = []
    for path in paths:
        image = Image.open(path).convert("RGBA")
        plain = Image.new("RGB", image.size, "white")
        plain.paste(image, mask=image.getchannel("A"))
        found.append(plain)
    return found


def speed(images):
    cv2.setNumThreads(1)
    rows = []
    for side, n in AT_ONCE.items():
        files = [stored(image.resize((side, side))) for image in images]
        for content in files:
            bits_there, quality = oracle(content)
            far = int((bits(fingerprint(content).words[:1])[0] != bits_there).sum())
            assert quality < 50 or far <= 2, far
        work = [files[k % len(files)] for k in range(n)]
        took = side_by_side(
            {
                "ours": lambda w=work: [fingerprint(c) for c in w],
                "theirs": lambda w=work: [oracle(c) for c in w],
            },
            rounds=7,
        )
        ours, theirs = (took[name] / n * 1e6 for name in ("ours", "theirs"))
        rows.append(
            [f"{side} px", f"{ours:,.0f} us", f"{theirs:,.0f} us", f"{theirs / ours:.2f} x", ">= 2 x"]
        )
    print(markdown(["JPEG to PDQ", "ours (8 hashes)", "OpenCV + pdqhash (1)", "ratio", "bar"], rows))


def cropped(image, share):
    dx, dy = (int(side * share / 2) for side in image.size)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


def changes():
    for quality in (30, 50, 70, 90):
        yield f"JPEG {quality}", lambda i, q=quality: stored(i, q)
    for side in (64, 96, 160, 320, 640):
        yield f"resized to {side}", lambda i, s=side: stored(i.resize((s, s)))
    for factor in (0.8, 1.2):
        yield f"brightness x {factor}", lambda i, f=factor: stored(ImageEnhance.Brightness(i).enhance(f))
    for share in (0.05, 0.15):
        yield f"cropped by {share:.0%}", lambda i, s=share: stored(cropped(i, s))
    yield "mirrored", lambda i: stored(ImageOps.mirror(i))
    yield "turned by 90", lambda i: stored(i.rotate(90, expand=True))


def recall(images):
    known = np.array([fingerprint(stored(image, 95)).words for image in images])
    rows = []
    for name, change in changes():
        new = [fingerprint(change(image)).words[0] for image in images]
        upright = [int(distance(a[0], b)) for a, b in zip(known, new, strict=True)]
        eight = [int(distance(a, b).min()) for a, b in zip(known, new, strict=True)]
        shares = [f"{np.mean(np.array(d) <= 31):.2f}" for d in (upright, eight)]
        rows.append([name, *shares, f"{np.median(eight):.0f}"])
    print(markdown(["change", "recall, upright hash", "recall, eight hashes", "median bits (eight)"], rows))
    pairs = itertools.combinations(known, 2)
    print(f"\nLeast distance of two of {len(images)} different pictures: ", end="")
    print(f"{min(int(distance(a, b[0]).min()) for a, b in pairs)} bits of 31 (all eight versions).")


def main() -> None:
    images = pictures()
    speed(images)
    print()
    recall(images)


if __name__ == "__main__":
    main()
