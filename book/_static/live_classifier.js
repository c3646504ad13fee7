// Chapter 8: a classifier of points in the plane, trained step by step by hand.
"use strict";

// The part of a polygon on which a x + b y + c is not negative.
live.clip = (polygon, [a, b, c]) => {
  const side = ([x, y]) => a * x + b * y + c;
  return polygon.flatMap((from, k) => {
    const to = polygon[(k + 1) % polygon.length];
    const [s, t] = [side(from), side(to)];
    const kept = s >= 0 ? [from] : [];
    if (s * t < 0) kept.push(from.map((value, d) => value + (s / (s - t)) * (to[d] - value)));
    return kept;
  });
};

// Where the score of class j is the highest, within the square from -1 to 1.
live.region = (W, j) =>
  W[0].reduce((polygon, _, k) => (k === j ? polygon : live.clip(polygon, W.map((row) => row[j] - row[k]))), [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ]);

live.figures.classifier = (data) => {
  const { element, drawing, number } = live;
  // One shape a class, about one unit large; below it a disc that a finger can hit.
  const SHAPES = ["M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0z", "M-.9-.9h1.8v1.8h-1.8z", "M0-1.1L1.1.9H-1.1z"];
  const losses = { softmax: live.softmax, SVM: live.svm };
  let X, W, steps;
  let followed = "softmax";
  let rate = 0.5;
  let chosen = 0;

  const regions = drawing("g");
  const marks = data.y.map((label, i) => {
    const shape = drawing("path", { d: SHAPES[label] });
    const mark = drawing("g", { class: `live-point live-class-${label}` }, drawing("circle", { r: 2.4 }), shape);
    mark.addEventListener("pointerdown", (event) => {
      choose(i);
      mark.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    mark.addEventListener("pointermove", (event) => {
      if (mark.hasPointerCapture(event.pointerId)) move(...placeOf(event));
    });
    return mark;
  });
  const svg = drawing("svg", { viewBox: "-1.02 -1.02 2.04 2.04", class: "live-plane", role: "img" }, regions, ...marks);
  const words = live.words();
  const tables = element("div", { className: "live-tables" });

  function placeOf(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [x, -y].map((value) => Math.min(1, Math.max(-1, Math.round(100 * value) / 100)));
  }

  function move(x, y) {
    X[chosen] = [x, y, 1];
    draw();
  }

  function choose(i) {
    chosen = i;
    picker.value = i;
    draw();
  }

  function train(count) {
    for (let k = 0; k < count; k++) W = live.step(W, live.lossAndGradient(W, X, data.y, losses[followed]).dW, rate);
    steps += count;
    draw();
  }

  function restart() {
    X = data.X.map((x) => [...x]);
    W = data.W.map((row) => [...row]);
    steps = 0;
  }

  function draw() {
    const found = Object.fromEntries(Object.keys(losses).map((name) => [name, live.lossAndGradient(W, X, data.y, losses[name])]));
    const pulls = found[followed].points.map(({ dscores }) => dscores.some((value) => value !== 0));
    regions.replaceChildren(
      ...[0, 1, 2].flatMap((j) => {
        const corners = live.region(W, j);
        if (!corners.length) return [];
        const points = corners.map(([x, y]) => `${x},${-y}`).join(" ");
        const middle = (d) => corners.reduce((sum, corner) => sum + corner[d], 0) / corners.length;
        const name = drawing("text", { class: "live-name", x: middle(0), y: -middle(1) }, `class ${j}`);
        return drawing("g", {}, drawing("polygon", { points, class: `live-region live-class-${j}` }), name);
      }),
    );
    marks.forEach((mark, i) => {
      const size = i === chosen ? 0.065 : 0.045;
      mark.setAttribute("transform", `translate(${X[i][0]} ${-X[i][1]}) scale(${size})`);
      mark.classList.toggle("live-hollow", !pulls[i]);
    });
    const right = X.filter((x, i) => {
      const scores = live.scores(x, W);
      return scores.indexOf(Math.max(...scores)) === data.y[i];
    }).length;
    svg.setAttribute("aria-label", `The plane with the regions of three classes; ${right} of ${X.length} points lie in their own.`);
    words.textContent =
      `Step ${steps}: softmax loss ${number(found.softmax.loss)}, SVM loss ${number(found.SVM.loss)}. ` +
      `${right} of ${X.length} points are right; ${pulls.filter(Boolean).length} have a gradient under the ${followed} loss.`;
    const scores = live.scores(X[chosen], W);
    const head = (name) => [name, "class 0", "class 1", "class 2"];
    const point = (name) => found[name].points[chosen];
    const row = (name, values) => [name, ...values.map((value) => number(value, 3))];
    tables.replaceChildren(
      live.table(
        [head(""), row("score", scores), row("softmax gradient", point("softmax").dscores), row("SVM gradient", point("SVM").dscores)],
        `Point ${chosen + 1} of class ${data.y[chosen]}: softmax loss ${number(point("softmax").loss)}, SVM loss ${number(point("SVM").loss)}`,
      ),
      live.table(
        [head(""), ...W.map((values, d) => row(`W, ${["x", "y", "bias"][d]}`, values)), ...found[followed].dW.map((values, d) => row(`gradient, ${["x", "y", "bias"][d]}`, values))],
        `The weights, and the gradient of the ${followed} loss`,
      ),
    );
    across.set(X[chosen][0]);
    up.set(X[chosen][1]);
  }

  const coordinate = { min: -1, max: 1, step: 0.01, value: 0, show: (value) => number(value, 2) };
  const across = live.slider("x of the point", coordinate, (x) => move(x, X[chosen][1]));
  const up = live.slider("y of the point", coordinate, (y) => move(X[chosen][0], y));
  const picker = element("select", {}, ...data.y.map((label, i) => element("option", { value: i }, `${i + 1}, class ${label}`)));
  picker.addEventListener("change", () => choose(+picker.value));
  const learning = live.slider("learning rate", { min: -2, max: 1, step: 0.1, value: Math.log10(rate), show: (k) => (10 ** k).toPrecision(2) }, (k) => {
    rate = +(10 ** k).toPrecision(2);
  });
  const names = Object.keys(losses);
  const choice = live.choice("follow the gradient of", names, 0, (k) => ((followed = names[k]), draw()));
  const buttons = [
    live.button("One step", () => train(1)),
    live.button("Ten steps", () => train(10)),
    live.button("Back to the start", () => (restart(), draw())),
  ];
  restart();
  draw();
  return [
    element("div", { className: "live-pair" }, svg, element("div", {}, choice, learning, element("div", { className: "live-row" }, ...buttons), element("label", { className: "live-row" }, "point", picker), across, up)),
    words,
    tables,
  ];
};
