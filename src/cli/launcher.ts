#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=2
/** What starts the bundled program; `npm run build` makes `dist/cli/main.js` of it. Sources are started by `main.ts`. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { BundleLoader } from "./bundle-loader.ts";

new BundleLoader(dirname(fileURLToPath(import.meta.url))).load("program.js");
