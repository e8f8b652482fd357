import { Argument, type Command } from 'commander';
import type { Context } from '../context.js';

/** `tierdeck completion bash|zsh|fish`: a script for the shell, made from the commands themselves. */
export function completionCommand(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print a completion script; e.g. source <(tierdeck completion bash)')
    .addArgument(new Argument('<shell>', 'shell').choices(['bash', 'zsh', 'fish']))
    .action((shell: 'bash' | 'zsh' | 'fish') => context.data(scripts[shell](words(program))));
}

interface Words {
  /** Words that may follow a path of commands, e.g. `flag` → `set clear …`. */
  path: string;
  next: string[];
}

function words(command: Command, path: string[] = []): Words[] {
  const commands = command.commands.map((child) => child.name());
  const options = command.options.map(({ long, short }) => long ?? short ?? '').filter(Boolean);
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return [
    { path: path.join(' '), next: [...commands, ...choices, ...options] },
    ...command.commands.flatMap((child) => words(child, [...path, child.name()])),
  ];
}

const scripts = {
  bash: (all: Words[]) => `_tierdeck() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " ${paths(all)} " in *"|$path$word|"*) path="$path$word " ;; esac ;; esac
  done
  case "\${path% }" in
${all.map(({ path, next }) => `    "${path}") COMPREPLY=($(compgen -W "${next.join(' ')}" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`).join('\n')}
  esac
}
complete -F _tierdeck tierdeck
`,
  zsh: (all: Words[]) => `autoload -U +X bashcompinit && bashcompinit\n${scripts.bash(all)}`,
  fish: (all: Words[]): string =>
    all
      .map(({ path, next }) => {
        const seen = path ? `__fish_seen_subcommand_from ${path.split(' ').at(-1)}` : '__fish_use_subcommand';
        return `complete -c tierdeck -f -n '${seen}' -a '${next.join(' ')}'\n`;
      })
      .join(''),
};

/** Every command path between bars, so that a shell pattern can find one. */
function paths(all: Words[]): string {
  return all.map(({ path }) => `|${path}|`).join(' ');
}
