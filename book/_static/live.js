// The live figures of the book: a cell writes a figure's data after its picture
// (softmax_lib/widgets.py), and here the picture is replaced by what can be operated.
// Each figure has a script of its own, live_NAME.js, fetched only by a page that has it.
"use strict";

const live = {
  figures: {}, // name: function(data), returns the nodes of the figure
  home: document.currentScript.src.replace(/[^/]*$/, ""),

  // ---- the mathematics, as in softmax_lib/losses.py --------------------------------

  // Scores X @ W of one point.
  scores: (x, W) => W[0].map((_, j) => x.reduce((sum, value, d) => sum + value * W[d][j], 0)),

  softmax(scores, y) {
    const largest = Math.max(...scores);
    const exps = scores.map((score) => Math.exp(score - largest));
    const sum = exps.reduce((a, b) => a + b);
    const probs = exps.map((value) => value / sum);
    return {
      loss: Math.log(sum) - (scores[y] - largest),
      dscores: probs.map((p, j) => p - (j === y)),
    };
  },

  svm(scores, y) {
    const margins = scores.map((score, j) => (j === y ? 0 : Math.max(0, score - scores[y] + 1)));
    const positive = margins.filter((margin) => margin > 0).length;
    return {
      loss: margins.reduce((a, b) => a + b),
      dscores: margins.map((margin, j) => (j === y ? -positive : +(margin > 0))),
    };
  },

  // Mean loss of the points and its gradient with respect to W, without regularization.
  lossAndGradient(W, X, y, ofScores) {
    const points = X.map((x, i) => ofScores(live.scores(x, W), y[i]));
    const mean = (values) => values.reduce((a, b) => a + b) / X.length;
    return {
      loss: mean(points.map((point) => point.loss)),
      dW: W.map((row, d) => row.map((_, j) => mean(points.map((p, i) => p.dscores[j] * X[i][d])))),
      points,
    };
  },

  step: (W, dW, rate) => W.map((row, d) => row.map((w, j) => w - rate * dW[d][j])),

  // ---- what figures are made of ----------------------------------------------------

  element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  },

  drawing(tag, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  },

  // A slider under its name; `show` writes its value. Its `set` moves it from outside.
  slider(name, { min, max, step = 1, value, show = String }, onInput) {
    const input = live.element("input", { type: "range" });
    const shown = live.element("span", { className: "live-value", ariaHidden: "true" });
    const tell = () => {
      shown.textContent = show(+input.value);
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    Object.assign(input, { min, max, step, value });
    input.addEventListener("input", () => (tell(), onInput(+input.value)));
    tell();
    const label = live.element("label", { className: "live-slider" }, live.element("span", {}, name), input, shown);
    label.set = (number) => ((input.value = number), tell());
    return label;
  },

  // One of several, as radio buttons under a name.
  choice(name, options, chosen, onChange) {
    const group = `live-${live.groups++}`;
    const labels = options.map((option, k) => {
      const input = live.element("input", { type: "radio", name: group, checked: k === chosen });
      input.addEventListener("change", () => onChange(k));
      return live.element("label", {}, input, ` ${option}`);
    });
    const fieldset = live.element("fieldset", { className: "live-choice" });
    fieldset.append(live.element("legend", {}, name), ...labels);
    fieldset.set = (k) => (labels[k].firstChild.checked = true);
    return fieldset;
  },
  groups: 0,

  button(name, onClick) {
    const made = live.element("button", { type: "button" }, name);
    made.addEventListener("click", onClick);
    return made;
  },

  // What has changed, in words: read aloud when a reader uses a screen reader.
  words: () => live.element("output", { className: "live-words" }),

  // A table: the first row and the first column are headers, an empty corner is none.
  table(rows, caption) {
    const cell = (text, r, c) => {
      const header = text !== "" && !(r && c);
      const node = live.element(header ? "th" : "td", {}, text);
      if (header) node.scope = r ? "row" : "col";
      return node;
    };
    return live.element(
      "table",
      { className: "live-table" },
      live.element("caption", {}, caption),
      live.element("tbody", {}, ...rows.map((row, r) => live.element("tr", {}, ...row.map((text, c) => cell(text, r, c))))),
    );
  },

  // As Python writes it: inf and nan, and a fixed number of decimals.
  number(value, decimals = 4) {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    return value.toFixed(decimals).replace("-", "\u2212");
  },

  // The C templates of one frame of a sprite sheet (softmax_lib.widgets.sprite_sheet), under their names.
  templates(sheet, frames, names) {
    const tiles = names.map((name, j) => {
      const tile = live.element("div", { className: "live-template", role: "img" });
      const place = (frame) => `${(100 * j) / (names.length - 1)}% ${(100 * frame) / (frames - 1)}%`;
      tile.style.backgroundImage = `url(${sheet})`;
      tile.style.backgroundSize = `${100 * names.length}% ${100 * frames}%`;
      tile.show = (frame, of) => {
        tile.style.backgroundPosition = place(frame);
        tile.setAttribute("aria-label", `template of ${name}, ${of}`);
      };
      return tile;
    });
    const boxes = tiles.map((tile, j) => live.element("div", {}, live.element("span", { ariaHidden: "true" }, names[j]), tile));
    const grid = live.element("div", { className: "live-templates" }, ...boxes);
    grid.show = (frame, of) => tiles.forEach((tile) => tile.show(frame, of));
    return grid;
  },

  // Losses over the steps on a logarithmic scale; one run stands out, and one step.
  lossCurve(runs, every) {
    const [left, right, top, bottom] = [52, 338, 10, 200];
    const all = runs.flat();
    const [low, high] = [Math.log10(Math.min(...all)) - 0.05, Math.log10(Math.max(...all)) + 0.05];
    const last = (runs[0].length - 1) * every;
    const x = (step) => left + (step / last) * (right - left);
    const y = (loss) => bottom - ((Math.log10(loss) - low) / (high - low)) * (bottom - top);
    const text = (words, at) => live.drawing("text", at, words);
    const line = (at, className) => live.drawing("line", { ...at, class: className });
    const marks = [1, 2, 5, 10, 20, 50, 100, 200, 500].filter((loss) => y(loss) <= bottom && y(loss) >= top);
    const svg = live.drawing("svg", { viewBox: "0 0 360 240", class: "live-curve", role: "img" });
    for (const loss of high - low > 1 ? marks.filter((m) => Number.isInteger(Math.log10(m))) : marks) {
      svg.append(line({ x1: left, x2: right, y1: y(loss), y2: y(loss) }, "live-grid"));
      svg.append(text(loss, { x: left - 6, y: y(loss) + 4, "text-anchor": "end" }));
    }
    for (let step = 0; step <= last + every; step += 500) {
      svg.append(text(step, { x: x(Math.min(step, last)), y: bottom + 16, "text-anchor": "middle" }));
    }
    svg.append(text("step", { x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle" }));
    svg.append(text("minibatch loss", { x: 12, y: (top + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(top + bottom) / 2})` }));
    svg.append(line({ x1: left, x2: right, y1: bottom, y2: bottom }, "live-axis"));
    const curves = runs.map((losses) => {
      const points = losses.map((loss, k) => `${x(k * every).toFixed(1)},${y(loss).toFixed(1)}`);
      return live.drawing("polyline", { points: points.join(" "), class: "live-other" });
    });
    const dot = live.drawing("circle", { r: 5, class: "live-dot" });
    svg.append(...curves, dot);
    svg.show = (run, step, words) => {
      const k = Math.min(Math.round(step / every), runs[run].length - 1);
      curves.forEach((curve, j) => curve.setAttribute("class", j === run ? "live-chosen" : "live-other"));
      svg.insertBefore(curves[run], dot);
      dot.setAttribute("cx", x(k * every));
      dot.setAttribute("cy", y(runs[run][k]));
      svg.setAttribute("aria-label", words);
      return runs[run][k];
    };
    return svg;
  },

  // ---- the start -------------------------------------------------------------------

  start(place) {
    const name = place.dataset.figure;
    const script = live.element("script", { src: `${live.home}live_${name}.js` });
    script.addEventListener("load", () => {
      const data = JSON.parse(place.querySelector("script").textContent);
      place.replaceChildren(...live.figures[name](data));
      place.classList.add("live-is-on");
      const output = place.closest(".cell_output");
      for (const picture of output?.querySelectorAll("img") ?? []) {
        const shown = picture.closest("a") ?? picture; // a wide picture is a link to itself
        if (!place.contains(picture)) shown.classList.add("live-at-rest");
      }
    });
    document.head.append(script);
  },
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".live-figure").forEach(live.start);
});
