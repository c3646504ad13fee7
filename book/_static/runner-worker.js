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

// Return what fetches a file that is compressed (tools/live/build.py says why), and tells
// how much of all that is needed has come.
function bringing(plainFetch, sizes) {
  const total = Object.values(sizes).reduce((a, b) => a + b, 0);
  let come = 0;
  return async (name) => {
    const response = await plainFetch(`${base}${name}.packed`);
    if (!response.ok) throw new Error(`${name} could not be loaded: ${response.status}`);
    const packed = await response.blob();
    tell({ loading: (come += sizes[name]) / total, bytes: total });
    const unpacked = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(unpacked, { headers: { "Content-Type": "application/wasm" } });
  };
}

// Write the files of a tar archive into Python's folders.
function putFiles(tar, folder) {
  const text = (at, length) =>
    new TextDecoder().decode(tar.subarray(at, at + length)).replace(/\0.*/s, "");
  for (let at = 0; tar[at]; ) {
    const path = `${folder}/${text(at, 100)}`;
    const size = parseInt(text(at + 124, 12), 8);
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(path, tar.subarray(at + 512, at + 512 + size));
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

// Python does not start: its memory is that of one that has (tools/live/prepare.cjs).
async function load() {
  base = order.base;
  const { sizes } = order;
  const plainFetch = self.fetch.bind(self);
  const bring = bringing(plainFetch, sizes);
  self.fetch = (what, ...options) => {
    const name = String(what.url ?? what).split("/").pop();
    return name in sizes ? bring(name) : plainFetch(what, ...options);
  };
  const [memory, first] = ["memory", "first.tar"].map(async (name) =>
    new Uint8Array(await (await bring(name)).arrayBuffer()));
  importScripts(`${base}pyodide.js`);
  python = await loadPyodide({ indexURL: base, stdin: () => null, _loadSnapshot: memory });
  putFiles(await first, "/lib/python3.12/site-packages");
  for (const name of ["numpy", "softmax-lib"]) python.loadedPackages[name] = "default channel";
  python.setInterruptBuffer(interrupts);
  module = python.runPython("import importlib; importlib.invalidate_caches(); import in_page; in_page");
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
