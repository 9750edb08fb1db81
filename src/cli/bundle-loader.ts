/**
 * Loads the parts of the bundled program from V8's code cache, which `npm run build` has made of a running sidecar: what is in it is not
 * parsed and compiled again. A cache that another version of V8 made, or none, costs time and nothing else.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { constants, Script } from "node:vm";

/** What CommonJS wraps a file in. */
const WRAPPER_START = "(function (exports, require, module, __filename, __dirname) {";
const WRAPPER_END = "\n})";

/** Beside the bundled files: one file each. */
export const CACHE_FOLDER = "code-cache";

type Part = { exports: unknown };
type Wrapped = (
  exports: unknown,
  require: (id: string) => unknown,
  part: Part,
  file: string,
  folder: string,
) => void;

/** Requires bundled files by name, and what is not bundled from the Node that runs it. */
export class BundleLoader {
  readonly #folder: string;
  readonly #require: NodeJS.Require;
  readonly #parts = new Map<string, Part>();
  /** By file name; whoever makes the cache asks them for theirs. */
  readonly scripts: Map<string, Script> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
    this.#require = createRequire(join(folder, "main.js"));
  }

  load(name: string): unknown {
    const known = this.#parts.get(name);
    if (known !== undefined) return known.exports;
    const part: Part = { exports: {} };
    // Before it runs: files may require each other in a circle.
    this.#parts.set(name, part);
    const file = join(this.#folder, name);
    const script = this.#compile(name, file);
    this.scripts.set(name, script);
    const wrapped = script.runInThisContext() as Wrapped;
    wrapped.call(part.exports, part.exports, this.#requireFrom, part, file, this.#folder);
    return part.exports;
  }

  readonly #requireFrom = (id: string): unknown =>
    id.startsWith("./") ? this.load(id.slice("./".length)) : this.#require(id);

  #compile(name: string, file: string): Script {
    const cachedData = readCache(join(this.#folder, CACHE_FOLDER, `${name}.bin`));
    return new Script(`${WRAPPER_START}${readFileSync(file, "utf8")}${WRAPPER_END}`, {
      filename: file,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
  }
}

function readCache(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // not built, or not of a part that was running then
  }
}
