"""Checks what recipes make of files: pictures against Pillow, recordings and arrays against NumPy, tokens by hand.

Makes its files in FOLDER. The example `tensors` of the crate weigh-data shows the tensors; it is built by cargo
unless the variable TENSORS names it. Where both decoders give the same pixels (PNG, lossless WebP) the tensors must
be equal; JPEG and lossy WebP may differ by how a decoder rounds.
"""

import json
import math
import os
import pathlib
import shutil
import subprocess
import wave

import numpy
from harness import Tally, arguments
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
RANDOM = numpy.random.default_rng(1)
MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
STD = numpy.array([0.229, 0.224, 0.225], numpy.float32)
SIZES = [(640, 480), (333, 517), (225, 224), (257, 900), (61, 47), (1023, 767), (224, 224)]
"""Width and height of the pictures."""
STEP = 1 / 255
"""One step of a byte, in the units of scaled pictures."""


def tensors_program():
    if "TENSORS" in os.environ:
        return os.environ["TENSORS"]
    build = ["cargo", "build", "--release", "--quiet", "--package", "weigh-data", "--example", "tensors"]
    done = subprocess.run([*build, "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True)
    made = [json.loads(line).get("executable") for line in done.stdout.splitlines()]
    return [path for path in made if path][-1]


def tensors(program, recipe, data, out, *inputs):
    """The inputs that weigh makes of files, by name."""
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run([program, recipe, data, out, *inputs], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return {path.stem: numpy.load(path) for path in out.glob("*.npy")}


def scene(width, height):
    """A picture with gradients, edges and a little noise, as photographs have."""
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [numpy.sin(x / 17 + channel) * numpy.cos(y / 23 - channel) for channel in range(3)]
    picture = 127 + 90 * numpy.stack(waves, -1) + RANDOM.normal(0, 4, (height, width, 3))
    picture[height // 3 : height // 2, width // 4 : width // 2] = (230, 40, 60)
    return Image.fromarray(picture.clip(0, 255).astype(numpy.uint8))


def pictures(folder):
    """Pictures of every kind in folders of their own: (kind, files, whether decoders must agree)."""
    scenes = [scene(*size) for size in SIZES]
    rotated = Image.Exif()
    rotated[0x0112] = 6
    kinds = [
        ("png", ".png", True, lambda s: s, {}),
        ("png-grey", ".png", True, lambda s: s.convert("L"), {}),
        ("png-rgba", ".png", True, lambda s: s.convert("RGBA").rotate(3), {}),
        ("png-palette", ".png", True, lambda s: s.quantize(64), {}),
        ("png-grey16", ".png", True, grey16, {}),
        ("png-bilevel", ".png", True, lambda s: s.convert("1"), {}),
        ("webp-lossless", ".webp", True, lambda s: s, {"lossless": True}),
        ("webp", ".webp", False, lambda s: s, {"quality": 85}),
        ("jpeg", ".jpg", False, lambda s: s, {"quality": 90}),
        ("jpeg-444", ".jpg", False, lambda s: s, {"quality": 90, "subsampling": 0}),
        ("jpeg-grey", ".jpg", False, lambda s: s.convert("L"), {"quality": 90}),
        ("jpeg-progressive", ".jpg", False, lambda s: s, {"quality": 80, "progressive": True}),
        ("jpeg-rotated", ".jpg", False, lambda s: s, {"quality": 90, "exif": rotated}),
        ("jpeg-cmyk", ".jpg", False, lambda s: s.convert("CMYK"), {"quality": 95}),
    ]
    for kind, ending, exact, change, options in kinds:
        place = folder / kind
        place.mkdir(parents=True)
        files = [place / f"{number}{ending}" for number in range(len(scenes))]
        for picture, file in zip(scenes, files):
            change(picture).save(file, **options)
        yield kind, files, exact


def grey16(picture):
    return Image.fromarray(numpy.asarray(picture.convert("L")).astype(numpy.uint16) * 2)


def imagenet(file, size=224, filter=Image.Resampling.BILINEAR):
    """torchvision's Resize, CenterCrop and ToTensor in Pillow and NumPy, before the mean is taken off."""
    picture = Image.open(file).convert("RGB")
    width, height = picture.size
    short = int(size * 256 / 224 + 0.5)
    target = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    picture = picture.resize(target, filter)
    left, top = (int(round((extent - size) / 2)) for extent in picture.size)
    picture = picture.crop((left, top, left + size, top + size))
    return numpy.asarray(picture).astype(numpy.float32) / numpy.float32(255)


def letterbox(file, width, height):
    picture = Image.open(file).convert("RGB")
    ratio = min(width / picture.width, height / picture.height)
    inner = (int(round(picture.width * ratio)), int(round(picture.height * ratio)))
    frame = Image.new("RGB", (width, height), (114, 114, 114))
    inner_picture = picture.resize(inner, Image.Resampling.BILINEAR)
    frame.paste(inner_picture, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return numpy.asarray(frame).astype(numpy.float32) / numpy.float32(255)


def compare(tally, subject, what, made, wanted, unit, exact):
    """Count one comparison of tensors; differences are told in steps of a byte."""
    same_shape = made.shape == wanted.shape and made.dtype == wanted.dtype
    gap = numpy.abs(made.astype(float) - wanted.astype(float)) / unit if same_shape else numpy.array([math.inf])
    right = gap.max() < 1e-4 if exact else gap.mean() <= 1
    mark = tally.check(subject, what, right, f"mean {gap.mean():.4f}, most {gap.max():.4f} steps")
    tally.line(subject, what, f"{gap.mean():.4f}", f"{gap.max():.4f}", mark)


def check_pictures(tally, program, folder):
    custom = folder / "custom.toml"
    custom.write_text(
        "[[image]]\nshorter = { to = 128, filter = 'FILTER' }\n[[image]]\ncrop = { to = [112, 112] }\n"
        "[[image]]\nchannels = 'bgr'\n[[image]]\ndivide = 255\n"
    )
    for kind, files, exact in pictures(folder / "pictures"):
        count, place, out = len(files), files[0].parent, folder / "out"

        made = tensors(program, "imagenet", place, out, f"x:float32:{count}x3x224x224")["x"]
        wanted = numpy.stack([((imagenet(file) - MEAN) / STD).transpose(2, 0, 1) for file in files])
        compare(tally, kind, "imagenet", made, wanted, STEP / float(STD.mean()), exact)

        made = tensors(program, "letterbox-640", place, out, f"x:float32:{count}x640x640x3")["x"]
        compare(tally, kind, "letterbox-640", made, numpy.stack([letterbox(f, 640, 640) for f in files]), STEP, exact)

        made = tensors(program, "letterbox", place, out, f"x:float16:{count}x3x160x96")["x"]
        wanted = numpy.stack([letterbox(file, 96, 160).transpose(2, 0, 1) for file in files])
        compare(tally, kind, "letterbox, float16", made, wanted.astype(numpy.float16), STEP, exact)

    place = folder / "pictures" / "png"
    for name in ["nearest", "bilinear", "bicubic", "lanczos"]:
        recipe = folder / f"{name}.toml"
        recipe.write_text(custom.read_text().replace("FILTER", name))
        made = tensors(program, recipe, place, folder / "out", f"x:float32:{len(SIZES)}x3x112x112")["x"]
        files = sorted(place.iterdir())
        wanted = [imagenet(file, 112, getattr(Image.Resampling, name.upper())) for file in files]
        wanted = numpy.stack(wanted)[..., ::-1].transpose(0, 3, 1, 2)
        compare(tally, "png", f"{name}, bgr", made, wanted, STEP, exact=True)


def check_arrays(tally, program, folder):
    place, out = folder / "arrays", folder / "out"
    place.mkdir()
    arrays = [RANDOM.normal(size=(4, 5)).astype(numpy.float32) for _ in range(3)]
    for number, array in enumerate(arrays):
        numpy.save(place / f"{number}.npy", numpy.asfortranarray(array) if number == 1 else array)
    made = tensors(program, "raw", place, out, "x:float32:3x4x5")["x"]
    compare(tally, "npy", "raw", made, numpy.stack(arrays), 1, exact=True)
    for name, save in [("npz", numpy.savez), ("npz, compressed", numpy.savez_compressed)]:
        file = folder / "arrays.npz"
        ids, mask = RANDOM.integers(0, 9, (2, 7)), RANDOM.integers(0, 2, (2, 7)).astype(numpy.int32)
        save(file, ids=ids, mask=mask)
        made = tensors(program, "raw", file, out, "ids:int64:2x7", "mask:int32:2x7")
        compare(tally, name, "ids", made["ids"], ids, 1, exact=True)
        compare(tally, name, "mask", made["mask"], mask, 1, exact=True)


def resample(samples, rate, new):
    """The sum over all samples under the windowed sinc, straight from its formula (docs/data.md)."""
    common = math.gcd(rate, new)
    old_step, new_step = rate // common, new // common
    cutoff = min(old_step, new_step) * 0.99 / old_step
    places = numpy.arange(math.ceil(len(samples) * new_step / old_step)) * old_step / new_step
    t = (numpy.arange(len(samples))[None] - places[:, None]) * cutoff
    kernel = numpy.where(numpy.abs(t) < 6, cutoff * numpy.sinc(t) * numpy.cos(t * math.pi / 12) ** 2, 0)
    return kernel @ samples


def check_recordings(tally, program, folder):
    for rate, channels in [(16000, 1), (44100, 2), (8000, 1), (22050, 1), (48000, 2)]:
        frames = RANDOM.integers(-20000, 20000, (rate // 20, channels)).astype("<i2")
        file = folder / f"{rate}.wav"
        with wave.open(str(file), "wb") as writer:
            writer.setnchannels(channels)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            writer.writeframes(frames.tobytes())
        mono = frames.mean(axis=1) / 32768
        heard = mono if rate == 16000 else resample(mono, rate, 16000)
        wanted = numpy.zeros((1, 1000), numpy.float32)
        wanted[0, : len(heard)] = heard[:1000]
        made = tensors(program, "wav16k", file, folder / "out", "x:float32:1x1000")["x"]
        compare(tally, f"wav {rate} Hz", "wav16k", made, wanted, 1 / 32768, exact=False)


def check_tokens(tally, program, folder):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "tall", "tree", "grow", "##s"]
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = folder / "tokenizer.json"
    special = [
        {"id": n, "content": words[n], "special": True, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False}
        for n in range(4)
    ]  # fmt: skip
    tokenizer.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": numbers},
    }))  # fmt: skip
    texts = folder / "texts.txt"
    texts.write_text("A tall tree grows\n\nOaks\na a a a a a a a a\n")
    wanted = [
        ["[CLS]", "a", "tall", "tree", "grow", "##s", "[SEP]", "[PAD]"],
        ["[CLS]", "[UNK]", "[SEP]"] + ["[PAD]"] * 5,
        ["[CLS]", *["a"] * 6, "[SEP]"],
    ]
    ids = numpy.array([[numbers[word] for word in row] for row in wanted])
    names = ["input_ids", "attention_mask", "token_type_ids"]
    made = tensors(program, f"tokenizer:{tokenizer}", texts, folder / "out", *(f"{n}:int64:3x8" for n in names))
    for name, right in zip(names, [ids, (ids != 0).astype(ids.dtype), ids * 0]):
        compare(tally, "text", name, made[name], right, 1, exact=True)


def main():
    options = arguments(__doc__, "folder")
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    program = tensors_program()
    tally = Tally(("files", 17), ("recipe", 20), ("mean steps", -10), ("most", -9), ("", 6))
    for check in [check_pictures, check_arrays, check_recordings, check_tokens]:
        try:
            check(tally, program, options.folder)
        except Exception as error:  # whatever goes wrong is a failure of what is checked
            tally.failed(check.__name__, error)
    tally.close()


if __name__ == "__main__":
    main()
