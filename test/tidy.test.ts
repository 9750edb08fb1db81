/** What the linter can't check: rules of the house that hold over the whole tree. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ISSUE_CODES } from "../src/base/issue.ts";
import { environmentName } from "../src/cli/environment.ts";
import { createProgram } from "../src/cli/program.ts";
import { metricTable } from "../src/observe/metric-table.ts";
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
    const table = metricTable({ reasons: ["r"], semantics: ["s"], issueCodes: ["i"], version: "0" });
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
