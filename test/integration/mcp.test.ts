/** `vit-inspector mcp`, asked by the protocol's own client. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import sharp from 'sharp';
import { inputs } from '../../extension/agents/inputs';
import { isRunning, root, runCli, sample, untilGone } from './support';

let client: Client;
let transport: StdioClientTransport;
let folder: string;
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-mcp-'));
  client = new Client({ name: 'test', version: '1' });
  const args = [path.join(root, 'dist/cli.js'), 'mcp'];
  transport = new StdioClientTransport({ command: process.execPath, args, cwd: path.join(root, 'samples') });
  await client.connect(transport);
});
after(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Content {
  type: string;
  text?: string;
  data?: string;
  mimeType?: string;
}

async function call(name: string, input: Record<string, unknown>): Promise<{ isError: boolean; content: Content[] }> {
  const { isError, content } = await client.callTool({ name, arguments: input });
  return { isError: isError === true, content: content as Content[] };
}
const json = ({ content }: { content: Content[] }) => JSON.parse(content[0]!.text!) as Record<string, unknown>;

test('the tools say what they take', async () => {
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['classify_image', 'explain_image', 'inspect_checkpoint', 'summarise_results'],
  );
  for (const { inputSchema, description, annotations } of tools) {
    assert.equal(inputSchema.type, 'object');
    assert.ok(inputSchema.required!.length > 0 && description!.length > 50);
    assert.equal(annotations?.readOnlyHint, true);
  }
  // by way of the library and back: nothing of the schemas is lost
  assert.deepEqual(
    tools.map(({ inputSchema }) => ({ ...inputSchema, $schema: undefined })),
    Object.values(inputs).map((schema) => ({ ...schema, $schema: undefined })),
  );
});

test('classify says what the command line says; a relative path counts from where the server was started', async () => {
  const answer = await call('classify_image', { image: 'ship.png', topK: 3 });
  const said = json(answer) as { predictions: { label: string; probability: number }[]; model: string };
  const { stdout } = await runCli(root, {}, 'classify', 'samples/ship.png', '--json', '--top-k', '3');
  const expected = (JSON.parse(stdout) as { predictions: object[] }).predictions;
  assert.equal(answer.isError, false);
  assert.deepEqual(said.predictions, expected);
  const again = json(await call('classify_image', { image: sample('ship.png'), topK: 3 }));
  assert.deepEqual(again.predictions, expected);
});

test('explain answers with the picture of the map', async () => {
  const answer = await call('explain_image', { image: 'car.png', class: 'truck' });
  const [, image] = answer.content;
  assert.deepEqual([image!.type, image!.mimeType], ['image', 'image/png']);
  const { width, height } = await sharp(Buffer.from(image!.data!, 'base64')).metadata();
  assert.deepEqual([width, height], [128, 128]);
  const said = json(answer) as { label: string; method: string; grid: number[]; strongest: { row: number }[] };
  assert.deepEqual([said.label, said.method, said.grid, said.strongest.length], ['truck', 'relevance', [8, 8], 5]);
  const rollout = await call('explain_image', { image: 'car.png', method: 'rollout' });
  assert.notEqual(rollout.content[1]!.data, image!.data);
});

test('a checkpoint and a file of results', async () => {
  const inspected = await call('inspect_checkpoint', { model: 'embedded' });
  assert.match(inspected.content[0]!.text!, /This model can be run\.[^]*weights by kind/);
  const file = path.join(folder, 'samples.vitresults.jsonl');
  const made = await runCli(root, {}, 'classify', 'samples', '--output', file);
  assert.equal(made.code, 0, made.stderr);
  const figures = json(await call('summarise_results', { file }));
  assert.equal(figures.pictures, 8);
  assert.equal(figures.failed, 0);
  assert.equal((figures.leastCertain as object[]).length, 8);
});

test('what goes wrong is one sentence, and the server goes on', async () => {
  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['classify_image', { image: 'nowhere.png' }, /nowhere\.png does not exist/],
    ['classify_image', { image: 'ship.png', model: '/no/such/model' }, /no\/such\/model/],
    ['explain_image', { image: 'ship.png', class: 'unicorn' }, /The model has no class called unicorn\./],
    ['classify_image', { image: 'ship.png', topK: 0 }, /topK/],
    ['classify_image', { image: 'ship.png', extra: true }, /extra/],
    ['explain_image', { image: 'ship.png', method: 'guessing' }, /method/],
    ['summarise_results', { file: 'ship.png' }, /ship\.png/],
  ];
  writeFileSync(path.join(folder, 'broken.png'), 'no picture');
  wrong.push(['classify_image', { image: path.join(folder, 'broken.png') }, /broken\.png is not a picture/]);
  for (const [name, input, message] of wrong) {
    const { isError, content } = await call(name, input);
    assert.equal(isError, true, JSON.stringify(input));
    assert.match(content[0]!.text!, message);
    assert.doesNotMatch(content[0]!.text!, /\s+at .*:\d+:\d+/);
  }
  assert.equal((await call('classify_image', { image: 'ship.png' })).isError, false);
});

test('it ends with its input', async () => {
  const pid = transport.pid!;
  assert.ok(isRunning(pid));
  await client.close();
  await untilGone(pid);
});
