import { readFileSync } from "node:fs";

/** The version in package.json, which lies two folders up from here in a checkout and in the installed package alike. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { readonly version?: unknown };
  return typeof version === "string" ? version : "unknown";
}
