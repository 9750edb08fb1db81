import { styleText } from "node:util";
import type { Io, Output } from "./io.ts";

/** How a text is to look where colour is wanted; it is plain elsewhere. */
export type Style = "good" | "bad" | "warning" | "strong" | "faint";

export type Paint = (style: Style, text: string) => string;

const FORMATS = { good: "green", bad: "red", warning: "yellow", strong: "bold", faint: "dim" } as const;

/** Colours for a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal knows none. */
export function paintFor(output: Output, env: Io["env"]): Paint {
  const coloured = output.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  if (!coloured) return (_style, text) => text;
  return (style, text) => styleText(FORMATS[style], text, { validateStream: false });
}

export type Column = { readonly title: string; readonly style?: (cell: string) => Style | undefined };

/** Rows in aligned columns; the last column is not padded. Cells hold no line breaks. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[], style: (index: number) => Style | undefined): string =>
    cells
      .map((cell, index) => {
        const padding = index === cells.length - 1 ? "" : " ".repeat((widths[index] ?? 0) - cell.length);
        const styled = style(index);
        return (styled === undefined ? cell : paint(styled, cell)) + padding;
      })
      .join("  ");
  const head = line(
    columns.map(({ title }) => title),
    () => "strong",
  );
  const body = rows.map((row) => line(row, (index) => columns[index]?.style?.(row[index] ?? "")));
  return [head, ...body].map((text) => `${text.trimEnd()}\n`).join("");
}
