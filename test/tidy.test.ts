/** What the linter can't check: rules of the house that hold over the whole tree. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ISSUE_CODES } from "../src/base/issue.ts";
import { environmentName } from "../src/cli/environment.ts";
import { createProgram } from "../src/cli/program.ts";
import { metricTable, nodeMetricTable } from "../src/observe/metric-table.ts";
import { DENY_REASONS } from "../src/policy/verdict.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Everything that is or is about to be committed, but what others wrote and what is generated. */
const FILES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)))
  .filter((path) => !/^test\/vectors\/|\/generated\/|^LICENSE$|^schemas\//.test(path));

const SOURCES = FILES.filter((path) => /^src\/.*\.ts$/.test(path));
const CODE = FILES.filter((path) => /\.(ts|js|mjs|sh)$|^Makefile$|^\.ci\//.test(path));
const DOCUMENTS = FILES.filter((path) => path.endsWith(".md"));

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** `path:line: text` of every line that matches. */
function linesMatching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe("the tree", () => {
  it("is not empty, or nothing below means anything", () => {
    assert.ok(SOURCES.length > 50, `${SOURCES.length} sources`);
    assert.ok(DOCUMENTS.length > 3);
  });

  it("has no reminders left and no test that is switched off", () => {
    const reminder = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
    assert.deepEqual(linesMatching(FILES, reminder), []);
    const off = new RegExp(
      `\\b(it|test|describe)\\.(${["sk" + "ip", "on" + "ly", "to" + "do"].join("|")})\\(`,
    );
    assert.deepEqual(linesMatching(CODE, off), []);
  });

  it("has no file so long that two ideas share it", () => {
    // Tables of cases read well at a length where code does not.
    const linesMax = (path: string): number => (/^(test|bench)\//.test(path) ? 600 : 500);
    const long = CODE.map((path) => ({ path, lines: read(path).split("\n").length - 1 }));
    assert.deepEqual(
      long.filter(({ path, lines }) => lines > linesMax(path)),
      [],
    );
  });

  it("names no package registry", () => {
    const hosts = [
      "registry" + ".npmjs",
      "npmjs" + ".org",
      "pypi" + ".org",
      "pythonhosted" + ".org",
      "golang" + ".org/proxy",
      "crates" + ".io",
    ];
    const pattern = new RegExp(hosts.map((host) => host.replaceAll(".", "\\.")).join("|"));
    assert.deepEqual(linesMatching(FILES, pattern), []);
    assert.equal(
      /"resolved": "https?:/.test(read("package-lock.json")),
      false,
      "package-lock.json says where from",
    );
  });
});

describe("sources", () => {
  const rules = [
    {
      what: "read a clock only in base/clock.ts",
      pattern: /\b(Date\.now|performance\.now|process\.hrtime|new Date\(\))/,
      except: /^src\/base\/clock\.ts$/,
    },
    {
      what: "know environment, arguments and exit only in cli/",
      pattern: /\bprocess\.(env|argv|exit|exitCode)\b/,
      except: /^src\/cli\//,
    },
    { what: "make no regular expression of text", pattern: /\bnew RegExp\(|\bRegExp\(/, except: /^$/ },
    { what: "evaluate no text as code", pattern: /\beval\(|\bnew Function\(/, except: /^$/ },
    {
      what: "feed no request target to a URL parser",
      pattern: /\bnew URL\((?!"[^"]+", import\.meta\.url\)|main, import\.meta\.url\))/,
      except: /^$/,
    },
  ];
  for (const { what, pattern, except } of rules) {
    it(what, () => {
      const checked = SOURCES.filter((path) => !except.test(path));
      assert.deepEqual(linesMatching(checked, pattern), []);
    });
  }
});

describe("docs/operations.md", () => {
  const operations = read("docs/operations.md");

  /** First cells of the table under a heading, without their backticks. */
  function tableUnder(heading: string): string[] {
    const section = operations.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
    assert.ok(section !== undefined, `docs/operations.md has a section "${heading}"`);
    return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? "");
  }

  it("has every issue code", () => {
    assert.deepEqual(tableUnder("Issue codes").sort(), [...ISSUE_CODES].sort());
  });

  it("has every reason to deny", () => {
    assert.deepEqual(tableUnder("Reasons").sort(), [...DENY_REASONS].sort());
  });

  it("has every metric, with its type and labels", () => {
    const sidecar = metricTable({ reasons: ["r"], semantics: ["s"], issueCodes: ["i"], version: "0" });
    const known = new Set(sidecar.map(({ name }) => name));
    const node = nodeMetricTable({ issueCodes: ["i"], version: "0" });
    const table = [...sidecar, ...node.filter(({ name }) => !known.has(name))];
    const names = table.map(({ name, label }) => (label === undefined ? name : `${name}{${label.name}}`));
    assert.deepEqual(tableUnder("Metrics").sort(), names.sort());
    for (const { name, type } of table) {
      assert.match(operations, new RegExp(`\\| \`${name}(\\{[a-z]+\\})?\` \\| ${type} \\|`));
    }
  });

  it("has every flag of every command", () => {
    const io = { stdout: { write() {} }, stderr: { write() {} }, stdin: (async function* () {})(), env: {} };
    const flags = createProgram({ io, finish() {} }).commands.flatMap(({ options }) => options);
    const long = new Set(flags.flatMap((option) => (option.long === "--help" ? [] : [option.long ?? ""])));
    assert.deepEqual(tableUnder("Flags").sort(), [...long].sort());
    const twins = new Set(flags.map(environmentName));
    assert.ok(twins.has("EPHOR_PATH_PROFILE"));
  });
});

describe("docs/architecture.md", () => {
  it("says of each room what the linter enforces", () => {
    const rows = [...read("docs/architecture.md").matchAll(/^\| `(\w+)\/` \|.*\| ([^|]+) \|$/gm)];
    const documented = rows.map(([, room, may]) => ({
      room,
      may: (may ?? "")
        .replace(/\([^)]*\)/g, "")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "–")
        .sort(),
    }));
    assert.deepEqual(documented, lintedRooms());
  });

  /** The rooms of biome.json's overrides, with the rooms that each may import. */
  function lintedRooms(): unknown[] {
    type Override = {
      readonly includes: readonly string[];
      readonly linter: {
        readonly rules: {
          readonly style?: {
            readonly noRestrictedImports?: {
              readonly options: { readonly patterns: readonly { readonly group: readonly string[] }[] };
            };
          };
        };
      };
    };
    const { overrides } = JSON.parse(read("biome.json")) as { overrides: readonly Override[] };
    return overrides.flatMap(({ includes, linter }) => {
      const group = linter.rules.style?.noRestrictedImports?.options.patterns[0]?.group;
      const room = /^src\/(\w+)\/\*\*$/.exec(includes[0] ?? "")?.[1];
      if (group === undefined || room === undefined) return [];
      const may = group.flatMap((glob) => /^!\*\*\/(\w+)\//.exec(glob)?.[1] ?? []).sort();
      return [{ room, may: room === "cli" ? ["all"] : may }];
    });
  }
});

describe("the linter", () => {
  const rooms = [...read("docs/architecture.md").matchAll(/^\| `(\w+)\/` \|/gm)].map(
    (match) => match[1] ?? "",
  );
  type Asked = Readonly<Record<string, readonly string[]>>;

  /** Of the specifiers that a file of each room imports, those that the linter refuses. */
  function refused(asked: Asked): Asked {
    const tree = mkdtempSync(join(tmpdir(), "ephor-lint-"));
    try {
      const config = { ...JSON.parse(read("biome.json")), vcs: { enabled: false } };
      writeFileSync(join(tree, "biome.json"), JSON.stringify(config));
      for (const [room, specifiers] of Object.entries(asked)) {
        const lines = specifiers.map((from, index) => `export { x${index} } from "${from}";\n`);
        mkdirSync(join(tree, "src", room), { recursive: true });
        writeFileSync(join(tree, "src", room, "x.ts"), lines.join(""));
      }
      const args = [
        "lint",
        "--colors=off",
        "--max-diagnostics=none",
        "--only=style/noRestrictedImports",
        "src",
      ];
      const { stdout, stderr } = spawnSync(join(ROOT, "node_modules/.bin/biome"), args, {
        cwd: tree,
        encoding: "utf8",
      });
      const told = `${stdout}${stderr}`;
      assert.match(told, new RegExp(`Checked ${Object.keys(asked).length} files?`), told);
      const places = [...told.matchAll(/^src\/(\w+)\/x\.ts:(\d+):\d+ lint\/style\/noRestrictedImports/gm)];
      const refusedLines = new Set(places.map(([, room, line]) => `${room} ${line}`));
      return mapRooms(asked, (room, specifiers) =>
        specifiers.filter((_, index) => refusedLines.has(`${room} ${index + 1}`)),
      );
    } finally {
      rmSync(tree, { recursive: true });
    }
  }

  function mapRooms(
    asked: Asked,
    change: (room: string, specifiers: readonly string[]) => readonly string[],
  ): Asked {
    return Object.fromEntries(
      Object.entries(asked).map(([room, specifiers]) => [room, change(room, specifiers)]),
    );
  }

  it("keeps every room from those below it in the table, by whatever way", () => {
    const asked = Object.fromEntries(
      rooms.slice(0, -1).map((room, index) => {
        const below = rooms.slice(index + 1);
        return [room, below.flatMap((other) => [`../${other}/x.ts`, `../../src/${other}/x.ts`])];
      }),
    );
    assert.deepEqual(refused(asked), asked);
  });

  it("keeps calc to the messages of policy and the resource types of datastore, and sync and authz apart", () => {
    const open: Asked = {
      calc: ["../policy/messages.ts", "../datastore/resources.ts", "../base/x.ts", "./x.ts"],
      authz: ["../policy/snapshot.ts", "../observe/x.ts"],
      sync: ["../policy/snapshot.ts", "../identity/x.ts"],
      cli: ["../calc/graph.ts", "../authz/x.ts", "./demo/x.ts"],
    };
    const shut: Asked = {
      calc: ["../policy/evaluate.ts", "../datastore/datastore.ts", "../observe/x.ts", "../identity/x.ts"],
      authz: ["../sync/x.ts", "../selector/x.ts", "../calc/x.ts"],
      sync: ["../authz/x.ts", "../net/x.ts"],
      cli: [],
    };
    assert.deepEqual(
      refused(mapRooms(open, (room, specifiers) => [...specifiers, ...(shut[room] ?? [])])),
      shut,
    );
  });

  it("lets each package into the rooms that own it and no other", () => {
    const owners: Asked = {
      pino: ["observe"],
      "prom-client": ["observe"],
      yaml: ["datastore"],
      zod: ["datastore"],
      commander: ["cli"],
      "node-forge": ["identity", "cli"],
      "@grpc/grpc-js": ["datastore", "sync"],
      "left-pad": [],
    };
    const packages = Object.keys(owners);
    const shut = mapRooms(Object.fromEntries(rooms.map((room) => [room, packages])), (room, names) =>
      names.filter((name) => !owners[name]?.includes(room)),
    );
    assert.deepEqual(refused(Object.fromEntries(rooms.map((room) => [room, packages]))), shut);
  });

  it("keeps files and sockets out of the pure rooms", () => {
    const builtIns = [
      "node:fs",
      "node:fs/promises",
      "node:net",
      "node:http",
      "node:child_process",
      "node:timers",
    ];
    const pure = ["base", "net", "selector", "identity", "policy", "calc"];
    const asked = Object.fromEntries(pure.map((room) => [room, builtIns]));
    assert.deepEqual(refused(asked), asked);
  });
});

describe("docs/dependencies.md", () => {
  it("has a line for each dependency, with its version", () => {
    const page = read("docs/dependencies.md");
    for (const file of ["package.json", "proto/package.json"]) {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file));
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        const own = name === "envoy-ext-authz-proto";
        const line = own ? `| \`${name}\` |` : `| \`${name}\` ${version} |`;
        assert.ok(page.includes(line), `docs/dependencies.md lacks ${line} (${file})`);
      }
    }
  });
});

describe("documents", () => {
  it("link to what exists", () => {
    const broken = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });
});

describe("package-lock.json", () => {
  it("has an entry for every dependency on every platform, or npm ci refuses it", () => {
    type Entry = { readonly dependencies?: object; readonly optionalDependencies?: object };
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, Entry> };
    const missing = Object.entries(packages).flatMap(
      ([place, { dependencies = {}, optionalDependencies = {} }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies })
          .filter(
            (name) => !(`${place}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
          )
          .map((name) => `${place}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });
});
