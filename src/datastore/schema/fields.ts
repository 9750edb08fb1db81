/**
 * The values that fields of resources hold: each one definition that reads the value, says what is wrong with it,
 * and describes itself in the JSON Schema that editors use.
 */
import { z } from "zod";
import { SELECTOR_FIELD_MAX_CHARS } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Cidr, type IpAddress, parseAddress, parseCidr, parseCidrMasked } from "../../net/address.ts";
import { protocolNumber } from "../../net/protocol.ts";
import type { Protocol } from "../../policy/messages.ts";
import { parseSelector } from "../../selector/parse-selector.ts";
import { mentionsGlobal, type Selector } from "../../selector/selector.ts";
import { quote } from "../locate.ts";
import type { RulePort } from "../resources.ts";
import { type Problem, pushProblem } from "./problem.ts";

/** A field that is text and is read by a parser of ours. */
function parsedText<T>(
  parse: (text: string) => Result<T, Problem>,
  hints: { readonly description: string; readonly pattern?: string; readonly maxLength?: number },
): z.ZodType<T, unknown> {
  return z
    .string()
    .meta(hints)
    .transform((text, context) => {
      const outcome = parse(text);
      if (outcome.ok) return outcome.value;
      pushProblem(context, outcome.error, [], text);
      return z.NEVER;
    });
}

/** A field that is a number or text, such as a port. */
function parsedNumberOrText<T>(
  parse: (value: number | string) => Result<T, Problem>,
  hints: { readonly description: string; readonly expected: string },
): z.ZodType<T, unknown> {
  return z
    .union([z.number(), z.string()], { error: (raw) => expectedText(raw.input, hints.expected) })
    .meta({ description: hints.description })
    .transform((value, context) => {
      const outcome = parse(value);
      if (outcome.ok) return outcome.value;
      pushProblem(context, outcome.error, [], value);
      return z.NEVER;
    });
}

function expectedText(input: unknown, expected: string): string {
  return input === undefined ? `missing_field missing: ${expected}` : `bad_value expected ${expected}`;
}

/** A list without a member twice. */
export function listOf<T>(
  member: z.ZodType<T, unknown>,
  limits: { readonly max: number; readonly min?: number },
): z.ZodType<T[], unknown> {
  return z
    .array(member)
    .min(limits.min ?? 0)
    .max(limits.max);
}

/** Labels and annotations: text to text, kept as a map since keys come from outside. */
export const TEXT_MAP: z.ZodType<ReadonlyMap<string, string>, unknown> = z
  .record(z.string(), z.string())
  .transform((record) => new Map(Object.entries(record)));

export const FINITE_NUMBER: z.ZodType<number, unknown> = z.number();

/**
 * A selector, alone. `undefined` where empty or blank.
 *
 * @param global where `global()` may stand: nowhere, or as the whole selector (namespace selectors of rules).
 */
export function selectorField(global: "never" | "alone"): z.ZodType<Selector | undefined, unknown> {
  return parsedText((text) => parseField(text, global), {
    description: global === "alone" ? "A selector, or `global()` alone." : "A selector.",
    maxLength: SELECTOR_FIELD_MAX_CHARS,
  });
}

function parseField(text: string, global: "never" | "alone"): Result<Selector | undefined, Problem> {
  if (text.length > SELECTOR_FIELD_MAX_CHARS) {
    return err({
      code: "limit",
      message: `a selector has at most ${SELECTOR_FIELD_MAX_CHARS} characters; this one has ${text.length}`,
    });
  }
  const parsed = parseSelector(text);
  if (!parsed.ok) {
    return err({ code: "bad_selector", message: parsed.error.message, offset: parsed.error.offset });
  }
  if (mentionsGlobal(parsed.value)) {
    if (global === "never") return err({ code: "bad_selector", message: "`global()` is not allowed here" });
    if (parsed.value.op !== "global") {
      return err({ code: "bad_selector", message: "`global()` is allowed only alone, not combined" });
    }
  }
  return ok(text.trim() === "" ? undefined : parsed.value);
}

/** A CIDR of a rule: with its length, without host bits. */
export const RULE_CIDR: z.ZodType<Cidr, unknown> = parsedText(
  (text) => withCode("bad_cidr", parseCidr(text)),
  { description: "A CIDR without host bits, such as 10.0.0.0/8 or fd00::/8." },
);

/** A CIDR whose host bits are cleared; with `bare`, an address alone will do. */
export function maskedCidr(bare: "allowed" | "refused"): z.ZodType<Cidr, unknown> {
  return parsedText((text) => parseMasked(text, bare), {
    description: bare === "allowed" ? "An address or CIDR." : "A CIDR, such as 10.0.0.0/8 or fd00::/8.",
  });
}

function parseMasked(text: string, bare: "allowed" | "refused"): Result<Cidr, Problem> {
  const cidr = withCode("bad_cidr", parseCidrMasked(text));
  if (cidr.ok && bare === "refused" && !text.includes("/")) {
    return withCode("bad_cidr", parseCidr(text));
  }
  return cidr;
}

function withCode<T>(code: Problem["code"], outcome: Result<T, string>): Result<T, Problem> {
  return outcome.ok ? outcome : err({ code, message: outcome.error });
}

/** The address of a workload: alone, or with a prefix length that is checked and dropped. */
export const ADDRESS: z.ZodType<IpAddress, unknown> = parsedText(parseAddressField, {
  description: "An IP address; a prefix length after it is dropped.",
});

/** Reads `10.1.0.9` or `10.1.0.9/32`. */
export function parseAddressField(text: string): Result<IpAddress, Problem> {
  const slash = text.indexOf("/");
  const cidr = withCode("bad_cidr", parseCidrMasked(text));
  if (!cidr.ok) return cidr;
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return err({ code: "bad_cidr", message: `${quote(text)} is not an IP address` });
  return ok(address);
}

const PORT_EXPECTED = "a port from 1 to 65535, a range such as `8000:8010`, or the name of a port";

/** A port of a rule: `80`, `"80"`, `"8000:8010"` or a name. */
export const RULE_PORT: z.ZodType<RulePort, unknown> = parsedNumberOrText(parsePort, {
  description: "A port number, a range first:last, or the name of a port of the peer.",
  expected: PORT_EXPECTED,
});

function parsePort(value: number | string): Result<RulePort, Problem> {
  if (typeof value === "number") return portRange(value, value, String(value));
  const range = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(value);
  if (range !== null) {
    const first = Number(range[1]);
    return portRange(first, range[2] === undefined ? first : Number(range[2]), value);
  }
  if (/^[a-zA-Z0-9_.-]{1,128}$/.test(value) && !/^[0-9]+$/.test(value)) return ok({ name: value });
  return err({ code: "bad_port", message: `${quote(value)} is not ${PORT_EXPECTED}` });
}

function portRange(first: number, last: number, text: string): Result<RulePort, Problem> {
  if (!isPort(first) || !isPort(last)) {
    return err({ code: "bad_port", message: `${quote(text)}: ports are whole numbers from 1 to 65535` });
  }
  if (first > last)
    return err({ code: "bad_port", message: `${quote(text)}: the range ends before it begins` });
  return ok({ first, last });
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

const PROTOCOL_NAMES = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"];
const PROTOCOL_EXPECTED = `${PROTOCOL_NAMES.join(", ")} or a number from 1 to 255`;

/** A protocol of a rule: a name in any case, which comes out lower-cased, or a number, also as text. */
export const PROTOCOL: z.ZodType<Protocol, unknown> = parsedNumberOrText(parseProtocol, {
  description: `A protocol: ${PROTOCOL_EXPECTED}.`,
  expected: PROTOCOL_EXPECTED,
});

function parseProtocol(value: number | string): Result<Protocol, Problem> {
  const number = typeof value === "number" ? value : /^[0-9]{1,10}$/.test(value) ? Number(value) : undefined;
  if (number === undefined) {
    const name = String(value).toLowerCase();
    if (protocolNumber(name) !== undefined) return ok({ name });
  } else if (Number.isInteger(number) && number >= 1 && number <= 255) {
    return ok({ number });
  }
  return err({ code: "bad_protocol", message: `${quote(String(value))} is not ${PROTOCOL_EXPECTED}` });
}
