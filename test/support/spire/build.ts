/** Builds SPIRE's server and agent from Go modules into the user's cache folder, unless they are there. Run by `make spire`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spireFolder } from "../spire.ts";

const folder = spireFolder();
if (!existsSync(folder)) {
  const building = `${folder}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  process.stdout.write(`building SPIRE into ${folder}; this takes some ten minutes on two cores\n`);
  // The server's store is SQLite in C.
  for (const [name, cgo] of [
    ["spire-agent", "0"],
    ["spire-server", "1"],
  ] as const) {
    const { status } = spawnSync(
      "go",
      [
        "build",
        "-mod=mod",
        "-buildvcs=false",
        "-trimpath",
        "-ldflags",
        "-s -w",
        "-o",
        `${building}/${name}`,
        `github.com/spiffe/spire/cmd/${name}`,
      ],
      {
        cwd: fileURLToPath(new URL("./", import.meta.url)),
        env: { ...process.env, CGO_ENABLED: cgo },
        stdio: "inherit",
      },
    );
    if (status !== 0) process.exit(1);
  }
  renameSync(building, folder);
}
