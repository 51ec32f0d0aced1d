// Formulas as reports write them: integers, symbols, + - * ** // and min(), max(). Read and worked out without running
// anything.

/** The formula as a function of its symbols' values; null where it cannot be read. */
function compile(text) {
  const tokens = String(text).match(/\*\*|\/\/|[-+*(),]|\d+|[^\s\-+*/(),]+/g) || [];
  let at = 0;
  const next = (token) => (tokens[at] === token ? ((at += 1), true) : false);
  const expect = (token) => {
    if (!next(token)) throw new SyntaxError(`no ${token}`);
  };

  function sum() {
    let left = product();
    for (;;) {
      const first = left;
      if (next("+")) {
        const second = product();
        left = (of) => first(of) + second(of);
      } else if (next("-")) {
        const second = product();
        left = (of) => first(of) - second(of);
      } else return left;
    }
  }
  function product() {
    let left = signed();
    for (;;) {
      const first = left;
      if (next("*")) {
        const second = signed();
        left = (of) => first(of) * second(of);
      } else if (next("//")) {
        const second = signed();
        left = (of) => Math.floor(first(of) / second(of));
      } else return left;
    }
  }
  function signed() {
    if (next("-")) {
      const inner = signed();
      return (of) => -inner(of);
    }
    return power();
  }
  function power() {
    const base = atom();
    if (!next("**")) return base;
    const exponent = signed();
    return (of) => base(of) ** exponent(of);
  }
  function atom() {
    if (next("(")) {
      const inner = sum();
      expect(")");
      return inner;
    }
    const token = tokens[at];
    at += 1;
    if (token === undefined) throw new SyntaxError("ended");
    if (/^\d+$/.test(token)) {
      const value = Number(token);
      return () => value;
    }
    if ((token === "min" || token === "max") && next("(")) {
      const operands = [sum()];
      while (next(",")) operands.push(sum());
      expect(")");
      return (of) => Math[token](...operands.map((operand) => operand(of)));
    }
    return (of) => (Object.hasOwn(of, token) ? of[token] : NaN);
  }

  try {
    const formula = sum();
    return at === tokens.length ? formula : null;
  } catch {
    return null;
  }
}
