import { ApiError } from "./api-error.ts";

const NEWLINE = 0x0a;

/**
 * Whole lines of a stream of bytes, those that each piece completes together. What follows the last newline when the
 * stream ends is half a line, and dropped.
 *
 * @throws {ApiError} for a line that is too long or not UTF-8: the stream can't be believed from there on.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  lineMaxBytes: number,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const piece of pieces) {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      const rest = piece.subarray(start, end);
      checkLength(begunBytes + rest.length, lineMaxBytes);
      lines.push(decode(decoder, begunBytes === 0 ? rest : Buffer.concat([...begun, rest])));
      begun = [];
      begunBytes = 0;
      start = end + 1;
    }
    if (start < piece.length) {
      begun.push(piece.subarray(start));
      begunBytes += piece.length - start;
      checkLength(begunBytes, lineMaxBytes);
    }
    if (lines.length > 0) yield lines;
  }
}

function checkLength(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new ApiError(0, `a line of the watch has more than ${maxBytes} bytes`);
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ApiError(0, "a line of the watch is not UTF-8", { cause });
  }
}
