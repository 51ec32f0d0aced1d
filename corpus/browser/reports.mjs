// The pages that are looked at: how weigh makes each, and which sections it must have then.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { poisoned, TEXTS } from "./hostile.mjs";
import { embedded, saved, weigh } from "./weigh.mjs";

/** Enough to draw; what the figures are worth is others' affair. */
const BRIEFLY = ["--processes", "2", "--min-time", "0.2", "--max-time", "2"];

/** A model with so many layers must open and sort swiftly. */
export const MANY_LAYERS = 10_000;

const FACTS = ["headline", "roofline", "memory", "modules", "layers"];

/**
 * Every page. `make` gets the folder and the page's file and returns the arguments for weigh, or reports to render.
 * `sections` are all that it shows, in order.
 */
export const PAGES = [
  {
    name: "resnet50",
    about: "the ticket: facts and a short measurement",
    make: () => ["zoo:resnet50"],
    sections: ["headline", "latency", "roofline", "memory", "modules", "layers", "scaling", "environment"],
  },
  {
    name: "batches",
    about: "a measurement at four batches",
    make: () => ["measure", "zoo:squeezenet1_0", "--batch", "1,2,4,8", ...BRIEFLY],
    sections: ["headline", "latency", "trade-off", "memory", "modules", "layers", "scaling", "environment"],
  },
  {
    name: "bert",
    about: "facts alone",
    make: () => ["inspect", "zoo:bert_base", "--dim", "seq=128"],
    sections: [],
  },
  {
    name: "symbols",
    about: "facts that are formulas",
    make: () => ["inspect", "zoo:bert_base"],
    sections: ["headline", "memory", "modules", "layers", "scaling"],
  },
  {
    name: "comparison",
    about: "five models beside each other",
    make: () => ["compare", ...["squeezenet1_0", "mobilenet_v2", "resnet50", "resnet18", "alexnet-2012"].map((n) => `zoo:${n}`)],
    sections: ["headline", "comparison", ...FACTS.slice(2)],
  },
  {
    name: "predictions",
    about: "times on devices that are not here",
    make: () => ["predict", "zoo:resnet50", "--on", "rtx-3090", "--batch", "1,8,32"],
    sections: [],
  },
  {
    name: "requirements",
    about: "requirements met, missed and unknown",
    make: () => ["check", "zoo:resnet18", "--require", "parameters<=12M", "--require", "macs<=1G"],
    sections: [],
  },
  {
    name: "plan",
    about: "what serving a workload takes",
    make: () => ["plan", "zoo:resnet50", "--items", "1M/day", "--price", "2.50/h"],
    sections: [],
  },
  {
    name: "advice",
    about: "what to change",
    make: () => ["advise", "zoo:vgg16", "--goal", "memory"],
    sections: [],
  },
  {
    name: "hostile-model",
    hostile: true,
    about: "a model whose every name is hostile",
    make: (folder) => {
      const [texts, model] = [join(folder, "texts.json"), join(folder, `"><img src=x onerror=window.pwned=1>.onnx`)];
      writeFileSync(texts, JSON.stringify(TEXTS));
      python("hostile", texts, model);
      return ["inspect", model];
    },
    sections: [],
  },
  {
    name: "hostile-reports",
    hostile: true,
    about: "reports of all kinds, every text in them hostile",
    make: (folder) => poisoned(ALL_KINDS.flatMap((name) => embedded(join(folder, `${name}.html`)))),
    sections: [],
  },
  {
    name: "large",
    about: `${MANY_LAYERS} layers`,
    make: (folder) => {
      const model = join(folder, "chain.onnx");
      python("chain", String(MANY_LAYERS), model);
      return ["inspect", model];
    },
    sections: [],
  },
];

/** The pages whose reports become hostile together: of each kind one. */
const ALL_KINDS = ["resnet50", "batches", "comparison", "predictions", "requirements", "plan", "advice"];

function python(...args) {
  const script = new URL("models.py", import.meta.url).pathname;
  const done = spawnSync(process.env.PYTHON ?? "python3", [script, ...args], { encoding: "utf8" });
  if (done.error || done.status !== 0) {
    throw new Error(`models.py ${args[0]}: ${done.error?.message ?? done.stderr.slice(-500)}`);
  }
}

/** Make a page in the folder; its file, its reports as the page holds them, and where those are saved. */
export function make(entry, folder) {
  mkdirSync(folder, { recursive: true });
  const [file, json] = [join(folder, `${entry.name}.html`), join(folder, `${entry.name}.json`)];
  const made = entry.make(folder);
  if (typeof made[0] === "string") {
    weigh(...made, "--format", "html", "-o", file);
  } else {
    writeFileSync(json, saved(made));
    weigh("render", json, "--format", "html", "-o", file);
  }
  const reports = embedded(file);
  writeFileSync(json, saved(reports));
  return { ...entry, file, json, reports };
}
