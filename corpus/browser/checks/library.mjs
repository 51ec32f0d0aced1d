// The chart library that pages carry: the file of its package, byte for byte.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = new URL("../../../crates/weigh-report/src/render/html/page/vendor/", import.meta.url);

export function checkLibrary(tally) {
  const packed = join(process.env.BROWSER_PACKAGES ?? ".", "node_modules/echarts");
  const { version } = JSON.parse(readFileSync(join(packed, "package.json"), "utf8"));
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".js"));
  tally.equal("the version of the chart library", names, [`echarts-${version}.min.js`]);
  const same = (ours, theirs) =>
    readFileSync(new URL(ours, FOLDER)).equals(readFileSync(join(packed, theirs)));
  tally.check("the chart library is that of its package", same(names[0], "dist/echarts.min.js"));
  tally.check("its licence stands beside it", same("LICENSE", "LICENSE") && same("NOTICE", "NOTICE"));
}
