import { Command } from "commander";
import { type CommandContext, type Io, UsageError } from "./io.ts";

export function completionCommand({ io }: CommandContext): Command {
  return new Command("completion")
    .description("print a script that completes commands, flags, kinds and names of objects in a shell")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText(
      "after",
      `
Examples:
  source <(ephor completion bash)                                          in ~/.bashrc
  source <(ephor completion zsh)                                           in ~/.zshrc, after compinit
  ephor completion fish > ~/.config/fish/completions/ephor.fish`,
    )
    .action((shell: string) => {
      const script = SCRIPTS.get(shell);
      if (script === undefined) throw new UsageError(`no completion for \`${shell}\`: bash, zsh or fish`);
      io.stdout.write(script);
    });
}

/** What the scripts ask: hidden, since nobody types it. */
export function completeCommand({ io }: CommandContext, createProgram: () => Command): Command {
  return new Command("__complete")
    .argument("[word...]", "the words of the command line up to the one to complete")
    .action(async (words: readonly string[]) => {
      io.stdout.write(await candidates(io, createProgram(), words));
    });
}

async function candidates(io: Io, program: Command, words: readonly string[]): Promise<string> {
  const { complete } = await import("./run-complete.ts");
  return await complete(io, program, words);
}

/**
 * Each script hands over the words and gets lines: a candidate, a tab, what it is; or `:files`, where files are meant.
 * The program is asked by the name that was typed, so that a second one beside the first completes its own flags.
 */
const BASH = `# Completion of ephor for bash.
_ephor() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  [[ $current == "=" ]] && current=""
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
        ;;
      ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ephor ephor
`;

const ZSH = `#compdef ephor
# Completion of ephor for zsh.
_ephor() {
  local line files=0
  local -a lines found
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    case "$line" in
      :files) files=1 ;;
      ?*) found+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  (( $#found )) && _describe ephor found
  (( files )) && _files
  return 0
}
compdef _ephor ephor
`;

const FISH = `# Completion of ephor for fish.
function __ephor_complete
    set -l typed (commandline -opc) (commandline -ct)
    for line in ($typed[1] __complete -- $typed[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c ephor -f -a '(__ephor_complete)'
`;

const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["bash", BASH],
  ["zsh", ZSH],
  ["fish", FISH],
]);
