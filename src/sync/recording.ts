/**
 * Message streams as JSON lines, for bug reports and tests.
 *
 * A line is `{"endpoint":"prod/api","message":{…}}`, the message with field names as in the protocol. It holds what a sidecar would
 * have received: policies, set members and labels, so treat it as confidential.
 */
import { toError } from "../base/assert.ts";
import type { Issue } from "../base/issue.ts";
import { RECORDING_LINES_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { decodeMessage } from "../policy/decode-message.ts";
import { encodeMessage } from "../policy/encode-message.ts";
import type { EndpointId, Message } from "../policy/messages.ts";

export function recordLine(endpoint: EndpointId, message: Message): string {
  return `${JSON.stringify({ endpoint: endpointText(endpoint), message: encodeMessage(message) })}\n`;
}

/** `prod/api`, or a host endpoint's name. */
export function endpointText(id: EndpointId): string {
  return id.workloadId === "" ? id.endpointId : id.workloadId;
}

/**
 * One endpoint's messages out of a recording.
 *
 * @param endpoint as in `endpointText`; undefined where the recording holds one endpoint only.
 * @returns an issue located by line for what can't be read, and one where it is not clear whose messages are meant.
 */
export function readRecording(
  text: string,
  file: string,
  endpoint: string | undefined,
): Result<readonly Message[], Issue> {
  const lines = text.split("\n");
  if (lines.length > RECORDING_LINES_MAX)
    return refuse(file, "limit", `more than ${RECORDING_LINES_MAX} lines`);
  const streams = new Map<string, Message[]>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const read = readLine(line, `${file}:${index + 1}`);
    if (!read.ok) return read;
    const messages = streams.get(read.value.endpoint) ?? [];
    messages.push(read.value.message);
    streams.set(read.value.endpoint, messages);
  }
  const names = [...streams.keys()];
  if (endpoint === undefined && names.length > 1) {
    return refuse(
      file,
      "bad_value",
      `holds ${names.length} endpoints, say whose with --workload: ${names.slice(0, 8).join(", ")}`,
    );
  }
  const messages = streams.get(endpoint ?? names[0] ?? "");
  if (messages === undefined) {
    return refuse(
      file,
      "bad_value",
      `holds nothing of \`${endpoint ?? ""}\`, only of: ${names.slice(0, 8).join(", ") || "nobody"}`,
    );
  }
  return ok(messages);
}

function readLine(line: string, where: string): Result<{ endpoint: string; message: Message }, Issue> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (reason) {
    return refuse(where, "bad_document", `not JSON: ${toError(reason).message}`);
  }
  if (typeof value !== "object" || value === null || !("endpoint" in value) || !("message" in value)) {
    return refuse(where, "bad_document", "not a line of a recording: `endpoint` and `message` are needed");
  }
  if (typeof value.endpoint !== "string") return refuse(where, "bad_value", "`endpoint` is not text");
  const message = decodeMessage(value.message);
  if (!message.ok) return err({ ...message.error, where: `${where} ${message.error.where}` });
  return ok({ endpoint: value.endpoint, message: message.value });
}

function refuse(where: string, code: Issue["code"], message: string): Result<never, Issue> {
  return err({ severity: "error", code, where, message });
}
