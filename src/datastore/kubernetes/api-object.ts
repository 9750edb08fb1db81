/** Objects as the API server writes them: what lists and watches are made of, checked no further than that. */
import { isMapping } from "../schema/kind.ts";
import { ApiError } from "./api-error.ts";

export type ApiObject = {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The whole object. */
  readonly value: Readonly<Record<string, unknown>>;
};

export type ListPage = {
  readonly resourceVersion: string;
  /** Empty on the last page. */
  readonly continueToken: string;
  readonly objects: readonly ApiObject[];
};

export type WatchEvent =
  | { readonly kind: "put" | "delete"; readonly object: ApiObject }
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  | { readonly kind: "error"; readonly error: ApiError };

/** Undefined for what no API server writes: the answer can't be believed. */
export function parseListPage(value: unknown): ListPage | undefined {
  if (!isMapping(value) || !isMapping(value["metadata"])) return undefined;
  const { resourceVersion, continue: continueToken = "" } = value["metadata"];
  const items = value["items"] ?? [];
  if (typeof resourceVersion !== "string" || resourceVersion === "") return undefined;
  if (typeof continueToken !== "string" || !Array.isArray(items)) return undefined;
  const objects = items.map(parseObject);
  if (!objects.every((object) => object !== undefined)) return undefined;
  return { resourceVersion, continueToken, objects };
}

/** Undefined for what no API server writes: the stream can't be believed from there on. */
export function parseWatchEvent(line: string): WatchEvent | undefined {
  const event = parseJson(line);
  if (!isMapping(event)) return undefined;
  const { type, object } = event;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED": {
      const parsed = parseObject(object);
      return parsed && { kind: type === "DELETED" ? "delete" : "put", object: parsed };
    }
    case "BOOKMARK": {
      const resourceVersion =
        isMapping(object) && isMapping(object["metadata"]) && object["metadata"]["resourceVersion"];
      if (typeof resourceVersion !== "string" || resourceVersion === "") return undefined;
      return { kind: "bookmark", resourceVersion };
    }
    case "ERROR": {
      const { code, message } = isMapping(object) ? object : { code: 0, message: undefined };
      const text = typeof message === "string" ? message : "the watch met an error";
      return { kind: "error", error: new ApiError(typeof code === "number" ? code : 0, text) };
    }
    default:
      return undefined;
  }
}

function parseObject(value: unknown): ApiObject | undefined {
  if (!isMapping(value) || !isMapping(value["metadata"])) return undefined;
  const { name, namespace = "", uid = "", resourceVersion } = value["metadata"];
  if (typeof name !== "string" || name === "" || typeof namespace !== "string") return undefined;
  if (typeof uid !== "string" || typeof resourceVersion !== "string" || resourceVersion === "")
    return undefined;
  return { name, namespace, uid, resourceVersion, value };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // like every other line that is no event
  }
}
