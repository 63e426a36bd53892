/** The command line (dist/cli.js, `vit-inspector`): what the extension does, for scripts, CI jobs and clusters. */
import { endEngine, startEngine } from './cli/engineProcess';
import { watchOutput } from './cli/errors';

async function main(): Promise<void> {
  watchOutput();
  const args = process.argv.slice(2);
  // before anything else is loaded: the two processes start beside each other
  startEngine(args);
  const { runProgram } = await import('./cliProgram');
  await runProgram(args);
  endEngine();
}

void main();
