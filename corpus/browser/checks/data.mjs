// The data inside a page: what `--format json` says of the same reports, and the same bytes each time.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import { documents, weigh } from "../weigh.mjs";

export function checkData({ tally, entry }) {
  const told = documents(weigh("render", entry.json, "--format", "json"));
  tally.check(
    "data equals `--format json`",
    isDeepStrictEqual(told, entry.reports),
    difference(told, entry.reports),
  );

  const first = readFileSync(entry.file, "utf8");
  const again = weigh("render", entry.json, "--format", "html");
  tally.check(
    "rendered from its own data, the page is the same",
    again === first,
    firstDifference(again, first),
  );
  tally.equal(
    "rendered twice, the page is the same",
    weigh("render", entry.json, "--format", "html") === again,
    true,
  );
}

/** The path to the first value in which two documents differ. */
function difference(a, b, path = "") {
  if (isDeepStrictEqual(a, b)) {
    return "";
  }
  if (a && b && typeof a === "object" && typeof b === "object") {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const key = keys.find((key) => !isDeepStrictEqual(a[key], b[key]));
    return difference(a[key], b[key], `${path}/${key}`);
  }
  return `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
}

function firstDifference(a, b) {
  let at = 0;
  while (at < a.length && a[at] === b[at]) {
    at += 1;
  }
  return `byte ${at}: ${JSON.stringify(a.slice(at, at + 60))} and ${JSON.stringify(b.slice(at, at + 60))}`;
}
