import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findGroup, listenOnUnixSocket, SOCKET_MODE_DEFAULT } from "../../src/authz/unix-socket.ts";

const directory = mkdtempSync(join(tmpdir(), "ephor-socket-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

function newServer(): Server {
  const server = createServer((socket) => {
    // Whoever only looks whether somebody is there leaves without reading.
    socket.on("error", () => {});
    socket.end("live");
  });
  servers.push(server);
  return server;
}

async function listen(path: string, mode = SOCKET_MODE_DEFAULT, group?: number): Promise<Server> {
  const server = newServer();
  await listenOnUnixSocket(server, path, { mode, group });
  return server;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

async function answer(path: string): Promise<string> {
  const socket = connect({ path });
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

describe("listenOnUnixSocket()", () => {
  it("W30: makes a socket that owner and group may use, others not, and answers", async () => {
    const path = join(directory, "default");
    await listen(path);
    assert.equal(modeOf(path), 0o660);
    assert.equal(await answer(path), "live");
  });

  it("takes another mode, and leaves the process's mask as it was", async () => {
    const mask = process.umask();
    const path = join(directory, "mode");
    await listen(path, 0o600);
    assert.equal(modeOf(path), 0o600);
    assert.equal(process.umask(), mask);
  });

  it("gives the socket its group", async () => {
    const path = join(directory, "group");
    const group = process.getgroups?.().at(-1) ?? 0;
    await listen(path, 0o660, group);
    assert.equal(statSync(path).gid, group);
  });

  it("W30: is open to nobody between being made and having its mode, whatever the mask was", async () => {
    const path = join(directory, "window");
    const mask = process.umask(0);
    try {
      const server = newServer();
      const seen: number[] = [];
      const listening = listenOnUnixSocket(server, path, { mode: 0o660, group: undefined });
      server.prependListener("listening", () => seen.push(modeOf(path)));
      await listening;
      assert.deepEqual(seen, [0]);
    } finally {
      process.umask(mask);
    }
  });

  it("W30: refuses a socket that somebody answers on, and leaves it alone", async () => {
    const path = join(directory, "live");
    await listen(path);
    await assert.rejects(listen(path), /another process listens/);
    assert.equal(await answer(path), "live");
  });

  it("replaces the socket of a process that was killed", async () => {
    const path = join(directory, "stale");
    const child = spawn(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`,
    ]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(existsSync(path));
    await listen(path);
    assert.equal(await answer(path), "live");
  });

  it("W30: never removes what is not a socket", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "precious");
    await assert.rejects(listen(file), /not a socket/);
    const link = join(directory, "link");
    symlinkSync(file, link);
    await assert.rejects(listen(link), /not a socket/);
    assert.ok(existsSync(file) && existsSync(link));
  });

  it("says so if the directory is missing, or is none", async () => {
    await assert.rejects(
      listen(join(directory, "missing", "x")),
      /the directory `.*missing` for the socket does not exist/,
    );
    const file = join(directory, "none");
    writeFileSync(file, "");
    await assert.rejects(listen(join(file, "x")), /not a directory/);
  });

  it("leaves nothing behind where the group can't be given", async () => {
    const path = join(directory, "bad-group");
    await assert.rejects(listen(path, 0o660, 2 ** 32 + 7));
    assert.equal(existsSync(path), false);
  });

  it("takes the socket away when the server closes", async () => {
    const path = join(directory, "closed");
    const server = await listen(path);
    server.close();
    await once(server, "close");
    assert.equal(existsSync(path), false);
  });
});

describe("findGroup()", () => {
  const file = join(directory, "groups");
  writeFileSync(file, "root:x:0:\nenvoy:x:1337:a,b\n\n#comment\nodd\nbad:x:1x:\n");

  it("finds a group by name", async () => assert.equal(await findGroup("envoy", file), 1337));
  it("takes a number as it is", async () => assert.equal(await findGroup("4711", file), 4711));
  for (const name of ["nobody", "", "odd", "bad", "envo", "envoy:x", "-1"]) {
    it(`finds no group ${JSON.stringify(name)}`, async () => {
      await assert.rejects(findGroup(name, file), /there is no group/);
    });
  }
});
