/** The commands (dist/program.js), as commander understands them. */
import type { ChildProcess } from 'node:child_process';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json';
import { endEngine, takeEngine } from './cli/engineProcess';
import { complain, Unreadable, UsageError, watchOutput } from './cli/errors';

type AddCommand = (program: Command) => void;

/** Every command, in the order of the help text; each is loaded when it is used, for most need a small part of the bundle. */
const commands: Record<string, () => Promise<AddCommand>> = {
  classify: async () => (await import('./cli/scale/classify')).addClassify,
  embed: async () => (await import('./cli/scale/embed')).addEmbed,
  explain: async () => (await import('./cli/explain/explain')).addExplain,
  forward: async () => (await import('./cli/forward')).addForward,
  preprocess: async () => (await import('./cli/preprocess')).addPreprocess,
  describe: async () => (await import('./cli/describe')).addDescribe,
  mcp: async () => (await import('./cli/mcp')).addMcp,
  bench: async () => (await import('./cli/bench')).addBench,
};

/**
 * Runs the command of these arguments; its failures are told on standard error, and in the process's exit code. `started`: an engine
 * process for it.
 */
export async function runProgram(args: readonly string[], started?: ChildProcess): Promise<void> {
  watchOutput();
  if (started) takeEngine(started);
  try {
    const names = Object.keys(commands).join(', ');
    if (args.length === 0) throw new UsageError(`no command was given: ${names}, or --help`);
    const program = await programWith(args[0]!);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (process.exitCode !== 0) complain(error);
  }
  endEngine();
}

/** With the command of that name; with all of them where there is none, for help or a suggestion. */
async function programWith(name: string): Promise<Command> {
  const program = new Command('vit-inspector')
    .description('See what a Vision Transformer does with an image, without Python.')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .configureOutput({ outputError: () => undefined });
  const wanted = Object.hasOwn(commands, name) ? [commands[name]!] : Object.values(commands);
  for (const load of wanted) (await load())(program);
  return program;
}

/** Help and version are no failures; what commander refuses is bad usage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Unreadable) return 3;
  return error instanceof UsageError ? 2 : 1;
}
