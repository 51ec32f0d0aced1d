// Amounts as text: few digits and the unit that suits them, as the command prints them.

/** `value` with that many significant digits and no exponent. */
function significant(value, digits) {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const exponent = Number(value.toExponential(Math.max(digits - 1, 0)).split("e")[1]);
  return value.toFixed(Math.min(Math.max(digits - 1 - exponent, 0), 100));
}

/** The same number without zeros behind the last digit that counts: `60 G` for `60.00 G`. */
function withoutZeros(text) {
  return text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
}

function scaled(value, base, prefixes) {
  let step = 0;
  let rest = value;
  while (Math.abs(Number(significant(rest, 4))) >= base && step + 1 < prefixes.length) {
    rest /= base;
    step += 1;
  }
  return significant(rest, 4) + prefixes[step];
}

/** A count with an SI prefix: `4.089 G`. */
function si(value) {
  if (Math.abs(value) < 10000 && Number.isInteger(value)) return String(value);
  return scaled(value, 1000, ["", " k", " M", " G", " T", " P", " E"]);
}

/** Bytes with an IEC prefix: `97.49 MiB`. */
function bytes(value) {
  if (Math.abs(value) < 1024 && Number.isInteger(value)) return `${value} B`;
  return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]);
}

const TIME_UNITS = [
  [2 * 86400e3, 86400e3, "days"],
  [2 * 3600e3, 3600e3, "h"],
  [120e3, 60e3, "min"],
  [1e3, 1e3, "s"],
  [1, 1, "ms"],
  [1e-3, 1e-3, "µs"],
  [0, 1e-6, "ns"],
];

/** The unit in which a time in milliseconds is shown: how many milliseconds it has, and its name. */
function timeUnit(ms) {
  if (ms === 0) return [1, "ms"];
  const [, size, name] = TIME_UNITS.find(([least]) => Math.abs(ms) >= least);
  return [size, name];
}

/** A time given in milliseconds: `59.7 ms`. */
function time(ms) {
  const [size, unit] = timeUnit(ms);
  return `${significant(ms / size, 3)} ${unit}`;
}

/** Numbers with the fewest decimals, and at least three digits of the first, that tell unequal ones apart. */
function apart(values) {
  const least = (significant(values[0], 3).split(".")[1] || "").length;
  for (let decimals = least; decimals < least + 3; decimals += 1) {
    const texts = values.map((value) => value.toFixed(decimals));
    if (texts.every((text, at) => at === 0 || text !== texts[0] || values[at] === values[0])) return texts;
  }
  return values.map((value) => value.toFixed(least + 3));
}

/** What stands for an interval that says nothing: its ends are more than a factor of a hundred apart. */
const TOO_WIDE = "[interval too wide to use]";

const isTooWide = ([low, high]) => high > 100 * Math.max(low, 0);

/** An interval around a time, in the unit of the time: `[59.1, 60.4]`. */
function timeInterval(ms, interval) {
  if (!interval) return "";
  if (isTooWide(interval)) return TOO_WIDE;
  const [size] = timeUnit(ms);
  const [, low, high] = apart([ms, ...interval].map((value) => value / size));
  return `[${low}, ${high}]`;
}

/** A rate of any size: `16.7`, `12.35 k`. */
function rate(perSecond) {
  return Math.abs(perSecond) >= 10000 ? si(perSecond) : apart([perSecond])[0];
}

function rateInterval(perSecond, interval) {
  if (!interval) return "";
  if (isTooWide(interval)) return TOO_WIDE;
  if (Math.abs(perSecond) >= 10000) return `[${si(interval[0])}, ${si(interval[1])}]`;
  const [, low, high] = apart([perSecond, ...interval]);
  return `[${low}, ${high}]`;
}

/** A share of a whole: `5.7 %`. */
function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

function prefixed(value, unit, prefixes) {
  const [prefix, factor] =
    value === 0
      ? ["", 1]
      : prefixes.find(([, size]) => Math.abs(value) >= size) || prefixes[prefixes.length - 1];
  return `${significant(value / factor, 3)} ${prefix}${unit}`;
}

/** An energy in joules: `412 mJ`. */
function joules(value) {
  return prefixed(value, "J", [
    ["M", 1e6],
    ["k", 1e3],
    ["", 1],
    ["m", 1e-3],
    ["µ", 1e-6],
  ]);
}

function watts(value) {
  return prefixed(value, "W", [
    ["k", 1e3],
    ["", 1],
    ["m", 1e-3],
    ["µ", 1e-6],
  ]);
}

/** Money: `$0.0042`, `$2.50`, `$12,345`. */
function dollars(value) {
  const amount = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (amount >= 1000) return `${sign}$${amount.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",")}`;
  if (amount >= 1 || amount === 0) return `${sign}$${amount.toFixed(2)}`;
  return `${sign}$${significant(amount, 2)}`;
}

/** Operations a second: `1.035 TFLOPS`. */
function flopsPerSecond(value) {
  const text = si(value);
  return text.includes(" ") ? `${text}FLOPS` : `${text} FLOPS`;
}

/** Bytes a second with SI prefixes, as datasheets have them: `21.70 GB/s`. */
function bytesPerSecond(value) {
  const text = si(value);
  return text.includes(" ") ? `${text}B/s` : `${text} B/s`;
}

function many(count, thing) {
  const plural = thing.endsWith("s") ? "es" : "s";
  return `${count} ${thing}${count === 1 ? "" : plural}`;
}
