// Chapter 2: three scores, the softmax, the loss and its gradient, in float32.
// Math.fround rounds to the nearest float32, as NumPy's arrays do.
"use strict";

live.softmax32 = (scores, y, shift) => {
  const f = Math.fround;
  const moved = scores.map((score) => f(f(score) - f(shift)));
  const exps = moved.map((score) => f(Math.exp(score)));
  const sum = exps.reduce((a, b) => f(a + b));
  const probs = exps.map((value) => f(value / sum));
  return { moved, exps, probs, loss: f(-f(Math.log(probs[y]))), stableLoss: f(f(Math.log(sum)) - moved[y]) };
};

live.figures.softmax = ({ scores, correct }) => {
  const { element, number } = live;
  const own = [...scores];
  let common = 0;
  const table = element("div", { className: "live-wide" });
  const words = live.words();

  const size = (value) => (value > 0 && (value < 0.0001 || value >= 1e6) ? value.toExponential(2).replace("-", "\u2212") : number(value));
  const show = (value) => (Number.isFinite(value) ? size(value) : element("strong", { className: "live-bad" }, number(value)));
  // A bar from 0 to 1, or with a sign, from -1 to 1 and starting in the middle.
  const bar = (value, signed) => {
    const inner = element("span");
    const length = (signed ? 50 : 100) * Math.abs(value);
    inner.style.width = `${length}%`;
    if (signed) inner.style.marginLeft = `${value < 0 ? 50 - length : 50}%`;
    return element("span", { className: `live-bar${signed ? " live-signed" : ""}`, ariaHidden: "true" }, inner);
  };

  function draw() {
    const now = own.map((score) => score + common);
    const raw = live.softmax32(now, correct, 0);
    const shifted = live.softmax32(now, correct, Math.max(...now));
    const withBar = (signed) => (value) => element("span", {}, show(value), bar(value, signed));
    const dscores = shifted.probs.map((p, j) => Math.fround(p - (j === correct)));
    const rows = [
      ["", ...[0, 1, 2].map((j) => `class ${j}${j === correct ? " (correct)" : ""}`)],
      ["score s", ...now.map((score) => number(score, 1))],
      ["exp(s)", ...raw.exps.map(show)],
      ["exp(s \u2212 max)", ...shifted.exps.map(show)],
      ["probability p", ...shifted.probs.map(withBar(false))],
      ["p \u2212 1[y]", ...dscores.map(withBar(true))],
    ];
    table.replaceChildren(live.table(rows, "In float32; the bars of p go from 0 to 1, those of p \u2212 1[y] from \u22121 to 1"));
    words.replaceChildren(
      "Loss of the correct class without the shift: ",
      show(raw.loss),
      "; with the shift: ",
      element("strong", {}, number(shifted.stableLoss)),
      ".",
    );
  }

  const settings = { min: -10, max: 10, step: 0.5, show: (value) => number(value, 1) };
  const sliders = own.map((score, j) =>
    live.slider(`score of class ${j}`, { ...settings, value: score }, (value) => ((own[j] = value), draw())),
  );
  const everywhere = live.slider("add to all three", { min: 0, max: 100, value: 0 }, (value) => ((common = value), draw()));
  const choice = live.choice("correct class", ["0", "1", "2"], correct, (j) => ((correct = j), draw()));
  const reset = live.button("Back to the start", () => {
    scores.forEach((score, j) => sliders[j].set((own[j] = score)));
    everywhere.set((common = 0));
    draw();
  });
  draw();
  return [...sliders, everywhere, element("div", { className: "live-row" }, choice, reset), table, words];
};
