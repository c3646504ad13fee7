// Runs the cells of a page where they stand. Python itself (Pyodide) lies beside the
// pages of `make live`, in a worker (runner-worker.js), and is loaded at the first run.
// Steps of the worksheet are editors with a check; cells of a chapter become editors by
// a button. What is written stays in the browser's storage. Nothing leaves the browser.
"use strict";

const runner = (() => {
  const config = JSON.parse(document.getElementById("runner-config")?.textContent ?? "null");
  const here = new URL(".", document.currentScript.src); // _static/
  const home = new URL("..", here);
  const { element, drawing } = live;
  const RUN = 300; // seconds that a cell may take
  const CHECK = 10; // seconds that a check may take
  const ABOVE = 600; // seconds for what a cell needs of those above
  const GRACE = 3; // seconds more, then the worker is ended from outside
  const MOST_NODES = 2000; // of one output

  // ---- the worker: one job at a time -----------------------------------------------

  const waiting = [];
  let worker = null;
  let job = null;
  let timer = 0;

  function start() {
    const mine = new Worker(new URL("runner-worker.js", here));
    mine.onmessage = ({ data }) => mine === worker && hear(data);
    mine.onerror = (error) => mine === worker && hear({ broken: error.message ?? "no worker" });
    mine.postMessage({ base: new URL(config.python, location).href, sizes: config.sizes });
    worker = mine;
  }

  function submit(next) {
    waiting.push(next);
    if (job) next.say("Waiting until the other cell has run.");
    pump();
  }

  function pump() {
    if (job || !waiting.length) return;
    if (!worker) start();
    job = waiting.shift();
    job.say("Starting Python.");
    worker.postMessage(job.order);
  }

  function limit(seconds, message) {
    clearTimeout(timer);
    timer = setTimeout(() => end(message), 1000 * seconds);
  }

  function allow(seconds) {
    limit(seconds + GRACE, `Your code does not finish: it was stopped after ${seconds} seconds.`);
  }

  function hear(data) {
    if (!job) return;
    if ("loading" in data) {
      const whole = (data.bytes / 1e6).toFixed(0);
      job.say(`Loading Python: ${Math.round(100 * data.loading)} % of ${whole} MB.`);
    } else if (data.ready) {
      limit(ABOVE + GRACE, "What this cell needs of the cells above took too long.");
    } else if (data.fetching) {
      job.say("Loading what draws the figures.");
    } else if (data.first) {
      job.say("Running what this cell needs of the cells above.");
    } else if (data.begin) {
      job.began();
      allow(job.order.seconds);
    } else if ("clock" in data) {
      allow(data.clock ? job.order.limit : job.order.seconds);
    } else if (data.done) {
      finish(data.ok);
    } else if (data.broken) {
      end(`Python has ended: ${data.broken.split("\n")[0]}. It starts again, and what you wrote is kept.`);
    } else {
      job.show(data);
    }
  }

  function finish(ok) {
    clearTimeout(timer);
    const done = job;
    job = null;
    done.done(ok);
    pump();
  }

  // End Python, whatever it does, and have a new one ready.
  function end(message) {
    worker?.terminate();
    start();
    if (!job) return;
    job.show({ error: message });
    finish(false);
  }

  function stop(which) {
    if (job === which) end("Stopped.");
    else if (waiting.includes(which)) {
      waiting.splice(waiting.indexOf(which), 1);
      which.done(false);
    }
  }

  // ---- what is kept ----------------------------------------------------------------

  const store = {
    get(key) {
      try {
        return localStorage.getItem(`softmax-book:${key}`);
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        if (value === null) localStorage.removeItem(`softmax-book:${key}`);
        else localStorage.setItem(`softmax-book:${key}`, value);
      } catch {
        // Nothing can be kept in a private window: the page works without.
      }
    },
  };

  // ---- what is shown ---------------------------------------------------------------

  const region = element("div", { className: "runner-heard", role: "status", ariaLive: "polite" });
  const announce = (text) => (region.textContent = text.slice(0, 600));

  // A report: paragraphs, numbered lines, listings, bold words and code. No HTML.
  function markdown(text) {
    const inline = (line) =>
      line.split(/(\*\*.+?\*\*|`[^`]+`)/s).map((part) => {
        if (/^\*\*.+\*\*$/s.test(part)) return element("strong", {}, part.slice(2, -2));
        if (/^`.+`$/s.test(part)) return element("code", {}, part.slice(1, -1));
        return part;
      });
    return text.split(/^```.*\n?/m).flatMap((block, i) => {
      if (i % 2) return [listing(block.replace(/\n$/, ""))];
      return block.split(/\n\n+/).filter((each) => each.trim()).map((each) => {
        const items = each.trim().split(/\n(?=\d+\. )/);
        if (!/^\d+\. /.test(items[0])) return element("p", {}, ...inline(each.trim()));
        return element("ol", {}, ...items.map((item) => element("li", {}, ...inline(item.replace(/^\d+\. /, "")))));
      });
    });
  }

  const listing = (text, className = "") => element("pre", { textContent: text, className, tabIndex: 0 });

  // Tables and listings of the package come as HTML; no part of them may run.
  function harmless(html) {
    const body = new DOMParser().parseFromString(html, "text/html").body;
    for (const bad of body.querySelectorAll("script, style, iframe, object, embed, link, meta, base, form, svg, math")) bad.remove();
    for (const node of body.querySelectorAll("*")) {
      for (const { name, value } of [...node.attributes]) {
        const address = ["href", "src", "action", "formaction"].includes(name);
        if (name.startsWith("on") || name === "srcdoc" || (address && !/^(#|https?:|data:image\/(png|jpeg))/i.test(value))) {
          node.removeAttribute(name);
        }
      }
    }
    return [...body.childNodes];
  }

  function picture({ "image/png": bytes, alt, width }) {
    return element("img", { src: `data:image/png;base64,${bytes}`, alt: alt || "A figure that this cell drew.", width });
  }

  function nodesOf(bundle) {
    if (bundle["image/png"]) return [picture(bundle)];
    if (bundle["text/markdown"]) return markdown(bundle["text/markdown"]);
    if (bundle["text/html"]) return harmless(bundle["text/html"]);
    return [listing(bundle["text/plain"] ?? "")];
  }

  // The loss so far, as a curve that grows, under a bar of how far it is.
  function trainingCurve() {
    const losses = [];
    const bar = element("progress", { max: 1, value: 0, ariaLabel: "Steps of the training" });
    const said = element("p");
    const line = drawing("polyline", { fill: "none", stroke: "currentColor", "stroke-width": 2 });
    const plot = drawing("svg", { viewBox: "0 0 600 200", role: "img", "aria-label": "The loss falls, step by step." }, line);
    const box = element("div", { className: "runner-training" }, bar, said, plot);
    box.add = ({ done, of, losses: more }) => {
      losses.push(...more);
      const [low, high] = [0, Math.max(...losses)];
      bar.value = done / of;
      said.textContent = `Step ${done} of ${of}, loss ${losses.at(-1)?.toFixed(3) ?? "unknown"}`;
      const points = losses.map((loss, i) => `${((600 * i) / of).toFixed(1)},${(198 - (196 * (loss - low)) / (high - low || 1)).toFixed(1)}`);
      line.setAttribute("points", points.join(" "));
      plot.setAttribute("aria-label", `The loss over ${losses.length} steps: from ${losses[0]?.toFixed(2)} to ${losses.at(-1)?.toFixed(2)}.`);
    };
    return box;
  }

  function templates({ names, pictures }) {
    const figures = pictures.map((bytes, i) => {
      const canvas = element("canvas", { width: 32, height: 32, role: "img", ariaLabel: `The template of ${names[i]}` });
      const pixels = canvas.getContext("2d").createImageData(32, 32);
      const rgb = atob(bytes);
      for (let k = 0; k < 1024; k++) {
        for (let c = 0; c < 3; c++) pixels.data[4 * k + c] = rgb.charCodeAt(3 * k + c);
        pixels.data[4 * k + 3] = 255;
      }
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      return element("figure", {}, canvas, element("figcaption", {}, names[i]));
    });
    return element("div", { className: "runner-templates" }, ...figures);
  }

  // Where the outputs of a run go.
  function makeOutput() {
    const box = element("div", { className: "runner-output" });
    let curve = null;
    box.show = (message) => {
      if (box.childElementCount > MOST_NODES) return;
      if ("printed" in message) {
        const last = box.lastElementChild;
        const kind = `runner-${message.stream}`;
        if (last?.className === kind) last.textContent += message.printed;
        else box.append(listing(message.printed, kind));
      } else if (message.shown) {
        const about = message.shown.passed;
        const verdict = about === undefined ? "" : about ? " runner-right" : " runner-not-yet";
        box.append(element("div", { className: `runner-shown${verdict}` }, ...nodesOf(message.shown)));
      } else if (message.progress) {
        if (!curve) box.append((curve = trainingCurve()));
        curve.add(message.progress);
      } else if (message.templates) {
        box.append(templates(message.templates));
      } else if (message.error) {
        box.append(listing(message.error, "runner-error"));
      }
    };
    return box;
  }

  // ---- an editor: a textarea above its own coloured text -----------------------------

  let prism = null;
  const loadPrism = () =>
    (prism ??= new Promise((resolve) => {
      window.Prism = { manual: true };
      const src = new URL("prism.js", new URL(config.python, location)).href;
      document.head.append(element("script", { src, onload: resolve }));
    }));

  // The colours are loaded when an editor comes near: who only reads loads nothing.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) (near.unobserve(target), loadPrism().then(target.colour));
      }
    },
    { rootMargin: "300px" },
  );

  const type = (text) => document.execCommand("insertText", false, text); // can be undone

  function makeEditor(value, label, onInput, isCode = true) {
    const area = element("textarea", { value, ariaLabel: label, spellcheck: !isCode });
    for (const name of ["autocapitalize", "autocomplete", "autocorrect"]) if (isCode) area.setAttribute(name, "off");
    const code = element("code");
    const box = element("div", { className: "runner-editor" }, element("pre", { ariaHidden: "true" }, code), area);
    let mayLeave = false; // by Tab, after Escape
    box.classList.toggle("runner-words", !isCode);
    box.colour = () => {
      const text = `${area.value}\n`;
      if (isCode && window.Prism?.languages?.python) {
        code.innerHTML = Prism.highlight(text, Prism.languages.python, "python"); // escapes all text
        box.classList.add("runner-coloured");
      } else code.textContent = text;
    };
    const changed = () => (box.colour(), onInput(area.value));
    area.addEventListener("input", changed);
    area.addEventListener("blur", () => (mayLeave = false));
    if (isCode) {
      area.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          mayLeave = true;
          announce("Tab leaves the editor now.");
        } else if (event.key === "Tab" && !event.shiftKey && !mayLeave) {
          event.preventDefault();
          const column = area.selectionStart - area.value.lastIndexOf("\n", area.selectionStart - 1) - 1;
          type(" ".repeat(4 - (column % 4)));
        } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
          event.preventDefault();
          const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
          type(`\n${line.match(/^ */)[0]}${/:\s*(#.*)?$/.test(line) ? "    " : ""}`);
        }
      });
      near.observe(box);
    }
    box.colour();
    return {
      box,
      get value() {
        return area.value;
      },
      set value(text) {
        area.value = text;
        changed();
      },
      focus: () => area.focus(),
    };
  }

  const button = (text, onclick, properties = {}) =>
    element("button", { type: "button", className: "runner-button", textContent: text, onclick, ...properties });

  function download(name, text, type) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  // ---- a cell ----------------------------------------------------------------------

  class Cell {
    constructor(notebook, box) {
      this.notebook = notebook;
      this.box = box;
      this.id = box.id.replace(/^cell-/, "");
      this.original = box.matches("p") ? "" : box.querySelector(".cell_input pre").textContent.replace(/\n$/, "");
      this.isSolution = box.classList.contains("cell-solution");
      this.isCheck = box.classList.contains("cell-check");
      this.isText = box.matches("p");
      this.key = `${notebook.path}:${this.id}`;
      this.editor = null;
    }

    get source() {
      return this.editor?.value ?? store.get(this.key) ?? this.original;
    }

    get isChanged() {
      return this.source !== this.original;
    }

    keep(text) {
      store.set(this.key, text === this.original ? null : text);
      this.refresh();
    }

    get name() {
      const heading = this.box.closest("section")?.querySelector("h1, h2, h3");
      return heading?.firstChild?.textContent ?? this.id;
    }

    // Put the buttons below the cell, and the editor into a step's place.
    revive() {
      this.bar = element("div", { className: "runner-bar" });
      if (this.isText) {
        this.edit();
        this.box.hidden = true;
        this.box.after(this.editor.box);
        return;
      }
      this.input = this.box.querySelector(".cell_input");
      this.recorded = this.box.querySelector(".cell_output");
      this.said = element("span", { className: "runner-said" });
      this.output = makeOutput();
      this.runButton = button("Run", () => this.toggle(this.runButton, this));
      this.bar.append(this.runButton);
      if (this.check) {
        this.checkButton = button("Check", () => this.toggle(this.checkButton, this.check));
        this.bar.append(this.checkButton);
        this.check.box.classList.add("runner-folded");
      }
      this.editButton = button("Edit", () => (this.edit(), this.editor.focus()));
      this.resetButton = button("Reset", () => this.reset());
      this.backButton = button("Recorded output", () => this.back());
      this.bar.append(this.editButton, this.resetButton, this.backButton, this.said);
      this.box.append(this.bar, this.output);
      for (const each of [this.runButton, this.checkButton, this.editButton, this.resetButton, this.backButton]) {
        each?.setAttribute("aria-label", `${each.textContent}: ${this.name}, ${this.place}`);
      }
      if (this.isSolution || store.get(this.key) !== null) this.edit();
      this.refresh();
    }

    get place() {
      return `cell ${1 + this.notebook.cells.indexOf(this)}`;
    }

    edit() {
      if (this.editor) return;
      const label = this.isText ? `Your answer: ${this.name}` : `Code: ${this.name}, ${this.place}`;
      this.editor = makeEditor(this.source, label, (text) => this.keep(text), !this.isText);
      if (this.isText) return;
      this.input.hidden = true;
      this.input.after(this.editor.box);
      this.editor.box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
          event.preventDefault();
          event.stopPropagation();
          this.runButton.click();
        }
      }, true);
      this.refresh();
    }

    reset() {
      this.editor.value = this.original;
      this.output.replaceChildren();
      announce("The cell is as it was.");
      if (this.isSolution) this.editor.focus();
      else {
        this.editor.box.remove();
        this.editor = null;
        this.input.hidden = false;
        this.runButton.focus();
      }
      this.refresh();
    }

    back() {
      this.output.replaceChildren();
      this.recorded.hidden = false;
      this.refresh();
      this.runButton.focus();
      announce("The recorded output is back.");
    }

    refresh() {
      if (!this.runButton) return;
      this.editButton.hidden = this.editor !== null;
      this.resetButton.hidden = this.editor === null || (this.isSolution && !this.isChanged);
      this.backButton.hidden = !this.recorded?.hidden;
      const right = this.check && this.isChanged && store.get(`${this.key}:right`) === this.source;
      this.box.classList.toggle("runner-is-right", Boolean(right));
      if (this.checkButton) this.said.textContent ||= right ? "Right." : "";
      if (!right && this.said.textContent === "Right.") this.said.textContent = "";
    }

    toggle(pressed, target) {
      if (this.job) return stop(this.job);
      this.start(pressed, target);
    }

    start(pressed, target) {
      const source = this.source;
      const isCheck = target !== this;
      let seen = "";
      let passed = null;
      let clock = 0;
      const name = pressed.textContent;
      this.output.replaceChildren();
      pressed.textContent = "Stop";
      pressed.setAttribute("aria-label", `Stop: ${this.name}, ${this.place}`);
      for (const other of [this.runButton, this.checkButton]) if (other && other !== pressed) other.disabled = true;
      const output = this.output;
      this.job = {
        order: {
          session: this.notebook.path,
          cells: this.notebook.sources(),
          target: target.id,
          seconds: RUN,
          limit: CHECK,
          most: ABOVE,
        },
        say: (text) => (this.said.textContent = text),
        began: () => {
          output.replaceChildren();
          const since = performance.now();
          const tick = () => {
            const seconds = Math.floor((performance.now() - since) / 1000);
            this.said.textContent = `Running: ${seconds} of at most ${isCheck ? CHECK : RUN} s.`;
          };
          tick();
          clock = setInterval(tick, 1000);
          if (this.recorded && !isCheck) {
            this.recorded.hidden = true;
            output.append(element("p", { className: "runner-mark" }, "Run in this page, on Shapes-10:"));
          }
        },
        show: (message) => {
          output.show(message);
          if (message.shown && "passed" in message.shown) passed = message.shown.passed;
          seen += message.printed ?? message.error ?? message.shown?.["text/plain"] ?? "";
        },
        done: (ok) => {
          clearInterval(clock);
          this.job = null;
          pressed.textContent = name;
          pressed.setAttribute("aria-label", `${name}: ${this.name}, ${this.place}`);
          for (const other of [this.runButton, this.checkButton]) if (other) other.disabled = false;
          this.said.textContent = "";
          if (isCheck && passed !== null) store.set(`${this.key}:right`, passed ? source : null);
          if (ok && !output.querySelector("*:not(.runner-mark)")) this.said.textContent = "Done.";
          this.refresh();
          announce(seen || (ok ? "Done." : "Stopped."));
        },
      };
      submit(this.job);
    }
  }

  // ---- a notebook: the cells of a page ---------------------------------------------

  class Notebook {
    constructor(root, path) {
      this.path = path;
      this.extra = [];
      this.cells = [...root.querySelectorAll("[id^='cell-']")].map((box) => new Cell(this, box));
      this.cells.forEach((cell, i) => {
        const next = this.cells.slice(i + 1).find((other) => other.isSolution || other.isCheck);
        if (cell.isSolution && !cell.isText && next?.isCheck) cell.check = next;
      });
    }

    cell(id) {
      return this.cells.find((cell) => cell.id === id);
    }

    sources() {
      const code = this.cells.filter((cell) => !cell.isText);
      return [...code.map(({ id, source }) => ({ id, source })), ...this.extra];
    }

    get solutions() {
      return this.cells.filter((cell) => cell.isSolution);
    }
  }

  // ---- the worksheet: carry the work away, bring it back, train ---------------------

  function asScript(notebook) {
    const parts = notebook.solutions
      .filter((cell) => cell.isChanged || /^(def|class) /.test(cell.source))
      .map((cell) => {
        const text = cell.isText ? cell.source.replace(/^/gm, "# ") : cell.source;
        return `# %% ${cell.isText ? "[markdown] " : ""}${cell.id}\n${text}\n`;
      });
    return `# The worksheet, filled in: softmax-book check softmax.py\nimport numpy as np\n\n${parts.join("\n\n")}`;
  }

  async function asNotebook(notebook) {
    const answer = await fetch(new URL(config.source, home));
    const file = await answer.json();
    for (const cell of file.cells) {
      const mine = notebook.cells.find(({ id, isSolution }) => id === cell.id && isSolution);
      if (mine?.isChanged) cell.source = mine.source;
    }
    return `${JSON.stringify(file, null, 1)}\n`;
  }

  // The steps of a file that was downloaded here: by the ids of its cells.
  function stepsOf(text) {
    const steps = new Map();
    try {
      for (const { id, source } of JSON.parse(text).cells) steps.set(id, [source].flat().join(""));
    } catch {
      for (const part of text.split(/^# %% /m).slice(1)) {
        const [head, ...lines] = part.split("\n");
        const isText = head.startsWith("[markdown] ");
        const body = lines.join("\n").trimEnd();
        steps.set(head.replace("[markdown] ", "").trim(), isText ? body.replace(/^# ?/gm, "") : body);
      }
    }
    return steps;
  }

  function panel(title, ...children) {
    return element("section", { className: "runner-panel", ariaLabel: title }, element("p", { className: "runner-title" }, title), ...children);
  }

  // A run of its own below a button: `order` makes what the worker is to do.
  function task(text, order, output) {
    let running = null;
    const said = element("span", { className: "runner-said" });
    const pressed = button(text, () => (running ? stop(running) : begin(order())));
    function begin(what) {
      let seen = "";
      output.replaceChildren();
      pressed.textContent = "Stop";
      running = {
        order: what,
        say: (words) => (said.textContent = words),
        began: () => (said.textContent = `Running: at most ${what.seconds} s.`),
        show: (message) => {
          output.show(message);
          seen += message.printed ?? message.error ?? message.shown?.["text/plain"] ?? "";
        },
        done: () => {
          running = null;
          pressed.textContent = text;
          said.textContent = "";
          announce(seen || "Stopped.");
        },
      };
      submit(running);
    }
    return { pressed, said, begin };
  }

  function workPanel(notebook) {
    const output = makeOutput();
    const judge = task("Judge", () => null, output);
    judge.pressed.hidden = true;
    const file = element("input", { type: "file", accept: ".py,.ipynb", className: "runner-file" });
    const take = async (chosen) => {
      if (!chosen) return;
      const text = await chosen.text();
      judge.pressed.hidden = false;
      judge.begin({ file: true, name: chosen.name, text, seconds: RUN, limit: CHECK, most: ABOVE });
      const known = [...stepsOf(text)].filter(([id]) => notebook.solutions.some((cell) => cell.id === id));
      if (known.length) {
        output.append(button("Put it into the editors", ({ target }) => {
          for (const [id, source] of known) notebook.cell(id).editor.value = source;
          target.remove();
          announce("Your file is in the editors.");
        }));
      }
    };
    file.addEventListener("change", () => take(file.files[0]).then(() => (file.value = "")));
    document.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      box.scrollIntoView();
      take(event.dataTransfer.files[0]);
    });
    const box = panel(
      "Your work",
      element("p", {}, "Write and run everything on this page. What you write stays in this browser and goes nowhere else. The first run loads Python, ", `${config.megabytes} MB. In an editor, Escape and then Tab leads on; Shift and Enter run.`),
      element("div", { className: "runner-bar" },
        button("Download softmax.py", () => download("softmax.py", asScript(notebook), "text/x-python")),
        button("Download the notebook", () => asNotebook(notebook).then((text) => download("softmax.ipynb", text, "application/json"))),
        element("label", { className: "runner-button" }, "Open a file to judge", file),
        judge.pressed, judge.said),
      output,
    );
    return box;
  }

  function trainPanel(notebook) {
    notebook.extra.push({ id: "train-own", source: "train_own(Softmax)" });
    const output = makeOutput();
    const order = () => ({ session: notebook.path, cells: notebook.sources(), target: "train-own", seconds: RUN, limit: CHECK, most: ABOVE });
    const train = task("Train your classifier", order, output);
    return panel(
      "Your classifier, trained here",
      element("p", {}, "600 steps of your own loss, train and predict, on 5,000 pictures of Shapes-10. That takes a few seconds; then your ten templates appear."),
      element("div", { className: "runner-bar" }, train.pressed, train.said),
      output,
    );
  }

  // ---- "Now yours" at the end of a chapter ------------------------------------------

  const STEPS = {
    "naive-loss": "ex1",
    "naive-gradient": "ex2",
    vectorized: "ex3",
    "gradient-check": "ex2-experiment",
    train: "ex4",
    predict: "ex5",
    search: "ex6",
    "question-1": "q1",
    "question-2": "q2",
    templates: "templates",
  };
  let worksheet = null;
  const loadWorksheet = () =>
    (worksheet ??= fetch(new URL(config.worksheet, home))
      .then((answer) => answer.text())
      .then((html) => {
        const page = new DOMParser().parseFromString(html, "text/html");
        return new Notebook(page, new URL(config.worksheet, home).pathname);
      }));

  function offerStep(box) {
    const step = [...box.classList].find((name) => name.startsWith("step-"))?.slice(5);
    if (!(step in STEPS)) return;
    const open = button("Write it here", async () => {
      open.disabled = true;
      const cell = (await loadWorksheet()).cell(STEPS[step]);
      const hints = [];
      for (let next = cell.box.nextElementSibling; next?.matches("details"); next = next.nextElementSibling) hints.push(next);
      open.parentElement.replaceWith(element("div", { className: "runner-step" }, cell.box, ...hints));
      cell.revive();
      (cell.editor ?? cell.runButton).focus();
    });
    box.append(element("div", { className: "runner-bar" }, open));
  }

  // ---- the page ----------------------------------------------------------------------

  function revive() {
    const article = document.querySelector("article");
    if (!config || !article) return;
    if (location.protocol === "file:") {
      const how = "Opened from disk, this page cannot run Python. Serve it: ";
      const note = element("p", { className: "runner-how" }, how, element("code", {}, "python3 -m http.server -d _build/html"), ", then open http://localhost:8000.");
      article.querySelector("h1")?.after(note);
      return;
    }
    document.body.append(region);
    const notebook = new Notebook(article, location.pathname);
    for (const box of article.querySelectorAll(".now-yours")) offerStep(box);
    if (!config.runs) return;
    for (const cell of notebook.cells) if (!(cell.isCheck && notebook.cells.some((other) => other.check === cell))) cell.revive();
    for (const cell of notebook.cells) if (cell.check) cell.check.box.classList.add("runner-folded");
    if (notebook.solutions.length) {
      article.querySelector("h2").parentElement.before(workPanel(notebook));
      notebook.cell("templates")?.box.after(trainPanel(notebook));
    }
  }

  document.addEventListener("DOMContentLoaded", revive);
  return { store, stepsOf, markdown, harmless };
})();
