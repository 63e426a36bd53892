import type { Command } from 'commander';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../files/packageRoot';
import { addModelOptions, type ModelOptions } from './options';

export function addMcp(program: Command): void {
  const command = program
    .command('mcp')
    .description(
      'serve classify, explain, inspect and summarise to agents: a Model Context Protocol server on standard input and output',
    );
  addModelOptions(command).action(async (options: ModelOptions) => {
    // a bundle of its own: the protocol's library is as large as the rest of the command line
    const file = pathToFileURL(path.join(packageRoot(), 'dist', 'mcp.js')).href;
    const { serve } = (await import(file)) as typeof import('./mcpServer');
    await serve(options);
  });
}
