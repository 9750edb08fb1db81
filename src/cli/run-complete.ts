/** What may stand at the end of a command line, for shells to complete. */
import type { Command, Option } from "commander";
import { CALICO_KINDS, findCalicoKind } from "../datastore/calico-kinds.ts";
import type { StoredObject } from "../datastore/resource-store.ts";
import { applyEnvironment } from "./environment.ts";
import { ChoiceFlag, RepeatableFlag } from "./flags.ts";
import type { Io } from "./io.ts";
import { DEFAULT_NAMESPACE, type StoreFlags, withStore } from "./store-flags.ts";

type Candidate = { readonly word: string; readonly what: string };

/** A shell gets no more than somebody can look through. */
const CANDIDATES_MAX = 1_000;
const FILES = ":files\n";

/**
 * Lines for the scripts of `completion`. Whatever goes wrong completes nothing: there is nobody to tell.
 *
 * @param words of the command line after the program's name, up to the one that is being typed.
 */
export async function complete(io: Io, program: Command, words: readonly string[]): Promise<string> {
  try {
    const typed = joinEquals(words);
    const [name = "", ...rest] = typed;
    if (typed.length <= 1) return format([...commandsOf(program), ...flagsOf(program, new Set())], name);
    const command = program.commands.find((each) => each.name() === name);
    // Bash replaces what stands after the sign, other shells the whole word.
    const isOneWord = /^--[^=]*=/.test(words.at(-1) ?? "");
    return command === undefined ? "" : await completeIn(io, command, rest, isOneWord);
  } catch {
    return "";
  }
}

/** Bash hands over `--output=y` as three words. */
function joinEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (last?.startsWith("--") === true && (word === "=" || last.endsWith("=")))
      joined[joined.length - 1] += word;
    else joined.push(word);
  }
  return joined;
}

async function completeIn(
  io: Io,
  command: Command,
  words: readonly string[],
  isOneWord: boolean,
): Promise<string> {
  const current = words.at(-1) ?? "";
  const { given, operands, open } = readWords(command, words.slice(0, -1));
  applyEnvironment(command, io.env);
  const equals = current.startsWith("--") ? current.indexOf("=") : -1;
  const flag = equals === -1 ? open : findFlag(command, current.slice(0, equals));
  if (flag !== undefined) {
    const values = await completeValue(command, flag, current.slice(equals + 1));
    return isOneWord ? values.replace(/^(?!:)(?=.)/gm, current.slice(0, equals + 1)) : values;
  }
  if (current.startsWith("-")) return format(flagsOf(command, given), current);
  if (command.name() !== "get" && command.name() !== "delete") return completeArgument(command, current);
  const [kind] = operands;
  if (kind === undefined) return format(KINDS, current);
  const names = await namesOf(command.opts(), kind);
  return format(asCandidates(names.filter((each) => !operands.includes(each))), current);
}

const KINDS: readonly Candidate[] = CALICO_KINDS.map(({ plural, aliases }) => ({
  word: plural,
  what: aliases.join(", "),
}));

/** Which flags were given, what was given beside them, and the flag that waits for a value. */
function readWords(
  command: Command,
  words: readonly string[],
): {
  readonly given: ReadonlySet<Option>;
  readonly operands: readonly string[];
  readonly open: Option | undefined;
} {
  const given = new Set<Option>();
  const operands: string[] = [];
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      setFlag(command, open, word);
      open = undefined;
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const flag = findFlag(command, equals === -1 ? word : word.slice(0, equals));
    if (flag === undefined) {
      if (!word.startsWith("-")) operands.push(word);
      continue;
    }
    given.add(flag);
    if (equals !== -1) setFlag(command, flag, word.slice(equals + 1));
    else if (flag.required) open = flag;
    else command.setOptionValueWithSource(flag.attributeName(), true, "cli");
  }
  return { given, operands, open };
}

function setFlag(command: Command, flag: Option, text: string): void {
  const key = flag.attributeName();
  const before: unknown = command.getOptionValue(key);
  command.setOptionValueWithSource(key, flag.parseArg?.(text, before) ?? text, "cli");
}

function findFlag(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

async function completeValue(command: Command, flag: Option, current: string): Promise<string> {
  if (flag instanceof ChoiceFlag) return format(asCandidates(flag.words), current);
  if (flag.long === "--namespace") return format(asCandidates(await namespaces(command.opts())), current);
  return /<(?:[a-z]*=)?(?:file|dir|path|address)>/.test(flag.flags) ? FILES : "";
}

function completeArgument(command: Command, current: string): string {
  if (command.name() === "completion") {
    return format(asCandidates(["bash", "zsh", "fish"]), current);
  }
  return command.registeredArguments.length > 0 ? FILES : "";
}

/** Of one kind, in the namespace that the flags say. */
async function namesOf(
  flags: StoreFlags & { readonly allNamespaces?: boolean },
  word: string,
): Promise<readonly string[]> {
  const kind = findCalicoKind(word);
  if (kind === undefined) return [];
  const { namespace = DEFAULT_NAMESPACE, allNamespaces = false } = flags;
  const { objects } = await withStore(flags, (store) => store.list(kind));
  const isMeant = ({ key }: StoredObject): boolean =>
    !kind.isNamespaced || allNamespaces || key.namespace === namespace;
  return objects.filter(isMeant).map(({ key }) => key.name);
}

/** Those that any object is in. */
async function namespaces(flags: StoreFlags): Promise<readonly string[]> {
  const found = new Set<string>();
  await withStore(flags, async (store) => {
    for (const kind of CALICO_KINDS.filter(({ isNamespaced }) => isNamespaced)) {
      for (const { key } of (await store.list(kind)).objects) found.add(key.namespace);
    }
  });
  return [...found].sort();
}

function asCandidates(words: readonly string[]): readonly Candidate[] {
  return words.map((word) => ({ word, what: "" }));
}

function commandsOf(program: Command): readonly Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ word: command.name(), what: command.description() }));
}

/** Those that were not given yet, or may be given again. */
function flagsOf(command: Command, given: ReadonlySet<Option>): readonly Candidate[] {
  const flags = command
    .createHelp()
    .visibleOptions(command)
    .filter((flag) => !given.has(flag) || flag instanceof RepeatableFlag);
  return flags.map(({ long, description }) => ({ word: long ?? "", what: description }));
}

function format(all: readonly Candidate[], current: string): string {
  return all
    .filter(({ word }) => word.startsWith(current))
    .slice(0, CANDIDATES_MAX)
    .map(({ word, what }) => `${word}${what === "" ? "" : `\t${what}`}\n`)
    .join("");
}
