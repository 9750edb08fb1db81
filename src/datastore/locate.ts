import { ISSUE_TEXT_MAX_CHARS } from "../base/limits.ts";

/** Keys and indexes from the top of a document to a value in it. */
export type ValuePath = readonly PropertyKey[];

export type LocateOptions = {
  /** The key itself is meant, not its value: `path` ends with it. */
  readonly key?: boolean;
  /** UTF-16 units into the value's text. */
  readonly offset?: number;
};

/**
 * Says in words where a value of a document is: `policies/web.yaml:12:7`, or `NetworkPolicy shop/api spec.ingress[0]`.
 *
 * A path to something absent is that of the nearest thing around it.
 */
export type Locate = (path: ValuePath, options?: LocateOptions) => string;

/** For objects that come without text: by name and path. */
export function locateInObject(name: string): Locate {
  return (path, options) => {
    const place = path.length === 0 ? name : `${name} ${formatPath(path)}`;
    return options?.offset === undefined ? place : `${place} at character ${options.offset + 1}`;
  };
}

/** `spec.ingress[0].source`; keys that are not plain words are quoted. */
export function formatPath(path: ValuePath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(String(step)))
      text += text === "" ? String(step) : `.${String(step)}`;
    else text += `["${String(step)}"]`;
  }
  return text;
}

/** An operator's text inside a message: in backticks, on one line, not too long. */
export function quote(text: string): string {
  const cut = text.length > ISSUE_TEXT_MAX_CHARS ? `${text.slice(0, ISSUE_TEXT_MAX_CHARS)}…` : text;
  return `\`${cut.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "�")}\``;
}
