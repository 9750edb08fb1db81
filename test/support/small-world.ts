/**
 * The names, addresses and ports of the random policies and requests: few, so that rules and requests meet often.
 */
export const NAMESPACES: readonly string[] = ["prod", "dev", "shop"];
export const ACCOUNTS: readonly string[] = ["web", "api", "db"];
export const METHODS: readonly string[] = ["GET", "POST", "DELETE"];
export const ADDRESSES: readonly string[] = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.3",
  "10.0.0.130",
  "10.0.1.1",
  "192.0.2.9",
  "fd00::1",
  "fd00::2",
  "fd00:0:0:1::1",
];

export const NETS: readonly string[] = [
  "10.0.0.0/24",
  "10.0.0.2/31",
  "10.0.0.0/25",
  "10.0.0.128/26",
  "10.0.0.1/32",
  "10.0.1.1/32",
  "0.0.0.0/0",
  "192.0.2.0/28",
  "128.0.0.0/1",
  "fd00::/64",
  "fd00::2/127",
  "fd00::1/128",
  "::/0",
];
export const PORTS: readonly number[] = [80, 443, 8080, 8443];
export const ADDRESS_SETS: readonly string[] = ["s:a", "s:b", "s:c", "s:d"];
export const PORT_SETS: readonly string[] = ["n:a", "n:b", "svc:a"];
/** Named by rules and never sent. */
export const ABSENT_SET = "s:absent";
export const SELECTORS: readonly string[] = ["app == 'x'", "tier != 'gold'", "has(app)", "all()"];
