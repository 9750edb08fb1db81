/** One YAML document's text, as it stands in its file. */
export type DocumentText = {
  readonly text: string;
  /** Lines of the file before it. */
  readonly linesBefore: number;
};

/**
 * Cuts a file into its documents at `---` lines, so that a change of one costs the reading of one.
 *
 * A `---` at the beginning of a line ends a document wherever it stands, inside block scalars too (YAML 1.2, 9.1.2), so
 * the cut needs no parsing. Directives (`%`) and `...` make the beginning of a document ambiguous: a file with such
 * lines stays in one piece, which the reader of a piece knows how to handle.
 */
export function splitDocuments(text: string): DocumentText[] {
  if (hasAmbiguousCuts(text)) return [{ text, linesBefore: 0 }];
  const documents: DocumentText[] = [];
  let start = 0;
  let linesBefore = 0;
  for (let cut = nextCut(text, 0); cut !== -1; cut = nextCut(text, cut)) {
    const piece = text.slice(start, cut);
    documents.push({ text: piece, linesBefore });
    linesBefore += countLines(piece);
    start = cut;
  }
  documents.push({ text: text.slice(start), linesBefore });
  return documents;
}

/** Whether it stays in one piece although it may be several documents. */
export function hasAmbiguousCuts(text: string): boolean {
  return /(?:^|[\r\n])(?:%|\.\.\.)/.test(text);
}

/** Where the next line that begins a document begins, after `from`; -1 if none does. */
function nextCut(text: string, from: number): number {
  for (let at = text.indexOf("\n---", from); at !== -1; at = text.indexOf("\n---", at + 1)) {
    const after = text[at + 4];
    if (after === undefined || after === "\n" || after === "\r" || after === " " || after === "\t")
      return at + 1;
  }
  return -1;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
