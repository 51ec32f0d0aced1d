"""Compare a model with itself, and with one that is known to be slower, many times over.

Usage: versus.py FOLDER [--weigh BINARY]

Of 40 comparisons of a model with itself at most 2 may be called different; of 10 comparisons of batch 10 with batch 11,
a planted tenth, at least 9 must be called slower. Not part of the usual run: it takes a quarter of an hour on a
machine that does nothing else.
"""

import json

import harness

MODEL, ALIKE, PLANTED = "squeezenet1_0", 40, 10
EFFORT = "--processes", "5", "--min-time", "1.5"


def compare(binary, model, *args):
    report = json.loads(harness.weigh(binary, "measure", model, *args, *EFFORT, "--format", "json"))
    return report["comparisons"][0]


def row(tally, name, turn, found):
    low, high = found["ci"] or (float("nan"), float("nan"))
    tally.line(name, turn, f"{found['ratio']:.4f}", f"{low:.4f} to {high:.4f}", f"{found['detectable']:.2%}", found["verdict"])


def main():
    args = harness.arguments(__doc__, "folder")
    args.folder.mkdir(parents=True, exist_ok=True)
    model = args.folder / f"{MODEL}.onnx"
    if not model.exists():
        harness.weigh(args.weigh, "zoo", "write", MODEL, "--weights", "random", "-o", model)
    tally = harness.Tally(
        ("comparison", 22), ("no.", -4), ("ratio", -8), ("95 % interval", 18), ("could see", -9), ("verdict", 10)
    )
    verdicts = []
    for turn in range(ALIKE):
        found = compare(args.weigh, model, "--versus", model, "--seed", turn)
        row(tally, "with itself", turn + 1, found)
        verdicts.append(found["verdict"])
    different = sum(verdict in ("faster", "slower") for verdict in verdicts)
    tally.check(MODEL, "with itself", different <= 2, f"{different} of {ALIKE} called different")
    seen = 0
    for turn in range(PLANTED):
        found = compare(args.weigh, model, "--batch", "10,11", "--seed", turn, "--versus")
        row(tally, "batch 10 with batch 11", turn + 1, found)
        seen += found["verdict"] == "slower"
    tally.check(MODEL, "batch 10 with batch 11", seen >= PLANTED - 1, f"{seen} of {PLANTED} seen")
    print(f"with itself: {different} of {ALIKE} called different; a planted tenth: {seen} of {PLANTED} seen")
    tally.close()


if __name__ == "__main__":
    main()
