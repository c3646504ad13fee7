// Chapter 6: the table of a grid search; a cell shows its loss curve and its templates.
"use strict";

live.figures.tuning = ({ rates, regs, accuracies, left, names, sheet, every, losses }) => {
  const { element, number } = live;
  const templates = live.templates(sheet, accuracies.length, names);
  const curve = live.lossCurve(losses, every);
  const words = live.words();
  const group = `live-${live.groups++}`;
  const [worst, best] = [Math.min(...accuracies), Math.max(...accuracies)];
  const settings = (k) => `learning rate ${rates[Math.floor(k / regs.length)]}, reg ${regs[k % regs.length]}`;

  function show(k) {
    const end = curve.show(k, Infinity, `Minibatch losses of all ${accuracies.length} trainings over the steps; that at ${settings(k)} stands out.`);
    templates.show(k, settings(k));
    words.textContent = `At ${settings(k)}: validation accuracy ${number(accuracies[k], 3)}, last minibatch loss ${number(end, 2)}, left of the start ${number(left[k], 3)}.`;
  }

  function cell(k) {
    const input = element("input", { type: "radio", name: group, checked: accuracies[k] === best });
    input.setAttribute("aria-label", `${number(accuracies[k], 3)} at ${settings(k)}`);
    input.addEventListener("change", () => show(k));
    const label = element("label", {}, input, ` ${number(accuracies[k], 3)}`);
    label.style.setProperty("--share", `${Math.round((40 * (accuracies[k] - worst)) / (best - worst))}%`);
    return label;
  }

  const head = ["reg", ...rates.map((rate) => `rate ${rate.replace("-", "-\u2060")}`)];
  const rows = regs.map((reg, i) => [reg, ...rates.map((_, j) => cell(j * regs.length + i))]);
  const table = live.table([head, ...rows.reverse()], "Validation accuracy after the training: choose a cell");
  table.classList.add("live-surface");
  show(accuracies.indexOf(best));
  return [table, words, element("div", { className: "live-pair" }, templates, curve)];
};
