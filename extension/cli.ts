/** The command line (dist/cli.js, `vit-inspector`): what the extension does, for scripts, CI jobs and clusters. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json';
import { addBench } from './cli/bench';
import { addClassify } from './cli/classify';
import { addDescribe } from './cli/describe';
import { addExplain } from './cli/explain/explain';
import { complain, UsageError, watchOutput } from './cli/errors';
import { addForward } from './cli/forward';
import { addPreprocess } from './cli/preprocess';

function makeProgram(): Command {
  const program = new Command('vit-inspector')
    .description('See what a Vision Transformer does with an image, without Python.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  for (const add of [addClassify, addExplain, addForward, addPreprocess, addDescribe, addBench]) add(program);
  return program;
}

async function main(): Promise<void> {
  watchOutput();
  try {
    const program = makeProgram();
    const names = program.commands.map((command) => command.name()).join(', ');
    if (process.argv.length < 3) throw new UsageError(`no command was given: ${names}, or --help`);
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (process.exitCode !== 0) complain(error);
  }
}

/** Help and version are no failures; what commander refuses is bad usage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof UsageError ? 2 : 1;
}

void main();
