// Chapter 7: the ten templates at some steps of the training, beside the loss curve.
"use strict";

live.figures.templates = ({ steps, names, sheet, largest, every, losses }) => {
  const { element, number } = live;
  const templates = live.templates(sheet, steps.length, names);
  const curve = live.lossCurve([losses], every);
  const words = live.words();

  function show(k) {
    const loss = curve.show(0, steps[k], `Minibatch loss over the steps, from ${number(losses[0], 1)} to ${number(losses.at(-1), 2)}; step ${steps[k]} is marked.`);
    templates.show(k, `step ${steps[k]}`);
    words.textContent = `Step ${steps[k]}: minibatch loss ${number(loss, 2)}; the largest weight is ${number(largest[k], 2)} thousandths.`;
  }

  const settings = { min: 0, max: steps.length - 1, value: 0, show: (k) => String(steps[k]) };
  const slider = live.slider("step", settings, show);
  show(0);
  return [slider, words, element("div", { className: "live-pair" }, templates, curve)];
};
