// The pages that are looked at: how weigh makes each, and which sections it must have then.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { poisoned, TEXTS } from "./hostile.mjs";
import { embedded, saved, weigh, weighIn } from "./weigh.mjs";

/** Enough to draw; what the figures are worth is others' affair. */
const BRIEFLY = ["--processes", "2", "--min-time", "0.2", "--max-time", "20"];

/** A model with so many layers must open and sort swiftly. */
export const MANY_LAYERS = 10_000;

/** What every page ends with that is about a model, and what it has more where its symbols are free to grow. */
const END = ["coverage", "environment", "words"];
const FACTS = ["modules", "layers", "scaling", ...END];

/**
 * Every page. `make` gets the folder and the page's file and returns the arguments for weigh, or reports to render.
 * `sections` are all that it shows, in order.
 */
export const PAGES = [
  {
    name: "resnet50",
    isThorough: true,
    hasTable: true,
    about: "the ticket: facts and a short measurement",
    make: () => ["zoo:resnet50"],
    sections: ["headline", "latency", "roofline", "memory", ...FACTS],
  },
  {
    name: "batches",
    about: "a measurement at four batches",
    make: () => ["measure", "zoo:squeezenet1_0", "--batch", "1,2,4,8", ...BRIEFLY],
    sections: ["headline", "latency", "trade-off", "roofline", "memory", ...FACTS],
  },
  {
    name: "bert",
    isThorough: true,
    hasTable: true,
    about: "facts alone",
    make: () => ["inspect", "zoo:bert_base", "--dim", "seq=128"],
    sections: ["headline", "memory", ...FACTS],
  },
  {
    name: "symbols",
    about: "facts that are formulas",
    make: () => ["inspect", "zoo:bert_base"],
    sections: ["headline", "memory", ...FACTS],
  },
  {
    name: "comparison",
    isThorough: true,
    about: "five models beside each other",
    make: () => [
      "compare",
      ...["squeezenet1_0", "mobilenet_v2", "resnet50", "resnet18", "alexnet-2012"].map((n) => `zoo:${n}`),
      ...["--on", "t4"],
    ],
    sections: ["comparison", "headline", "roofline", "predictions", ...FACTS],
  },
  {
    name: "predictions",
    about: "times on devices that are not here",
    make: () => ["predict", "zoo:resnet50", "--on", "rtx-3090", "--batch", "1,8,32"],
    sections: ["headline", "roofline", "predictions", ...FACTS],
  },
  {
    name: "requirements",
    about: "requirements met, missed and unknown",
    make: () => ["check", "zoo:resnet18", "--require", "parameters<=12M", "--require", "macs<=1G"],
    sections: ["headline", "requirements", ...FACTS],
  },
  {
    name: "plan",
    about: "what serving a workload takes",
    make: () => ["plan", "zoo:resnet50", "--items", "1M/day", "--price", "2.50/h"],
    sections: ["headline", "requirements", "latency", "plan", ...FACTS],
  },
  {
    name: "advice",
    about: "what to change",
    make: () => ["advise", "zoo:vgg16", "--goal", "memory"],
    sections: ["headline", "advice", ...FACTS],
  },
  {
    name: "hostile-model",
    isHostile: true,
    about: "a model whose every name is hostile",
    make: (folder) => {
      const [texts, model] = [
        join(folder, "texts.json"),
        join(folder, `"><img src=x onerror=window.pwned=1>.onnx`),
      ];
      writeFileSync(texts, JSON.stringify(TEXTS));
      python("hostile", texts, model);
      return ["inspect", model];
    },
    sections: ["headline", "memory", "modules", "layers", ...END],
  },
  {
    name: "hostile-reports",
    isHostile: true,
    about: "reports of all kinds, every text in them hostile",
    make: (folder) => poisoned(ALL_KINDS.flatMap((name) => embedded(join(folder, `${name}.html`)))),
    sections: ["comparison", "headline", "latency", "roofline", "memory", ...FACTS],
  },
  {
    name: "large",
    about: `${MANY_LAYERS} layers`,
    make: (folder) => {
      const model = join(folder, "chain.onnx");
      python("chain", String(MANY_LAYERS), model);
      return ["inspect", model];
    },
    sections: ["headline", "memory", "modules", "layers", ...END],
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
    weighIn(folder, ...made, "--format", "html", "-o", `${entry.name}.html`);
  } else {
    writeFileSync(json, saved(made));
    weigh("render", json, "--format", "html", "-o", file);
  }
  const reports = embedded(file);
  writeFileSync(json, saved(reports));
  return { ...entry, file, json, reports };
}
