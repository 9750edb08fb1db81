import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { proxyHeader } from "../../../src/cli/demo/pod-connection.ts";

// The examples follow section 2.1 of the PROXY protocol's specification.
describe("proxyHeader()", () => {
  it("announces an IPv4 connection", () => {
    const header = proxyHeader(
      { address: "192.168.0.1", port: 56324 },
      { address: "192.168.0.11", port: 443 },
    );
    assert.equal(header, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  });

  it("announces an IPv6 connection", () => {
    const header = proxyHeader({ address: "fd00::1", port: 1 }, { address: "fd00::2", port: 65535 });
    assert.equal(header, "PROXY TCP6 fd00::1 fd00::2 1 65535\r\n");
  });
});
