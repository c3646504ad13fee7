// Run Python once, by Node, so that a page starts it in a second: `build.py` calls
// `node prepare.cjs FOLDER` on the files of Pyodide. The first Python packs what the first
// run needs, with its bytecode (prepare.py). The second imports what that imported of the
// standard library, and its memory is kept: a page begins with it.
"use strict";

const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const folder = process.argv[2];
const { loadPyodide } = require(join(folder, "pyodide.js"));

const env = { HOME: "/home/pyodide", SOFTMAX_LIB_DATASET: "shapes10", MPLBACKEND: "agg" };

async function main() {
  const first = await loadPyodide({ indexURL: folder, env });
  first.FS.mkdirTree("/built");
  first.mountNodeFS("/built", folder);
  const modules = first.runPython(readFileSync(join(__dirname, "prepare.py"), "utf8"));
  const second = await loadPyodide({ indexURL: folder, env, _makeSnapshot: true });
  second.runPython(`import ${modules}`);
  writeFileSync(join(folder, "memory"), second.makeMemorySnapshot());
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(String(error));
    process.exit(1);
  },
);
