// Counts checks, prints a line per page, and closes with the score as the Python scripts do.

export class Tally {
  #passed = 0;
  #failures = [];
  #subject = "";
  #before = 0;

  /** Name what the following checks are about. */
  begin(subject) {
    this.#subject = subject;
    this.#before = this.#passed;
  }

  /** Count one check. The detail is shown where it fails. */
  check(what, right, detail = "") {
    if (right) {
      this.#passed += 1;
    } else {
      this.#failures.push(`${this.#subject}: ${what}${detail && ": "}${shown(detail)}`);
    }
    return right;
  }

  /** Count one comparison of values that JSON can write. */
  equal(what, got, wanted) {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    return this.check(what, a === b, `is ${a}, expected ${b}`);
  }

  /** Count a check that came to no end. */
  failed(what, error) {
    this.check(what, false, error?.stack ?? error);
  }

  /** Print a line about what was checked since `begin`. */
  line(note) {
    const failed = this.#failures.filter((failure) => failure.startsWith(`${this.#subject}: `)).length;
    const cells = [this.#subject.padEnd(16), String(this.#passed - this.#before).padStart(4), "passed"];
    console.log(...cells, failed ? `${String(failed).padStart(4)} FAILED` : "", note);
  }

  /** Print failures and score; the exit code that belongs to them. */
  close() {
    this.#failures.forEach((failure) => console.log("FAILED", failure));
    console.log(`${this.#passed} passed, ${this.#failures.length} failed`);
    return this.#failures.length ? 1 : 0;
  }
}

/** What is hostile must not write to the terminal either. */
function shown(detail) {
  const text = String(detail).replace(/[^\n\x20-\x7e]/g, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  return text.length > 1500 ? `${text.slice(0, 1500)}...` : text;
}
