import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertGolden, type CliOptions, type CliResult, runCli } from "./run-cli.ts";

const SHOP = ["check", "--policies", "examples/shop", "--workload", "shop/api"];
const WEB = ["--from", "spiffe://cluster.local/ns/shop/sa/web"];
const RECORDED = fileURLToPath(new URL("../authz/envoy-checks/", import.meta.url));

function check(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return runCli([...SHOP, ...args], options);
}

describe("ephor check", () => {
  const golden = [
    { name: "check-allow.txt", args: [...WEB, "--method", "GET", "--path", "/v1/items"], exitCode: 0 },
    { name: "check-deny.txt", args: [...WEB, "--method", "DELETE", "--path", "/v1/items"], exitCode: 1 },
    { name: "check-connection.txt", args: [...WEB, "--port", "7443"], exitCode: 1 },
    {
      name: "check-ambiguous-path.txt",
      args: [...WEB, "--method", "GET", "--path", "/v1/items/..%2f..%2fadmin"],
      exitCode: 1,
    },
    {
      name: "check-foreign.txt",
      args: [
        "--from",
        "spiffe://elsewhere.example/ns/shop/sa/web",
        "--source-address",
        "10.65.0.11",
        "--method",
        "GET",
        "--path",
        "/v1/items",
      ],
      exitCode: 1,
    },
  ];
  for (const { name, args, exitCode } of golden) {
    it(`prints what golden/${name} holds`, async () => {
      const result = await check(args);
      assert.equal(result.stderr, "");
      assertGolden(name, result.stdout);
      assert.equal(result.exitCode, exitCode);
    });
  }

  it("tells the same as JSON", async () => {
    const { stdout, exitCode } = await check([
      ...WEB,
      "--method",
      "GET",
      "--path",
      "/v1/items",
      "--output",
      "json",
    ]);
    const report = JSON.parse(stdout);
    assert.equal(report.verdict, "allow");
    assert.deepEqual(report.decidedBy, {
      kind: "rule",
      tier: "default",
      policy: "NetworkPolicy shop/read-catalogue",
      ruleIndex: 0,
    });
    assert.equal(report.request.source, "10.65.0.11");
    assert.equal(exitCode, 0);
  });

  it("says which single change would turn a denial, and none for an allow", async () => {
    const denied = await check([...WEB, "--method", "DELETE", "--path", "/v1/items", "--output", "json"]);
    assert.match(JSON.parse(denied.stdout).nearest, /read-catalogue/);
    const allowed = await check([...WEB, "--method", "GET", "--path", "/v1/items", "--output", "json"]);
    assert.equal("nearest" in JSON.parse(allowed.stdout), false);
  });

  it("colours for a terminal only, and not where NO_COLOR is set", async () => {
    const args = [...WEB, "--method", "GET", "--path", "/v1/items"];
    const escapeByte = String.fromCharCode(27);
    assert.ok((await check(args, { isTTY: true })).stdout.includes(escapeByte));
    assert.ok(!(await check(args, { isTTY: true, env: { NO_COLOR: "1" } })).stdout.includes(escapeByte));
    assert.ok(!(await check(args)).stdout.includes(escapeByte));
  });

  it("takes flags from the environment", async () => {
    const env = { EPHOR_POLICIES: "examples/shop", EPHOR_WORKLOAD: "shop/api", EPHOR_METHOD: "GET" };
    const { exitCode } = await runCli(["check", ...WEB, "--path", "/v1/items"], { env });
    assert.equal(exitCode, 0);
  });

  it("maps the port that Envoy listens on to the one that policy names", async () => {
    const args = [
      "--from",
      "spiffe://cluster.local/ns/ops/sa/console",
      "--method",
      "GET",
      "--path",
      "/admin",
    ];
    assert.equal((await check([...args, "--port", "8443"])).exitCode, 0);
    assert.equal((await check([...args, "--port", "18443"])).exitCode, 1);
    assert.equal((await check([...args, "--port", "18443", "--port-map", "18443=8443"])).exitCode, 0);
    assert.equal((await check([...args, "--port", "8443", "--port-map", "8443=80"])).exitCode, 1);
  });

  it("denies whoever shows no identity where one is asked for", async () => {
    const args = [
      "--no-identity",
      "--source-address",
      "10.65.0.11",
      "--method",
      "GET",
      "--path",
      "/v1/items",
    ];
    const { exitCode, stdout } = await check(args);
    assert.match(stdout, /^deny {2}identity_unverified/);
    assert.equal(exitCode, 1);
  });

  it("denies the same identity from an address in quarantine", async () => {
    const args = [...WEB, "--source-address", "10.65.0.12", "--method", "GET", "--path", "/v1/items"];
    assert.match((await check(args)).stdout, /^deny {2}rule, GlobalNetworkPolicy blocklist rule 1/);
  });

  describe("--request", () => {
    const files = [
      "checkrequest-http-normalized-headers.json",
      "checkrequest-http1-direct-mtls-header_map.json",
      "checkrequest-tcp.json",
    ];
    for (const file of files) {
      it(`judges ${file} as Envoy sent it`, async () => {
        const { exitCode, stdout } = await check(["--request", join(RECORDED, file), "--output", "json"]);
        const report = JSON.parse(stdout);
        assert.equal(report.request.principal, "spiffe://cluster.local/ns/default/sa/client");
        assert.match(report.request.source, /^127\.0\.0\.1 port \d+$/);
        assert.equal(report.request.http === undefined, file.includes("tcp"));
        assert.equal(exitCode, 1);
      });
    }

    function request(http: object): string {
      const socketAddress = { address: "10.65.0.11", portValue: 40_000 };
      const destination = { address: { socketAddress: { address: "10.65.0.21", portValue: 8443 } } };
      const source = { principal: WEB[1], address: { socketAddress } };
      return JSON.stringify({ attributes: { source, destination, request: { http } } });
    }

    it("reads camel case from standard input", async () => {
      const stdin = request({ method: "GET", path: "/v1/items", headers: { "x-Camel": "a" } });
      const { exitCode, stdout } = await check(["--request", "-"], { stdin });
      assert.match(stdout, /10\.65\.0\.11 port 40000/);
      assert.equal(exitCode, 0);
    });

    it("announces requests to come as the call's metadata does", async () => {
      const attributes = JSON.parse(request({})).attributes;
      const { request: _, ...connection } = attributes;
      const metadata = { "x-ephor-http-follows": "true" };
      const with_ = JSON.stringify({ grpc_metadata: metadata, request: { attributes: connection } });
      const without = JSON.stringify({ grpc_metadata: {}, request: { attributes: connection } });
      assert.equal((await check(["--request", "-"], { stdin: with_ })).exitCode, 0);
      assert.equal((await check(["--request", "-"], { stdin: without })).exitCode, 1);
    });

    const refused = [
      { name: "what is not JSON", stdin: "{", message: /not JSON/ },
      { name: "what has no attributes", stdin: "{}", message: /no `attributes`/ },
      { name: "a list", stdin: "[]", message: /not a JSON object/ },
    ];
    for (const { name, stdin, message } of refused) {
      it(`refuses ${name}`, async () => {
        const { exitCode, stderr, stdout } = await check(["--request", "-"], { stdin });
        assert.match(stderr, message);
        assert.deepEqual([exitCode, stdout], [2, ""]);
      });
    }
  });

  describe("usage", () => {
    const wrong = [
      {
        name: "no directory",
        args: ["check", "--workload", "shop/api", ...WEB],
        message: /--policies DIR is required/,
      },
      {
        name: "nobody guarded",
        args: ["check", "--policies", "examples/shop", ...WEB],
        message: /--workload .* is required/,
      },
      { name: "two guarded", args: [...SHOP, "--host-endpoint", "h", ...WEB], message: /exclude each other/ },
      {
        name: "no caller",
        args: [...SHOP, "--method", "GET", "--path", "/"],
        message: /either --from SPIFFE_ID or --no-identity/,
      },
      {
        name: "two callers",
        args: [...SHOP, ...WEB, "--no-identity"],
        message: /either --from SPIFFE_ID or --no-identity/,
      },
      {
        name: "half a request",
        args: [...SHOP, ...WEB, "--method", "GET"],
        message: /--method and --path go together/,
      },
      { name: "two requests", args: [...SHOP, ...WEB, "--request", "-"], message: /--request excludes/ },
      {
        name: "a file that is not there",
        args: [...SHOP, "--request", "/none.json"],
        message: /no such file/,
      },
      {
        name: "a workload that is not there",
        args: ["check", "--policies", "examples/shop", "--workload", "shop/apy", ...WEB],
        message: /does not describe `shop\/apy`/,
      },
      {
        name: "a directory that is not there",
        args: ["check", "--policies", "/none", "--workload", "a/b", ...WEB],
        message: /unreadable/,
      },
      { name: "an unknown flag", args: [...SHOP, "--form", "x"], message: /unknown option '--form'/ },
      {
        name: "a bad address",
        args: [...SHOP, ...WEB, "--source-address", "10.0.0.256"],
        message: /not an IPv4 or IPv6 address/,
      },
      {
        name: "a bad word",
        args: [...SHOP, ...WEB, "--semantics", "lax"],
        message: /not one of strict, calico/,
      },
      {
        name: "a port with two meanings",
        args: [...SHOP, ...WEB, "--port-map", "1=2", "--port-map", "1=3"],
        message: /two meanings/,
      },
      {
        name: "a description without an address",
        args: [...SHOP, ...WEB, "--service-account", "x"],
        message: /needs --address too/,
      },
    ];
    for (const { name, args, message } of wrong) {
      it(`ends with 2 and says why for ${name}`, async () => {
        const { exitCode, stdout, stderr } = await runCli(args);
        assert.match(stderr, message);
        assert.deepEqual([exitCode, stdout], [2, ""]);
      });
    }
  });
});

describe("ephor check of a workload that flags describe", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-check-"));
  after(() => rmSync(directory, { recursive: true }));
  writeFileSync(
    join(directory, "policy.yaml"),
    `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: only-web, namespace: shop }
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
    - action: Allow
      source: { serviceAccounts: { names: [web] } }
`,
  );
  const labels = join(directory, "labels.txt");
  writeFileSync(labels, 'app="api"\npod-template-hash="7d9f"\n');
  const described = ["--labels-file", labels, "--service-account", "api", "--address", "10.0.0.1"];
  const args = [
    "check",
    "--policies",
    directory,
    "--workload",
    "shop/api-7d9f",
    "--method",
    "GET",
    "--path",
    "/",
  ];

  it("judges by identity alone, since no workload is listed, and says so", async () => {
    const { stdout, exitCode } = await runCli([...args, ...described, ...WEB]);
    assert.match(stdout, /lists no workload but the guarded one/);
    assert.equal(exitCode, 0);
  });

  it("denies another identity", async () => {
    const other = ["--from", "spiffe://cluster.local/ns/shop/sa/worker"];
    assert.equal((await runCli([...args, ...described, ...other])).exitCode, 1);
  });

  it("denies it when sets have to prove the peer too", async () => {
    const { stdout, exitCode } = await runCli([
      ...args,
      ...described,
      ...WEB,
      "--peer",
      "both",
      "--source-address",
      "10.0.0.2",
    ]);
    assert.match(stdout, /^deny {2}set_missing/);
    assert.equal(exitCode, 1);
  });

  it("denies everything when the inventory is declared complete and empty", async () => {
    const { exitCode } = await runCli([...args, ...described, ...WEB, "--inventory", "complete"]);
    assert.equal(exitCode, 1);
  });

  it("refuses labels that are not as the Downward API writes them, with their line", async () => {
    const bad = join(directory, "bad.txt");
    writeFileSync(bad, 'app="api"\napp: api\n');
    const { exitCode, stderr } = await runCli([
      ...args,
      "--labels-file",
      bad,
      "--address",
      "10.0.0.1",
      ...WEB,
    ]);
    assert.match(stderr, /bad\.txt:2: not a label/);
    assert.equal(exitCode, 2);
  });
});

describe("examples in help", () => {
  it("work when pasted", async () => {
    const { stdout } = await runCli(["check", "--help"]);
    const examples = stdout.replaceAll("\\\n", " ").match(/^ {2}ephor .*$/gm) ?? [];
    assert.equal(examples.length, 2);
    for (const example of examples) {
      const { exitCode, stderr } = await runCli(example.trim().split(/\s+/).slice(1));
      assert.deepEqual([exitCode, stderr], [0, ""], example);
    }
  });

  it("are the README's too", async () => {
    const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
    const commands = readme.replaceAll("\\\n", " ").match(/^npx ephor (check|validate) [^#\n]*/gm) ?? [];
    const exitCodes = [];
    for (const command of commands) {
      exitCodes.push((await runCli(command.trim().split(/\s+/).slice(2))).exitCode);
    }
    assert.deepEqual(exitCodes, [0, 1, 0]);
  });
});
