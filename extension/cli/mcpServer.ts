/** The tools of agents over the Model Context Protocol, on standard input and output: a bundle of its own (dist/mcp.js), for no other command needs it. */
import path from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';
import packageJson from '../../package.json';
import { inputs, type ToolName } from '../agents/inputs';
import { callTool, type Answer, type Surroundings } from '../agents/tools';
import { toolTexts } from '../agents/texts';
import type { EngineClient } from '../engine/client';
import { packageRoot } from '../files/packageRoot';
import { ModelPool } from '../inspect/modelPool';
import { Tables } from '../inspect/tables';
import { withEngine } from './engineProcess';
import { lineOf } from './errors';
import { engineOptionsOf, type ModelOptions } from './options';

/** Until the input ends. */
export const serve = (options: ModelOptions): Promise<void> =>
  withEngine(async (engine) => {
    const tables = new Tables({ processFile: path.join(packageRoot(), 'dist', 'results.js') });
    try {
      await serveWith(engine, tables, options);
    } finally {
      tables.dispose();
    }
  });

async function serveWith(engine: EngineClient, tables: Tables, options: ModelOptions): Promise<void> {
  const server = new McpServer({ name: 'vit-inspector', version: packageJson.version });
  const models = new ModelPool(engine);
  const at: Surroundings = {
    engine,
    tables,
    models,
    resolve: (file) => path.resolve(file),
    choose: (model = options.model) => ({ id: model, options: engineOptionsOf(options) }),
    query: ({ id }) => ({ id }),
  };
  for (const name of Object.keys(inputs) as ToolName[]) {
    const { title, description } = toolTexts[name];
    server.registerTool(
      name,
      { title, description, inputSchema: schemaOf(name), annotations: { readOnlyHint: true, openWorldHint: false } },
      async (input: unknown, { signal }: { signal: AbortSignal }): Promise<CallToolResult> => {
        try {
          return content(await callTool(name, input, at, signal));
        } catch (error) {
          return { isError: true, content: [{ type: 'text', text: lineOf(error) }] };
        }
      },
    );
  }
  const ended = new Promise<void>((resolve) => {
    server.server.onclose = resolve;
    process.stdin.once('end', () => void server.close());
  });
  await server.connect(new StdioServerTransport());
  await ended;
}

const schemaOf = (name: ToolName) => z.fromJSONSchema(inputs[name] as unknown as z.core.JSONSchema.JSONSchema);

function content({ text, picture }: Answer): CallToolResult {
  const image = picture && {
    type: 'image' as const,
    data: Buffer.from(picture).toString('base64'),
    mimeType: 'image/png',
  };
  return { content: [{ type: 'text' as const, text }, ...(image ? [image] : [])] };
}
