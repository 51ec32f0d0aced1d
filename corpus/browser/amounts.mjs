// Amounts as the page shows them, read back as numbers.

const UNITS = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
  EiB: 2 ** 60,
  ns: 1e-6,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  min: 60e3,
  h: 3600e3,
  days: 86400e3,
  "%": 0.01,
  "FLOP/B": 1,
};

/** The number that a text is, in bytes, milliseconds or plainly; null where it is none: a formula, a question mark. */
export function amount(text) {
  const found = text.trim().match(/^(?:≥ )?(-?[\d.]+)(?: (\S+))?(?: \*)?$/);
  if (!found) {
    return null;
  }
  const [, digits, unit = ""] = found;
  // What has no factor is the name of what is counted: `16.7 samples/s`.
  return Number(digits) * (UNITS[unit] ?? 1);
}

/** Whether a shown amount is a number, but for the digits that were left out. */
export function shows(text, value, digits = 3) {
  const read = amount(text);
  return read !== null && Math.abs(read - value) <= Math.abs(value) * 0.5001 * 10 ** (1 - digits);
}
