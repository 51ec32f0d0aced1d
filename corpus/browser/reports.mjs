// The pages that are looked at: how weigh makes each, and which sections it must have then.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { poisoned, TEXTS } from "./hostile.mjs";
import { documents, embedded, saved, weigh, weighAs } from "./weigh.mjs";

/** Enough to draw; what the figures are worth is others' affair. */
const BRIEFLY = ["--processes", "2", "--min-time", "0.2", "--max-time", "20"];

const SMALL = "zoo:squeezenet1_0";

/** What a search for the highest rate finds in some minutes. */
const RATES_TRIED = {
  requirement: "p99<=200ms",
  highest_rate: 11.3,
  lowest_missed: 16,
  ended: "narrow enough",
  probes: [
    { rate: 8, rate_achieved: 8.02, queries: 662, over: 0, value_ms: 121, status: "met" },
    { rate: 16, rate_achieved: 13.9, queries: 662, over: 590, value_ms: 5120, status: "missed" },
    { rate: 11.3, rate_achieved: 11.2, queries: 662, over: 1, value_ms: 188, status: "met" },
    { rate: 13.5, queries: 662, status: "unknown", void: "the load generator was late" },
  ],
};

/** A model with so many layers must open and sort swiftly. */
export const MANY_LAYERS = 10_000;

/** What every page ends with that is about a model, and what it has more where its symbols are free to grow. */
const BARE_END = ["environment", "words"];
const END = ["coverage", ...BARE_END];
const FACTS = ["modules", "layers", "scaling", ...END];

/**
 * Every page. `make` gets the folder and weigh to be run there, with a home of the page's own, and returns the arguments
 * for it, or reports to render. `sections` are all that it shows, in order.
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
    make: () => ["measure", SMALL, "--batch", "1,2,4,8", ...BRIEFLY],
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
    sections: ["headline", "requirements", "plan", "latency", ...FACTS],
  },
  {
    name: "advice",
    about: "what to change",
    make: () => ["advise", "zoo:vgg16", "--goal", "memory"],
    sections: ["headline", "advice", ...FACTS],
  },
  {
    name: "explained",
    about: "on a calibrated machine, from the least time to the measured one",
    make: (_, run) => {
      run("hardware", "calibrate", "--threads", "1");
      return ["measure", "zoo:mobilenet_v2", "--explain", "--threads", "1", ...BRIEFLY];
    },
    sections: ["headline", "latency", "waterfall", "roofline", "memory", ...FACTS],
  },
  {
    name: "versus",
    about: "two models measured in turns",
    make: () => ["measure", SMALL, "--versus", "zoo:mobilenet_v2", ...BRIEFLY],
    sections: ["headline", "versus", "latency", ...FACTS],
  },
  {
    name: "load",
    about: "under load, and the rates that a server was tried at",
    make: (_, run) => {
      const options = ["--scenario", "single-stream", ...BRIEFLY, "--format", "json"];
      const reports = documents(run("measure", SMALL, ...options));
      reports[0].measurements[0].scenario.slo = RATES_TRIED;
      return reports;
    },
    sections: ["headline", "latency", "load", ...FACTS],
  },
  {
    name: "history",
    about: "what was measured before",
    make: (_, run) => {
      for (let times = 0; times < 5; times += 1) {
        run("measure", SMALL, "--save", ...BRIEFLY);
      }
      return ["history", SMALL];
    },
    sections: ["history", ...BARE_END],
  },
  {
    name: "training",
    about: "the memory of training, with checkpoints",
    make: () => ["inspect", "zoo:resnet18", "--training"],
    sections: ["headline", "memory", "training", ...FACTS],
  },
  {
    name: "layer-changes",
    about: "two models, layer by layer",
    make: () => ["compare", "zoo:resnet18", "zoo:resnet34", "--layers"],
    sections: ["comparison", "layer-changes", "headline", ...FACTS],
  },
  {
    name: "quantized",
    about: "weights in fewer bits",
    make: (_, run) => {
      const options = ["--weights", "int8", "--check", "--output", "small.onnx", "--format", "json"];
      return documents(run("quantize", SMALL, ...options));
    },
    sections: ["quantization", "environment"],
  },
  {
    name: "conventions",
    about: "what other tools would count",
    make: () => ["inspect", SMALL, "--reconcile"],
    sections: ["headline", "memory", "modules", "layers", "scaling", "conventions", ...END],
  },
  {
    name: "devices",
    about: "the devices there are",
    make: () => ["hardware", "list"],
    sections: ["devices", ...BARE_END],
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
    sections: ["comparison", "layer-changes", "headline", "latency", "roofline", "memory", ...FACTS],
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
const ALL_KINDS = [
  ...["resnet50", "batches", "comparison", "predictions", "requirements", "plan", "advice", "explained"],
  ...["versus", "load", "history", "training", "layer-changes", "quantized", "conventions", "devices"],
];

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
  const home = join(folder, "homes", entry.name);
  rmSync(home, { recursive: true, force: true });
  const run = (...args) => weighAs({ cwd: folder, home }, ...args);
  const made = entry.make(folder, run);
  if (typeof made[0] === "string") {
    run(...made, "--format", "html", "-o", `${entry.name}.html`);
  } else {
    writeFileSync(json, saved(made));
    weigh("render", json, "--format", "html", "-o", file);
  }
  const reports = embedded(file);
  writeFileSync(json, saved(reports));
  return { ...entry, file, json, reports };
}
