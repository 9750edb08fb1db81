import { parseAllDocuments } from "yaml";

/** The documents of a YAML text of our own as plain values, unchecked; what others wrote goes through `parse-document.ts`. */
export function plainDocuments(text: string): unknown[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.contents === null ? [] : [document.toJS()];
  });
}
