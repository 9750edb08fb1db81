import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = fileURLToPath(new URL("../../", import.meta.url));

describe("the package envoy-ext-authz-proto", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-proto-"));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("works from its own tarball: the texts lie where the code looks for them", () => {
    execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory], {
      cwd: join(repository, "proto"),
    });
    const [tarball] = readdirSync(directory);
    assert.ok(tarball);
    execFileSync("tar", ["-xzf", tarball], { cwd: directory });
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(join(repository, "node_modules/@grpc"), join(directory, "node_modules/@grpc"));
    const index = pathToFileURL(join(directory, "package/dist/index.js"));
    const script = `import { loadEtcdProtocols, loadProtocols, PROTO_DIRECTORY } from ${JSON.stringify(index.href)};
      console.log(loadProtocols().felix.PolicySync.service.Sync.path,
        loadEtcdProtocols().etcdserverpb.KV.service.Range.path, PROTO_DIRECTORY);`;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.match(
      printed,
      /^\/felix\.PolicySync\/Sync \/etcdserverpb\.KV\/Range .*ephor-proto-.*\/package\/protos\/\n$/,
    );
  });
});
