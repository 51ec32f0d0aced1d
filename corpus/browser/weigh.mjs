// Calling the weigh binary, and taking the data out of a page that it wrote.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A requirement that is not met is a result. */
const RESULTS = [0, 1];

/** Run weigh and return what it wrote to standard output. */
export const weigh = (...args) => weighAs({ cwd: process.cwd(), home: "/nowhere" }, ...args);

/** The same in a folder, so that commands name files as people do, and with a home where it keeps what it measured. */
export function weighAs({ cwd, home }, ...args) {
  const options = { cwd, encoding: "utf8", maxBuffer: 2 ** 30, timeout: 600_000 };
  const env = { ...process.env, XDG_CONFIG_HOME: join(home, "config"), XDG_DATA_HOME: join(home, "data") };
  const done = spawnSync(process.env.WEIGH ?? "weigh", args, { ...options, env });
  if (done.error || !RESULTS.includes(done.status)) {
    const why = done.error?.message ?? done.stderr.trim().slice(0, 500);
    throw new Error(`weigh ${args.join(" ").slice(0, 200)}: exit ${done.status}: ${why}`);
  }
  return done.stdout;
}

/** The reports in what `--format json` wrote: documents one after the other, closed by a brace at a line's begin. */
export function documents(text) {
  return text
    .split(/(?<=^\}\n)/m)
    .filter((document) => document.trim())
    .map((document) => JSON.parse(document));
}

/** Reports as `--format json` would have saved them. */
export function saved(reports) {
  return reports.map((report) => `${JSON.stringify(report, null, 2)}\n`).join("");
}

const DATA = /<script type="application\/json" id="weigh-reports"([^>]*)>([^<]*)<\/script>/g;

/** The reports inside a page, read as a parser of HTML would: up to the first `</script`. */
export function embedded(file) {
  const found = [...readFileSync(file, "utf8").matchAll(DATA)];
  if (found.length !== 1) {
    throw new Error(`${file} holds ${found.length} elements of data`);
  }
  const [, attributes, content] = found[0];
  if (attributes.includes('data-encoding="gzip"')) {
    return JSON.parse(gunzipSync(Buffer.from(content.trim(), "base64")).toString("utf8"));
  }
  return JSON.parse(content);
}
