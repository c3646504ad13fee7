// Python in a worker, so that the page stays alive whatever the code does. The page
// (runner.js) sends one order at a time; tools/live/in_page.py carries it out.
"use strict";

const tell = (message) => self.postMessage(message);
let python, module, base;
let order = {}; // the one that is being carried out
let deadline = Infinity;

// Python asks this "buffer" now and then whether it is to stop: 2 is an interrupt. It
// writes 0 back, which must change nothing. Pyodide does not promise this; a test does.
const interrupts = {
  get 0() {
    if (performance.now() < deadline) return 0;
    deadline = Infinity; // once
    return 2;
  },
  set 0(_) {},
};

const limit = (seconds) => (deadline = performance.now() + 1000 * seconds);

const postFromPython = (json) => {
  const message = JSON.parse(json);
  // A check's own time is its own: only that of the reader's code is limited so.
  if (message.begin || message.clock === false) limit(order.seconds);
  if (message.clock) limit(order.limit);
  tell(message);
};

// Tell how much of what is needed has come.
function count(plainFetch, sizes) {
  let come = 0;
  const total = Object.values(sizes).reduce((a, b) => a + b, 0);
  self.fetch = async (...request) => {
    const response = await plainFetch(...request);
    const name = String(request[0]?.url ?? request[0]).split("/").pop();
    if (name in sizes) {
      response.clone().arrayBuffer().then(() => {
        come += sizes[name];
        delete sizes[name];
        tell({ loading: come / total, bytes: total });
      }, () => {});
    }
    return response;
  };
}

async function load() {
  base = order.base;
  count(self.fetch.bind(self), order.sizes);
  importScripts(`${base}pyodide.js`);
  python = await loadPyodide({
    indexURL: base,
    env: { HOME: "/home/pyodide", SOFTMAX_LIB_DATASET: "shapes10", MPLBACKEND: "agg" },
    packages: ["numpy", "softmax-lib"],
    stdin: () => null,
  });
  python.setInterruptBuffer(interrupts);
  const source = await (await fetch(`${base}in_page.py`)).text();
  python.FS.writeFile("/home/pyodide/in_page.py", source);
  module = python.runPython("import sys; sys.path.append('/home/pyodide'); import in_page; in_page");
  tell({ ready: true });
}

async function run() {
  const json = JSON.stringify(order);
  const make = order.file ? module.judge_file : module.run;
  for (;;) {
    limit(order.most); // for what is run before
    const result = JSON.parse(make(json, postFromPython));
    deadline = Infinity;
    if (!result.needs) return result;
    tell({ fetching: result.needs });
    await python.loadPackage(result.needs, { messageCallback: () => {} });
  }
}

async function obey(data) {
  try {
    order = data;
    if (order.base) await load();
    else tell({ done: true, ...(await run()) });
  } catch (error) {
    tell({ broken: String(error?.message ?? error).slice(0, 300) });
  }
}

let work = Promise.resolve(); // an order waits until the one before is carried out
self.onmessage = ({ data }) => (work = work.then(() => obey(data)));
