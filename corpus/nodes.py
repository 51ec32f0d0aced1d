"""weigh against the onnx package's own node cases: shapes and element types of every output, and multiply-accumulates.

Usage: nodes.py FOLDER [--update-docs] [--weigh PATH]

Each case is written twice without the shapes of its outputs (node_cases.py) and inspected:

    fixed     every output is what the case says it is, or is unknown for a reason in node_reasons.py
    symbolic  the formulas of the extents give the case's extents where they have no other symbols

and where a matrix-like operator is executed, the multiply-accumulates are those of the real tensors (mac_oracle.py),
in numbers and as a formula. An operator and the function that defines it (`_expanded`) take equally many.

The outputs that no static analysis can tell are listed in docs/unknown.md; --update-docs writes it.
"""

import collections
import pathlib

import mac_oracle
import node_cases
from harness import Tally, arguments, evaluate, inspect_all
from mac_oracle import CONTRACTIONS
from node_reasons import UNKNOWN, UNPRICED, Reason

CASES = 1884
"""How many cases onnx 1.23.2 has."""

DOCS = pathlib.Path(__file__).parent.parent / "docs" / "unknown.md"

RIGHT, UNKNOWN_EXTENT, WRONG = range(3)
WORDS = ("right", "unknown", "wrong")


def resolve(formula, symbols):
    """The value of an extent or a count, None where it has symbols that no input has."""
    try:
        return evaluate(formula, **symbols)
    except NameError:
        return None


def judge(got, want, symbols):
    """How an output of a report compares with what it really is."""
    if want is None:
        return RIGHT
    if isinstance(want, list):
        members = got.get("members")
        if members is None:
            return UNKNOWN_EXTENT
        if len(members) != len(want):
            return WRONG
        return max((judge(*pair, symbols) for pair in zip(members, want)), default=RIGHT)
    dtype, shape = want
    if got["dtype"] != dtype:
        return WRONG if got["dtype"] else UNKNOWN_EXTENT
    if got["shape"] is None:
        return UNKNOWN_EXTENT
    if len(got["shape"]) != len(shape):
        return WRONG
    extents = [(resolve(extent, symbols), real) for extent, real in zip(got["shape"], shape)]
    if any(extent not in (None, real) for extent, real in extents):
        return WRONG
    return UNKNOWN_EXTENT if any(extent is None for extent, _ in extents) else RIGHT


def judged(report, case, symbols):
    """(name, verdict, what weigh says, what is real) of every output of a case."""
    outputs = {output["name"]: output for output in report["model"]["outputs"]}
    for name, want in case.expected():
        got = outputs.get(name, {"dtype": None, "shape": None})
        yield name, judge(got, want, symbols), got, want


def reason_of(case, reasons):
    return next((reason for reason in reasons if reason.explains(case)), None)


def check_fixed(tally, cases, reports, used):
    """Outputs and prices with all shapes given; returns the verdicts."""
    verdicts = collections.Counter()
    for case, report in zip(cases, reports, strict=True):
        check_sane(tally, case, report, "fixed")
        for name, verdict, got, want in judged(report, case, {}):
            verdicts[verdict] += 1
            reason = reason_of(case, UNKNOWN) if verdict == UNKNOWN_EXTENT else None
            used[reason] += reason is not None
            tally.check(case.name, f"output {name}", verdict == RIGHT or reason, f"weigh says {got}, it is {want}")
        blind = report["coverage"]["unknown"]
        for entry in blind:
            reason = next((r for r in UNPRICED if r.operator == entry["op"]), None)
            used[reason] += reason is not None
            tally.check(case.name, "price", reason, f"no price for {entry}")
    return verdicts


def check_symbolic(tally, cases, reports, bindings):
    """Outputs with a symbol for every extent; returns the verdicts."""
    verdicts = collections.Counter()
    for case, report, symbols in zip(cases, reports, bindings, strict=True):
        check_sane(tally, case, report, "symbolic")
        for name, verdict, got, want in judged(report, case, symbols):
            verdicts[verdict] += 1
            said = f"weigh says {got} where {symbols}, it is {want}"
            tally.check(case.name, f"symbolic output {name}", verdict != WRONG, said)
    return verdicts


def check_sane(tally, case, report, way):
    wrong = [found for found in report["diagnostics"] if found["severity"] == "error"]
    tally.check(case.name, f"{way} diagnostics", not wrong, wrong)


def check_macs(tally, cases, fixed, symbolic, bindings):
    """Multiply-accumulates in numbers and as formulas; returns the verdicts of both."""
    numbers, formulas, counted = collections.Counter(), collections.Counter(), {}
    for case, number, formula, symbols in zip(cases, fixed, symbolic, bindings, strict=True):
        if not any(node.op_type in CONTRACTIONS for node in case.nodes):
            continue
        counted[case.name] = want = mac_oracle.macs(case.model, case.inputs)
        for way, report, verdicts in (("fixed", number, numbers), ("symbolic", formula, formulas)):
            got = resolve(report["totals"]["macs"], symbols)
            known = got is not None and not report["coverage"]["unknown"]
            right = got == want if known or way == "fixed" else True
            verdicts[(RIGHT if right else WRONG) if known else UNKNOWN_EXTENT] += 1
            tally.check(case.name, f"{way} MACs", right, f"weigh says {report['totals']['macs']}, counted {want:,}")
    for name, count in counted.items():
        for other in (other for other in counted if other.startswith(f"{name}_expanded")):
            tally.equal(name, f"oracle, compared with {other}", counted[other], count)
    return numbers, formulas


def table(used):
    """docs/unknown.md."""
    rows = [f"| {r.operator} | {used[r]} | {r.text} |" for r in UNKNOWN if used[r]]
    costs = [f"| {r.operator} | {used[r]} | {r.text} |" for r in UNPRICED if used[r]]
    return DOCUMENT.format(cases=CASES, outputs=sum(used[r] for r in UNKNOWN), rows="\n".join(rows), costs="\n".join(costs))


DOCUMENT = """\
# What no static analysis can tell

`cargo xtask corpus nodes` inspects the {cases:,} node cases of the onnx package with the shapes of their outputs
removed and everything that may decide a shape stored in the file. weigh knows every extent of every output, but for
the {outputs} outputs below, whose extents depend on values that only a run sees. The check writes this page with
`python corpus/nodes.py FOLDER --update-docs`, and fails when it is out of date or a row has no case.

| operator | outputs | why |
| --- | ---: | --- |
{rows}

In the same way the cost of a node can depend on values:

| operator | cases | why |
| --- | ---: | --- |
{costs}
"""


def check_docs(tally, used, update):
    text = table(used)
    if update:
        DOCS.write_text(text)
    tally.check(DOCS.name, "up to date", DOCS.exists() and DOCS.read_text() == text, "run nodes.py with --update-docs")
    for reason in [*UNKNOWN, *UNPRICED]:
        tally.check(DOCS.name, f"{reason.operator}: {reason.text}", used[reason], "no case needs this reason")


def main():
    options = arguments(__doc__, "folder", switches=[("update-docs", f"write {DOCS.name}")])
    cases = node_cases.collect()
    ways = {way: options.folder / way for way in ("fixed", "symbolic")}
    for folder in ways.values():
        folder.mkdir(parents=True, exist_ok=True)
    paths = {way: [folder / f"{case.name}.onnx" for case in cases] for way, folder in ways.items()}
    bindings = []
    for case, fixed, symbolic in zip(cases, paths["fixed"], paths["symbolic"]):
        node_cases.write(node_cases.fixed(case), fixed)
        model, symbols = node_cases.symbolic(case)
        node_cases.write(model, symbolic)
        bindings.append(symbols)
    fixed, symbolic = (inspect_all(options.weigh, paths[way]) for way in ways)

    tally = Tally(("compared", 20), *((word, -8) for word in WORDS))
    tally.check("node cases", "count", len(cases) == CASES, f"{len(cases)}, expected {CASES}")
    used = collections.Counter()
    show = lambda title, verdicts: tally.line(title, *(f"{verdicts[v]:,}" for v in range(len(WORDS))))
    show("outputs", check_fixed(tally, cases, fixed, used))
    show("symbolic outputs", check_symbolic(tally, cases, symbolic, bindings))
    numbers, formulas = check_macs(tally, cases, fixed, symbolic, bindings)
    show("MACs", numbers)
    show("symbolic MACs", formulas)
    check_docs(tally, used, options.update_docs)
    tally.close()


if __name__ == "__main__":
    main()
