/** The tools of agents inside VS Code: as language models' tools, and from the server that it is told of. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import sharp from 'sharp';
import { addAgent, askTool, type AgentAnswer } from './support/agent';
import { root, Session } from './support/session';
import { chooseFromList, runCommand } from './support/ui';

const FILE = 'samples.vitresults.jsonl';

let session: Session;

before(async () => {
  session = await Session.open('agents', {
    install: 'link',
    alongside: addAgent,
    settings: { 'chat.disableAIFeatures': false }, // else VS Code has no servers of tools
    prepare: (folder) => {
      const command = [path.join(root, 'dist/cli.js'), 'classify', folder, '--output', path.join(folder, FILE)];
      execFileSync(process.execPath, command, { stdio: 'ignore' });
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

test('an agent asks the tools: each is confirmed, a picture of the map comes back, and a refusal is one', async () => {
  const { page, folder: opened } = session;
  const ask = (tool: string, input: object) => askTool(page, opened, tool, input);
  const json = ({ content, error }: AgentAnswer) => {
    assert.equal(error, undefined);
    return JSON.parse(content![0]!.text!) as Record<string, unknown>;
  };
  const classified = await ask('vit_classify_image', { image: 'ship.png', topK: 2 });
  assert.deepEqual(classified.tools.filter((name) => name.startsWith('vit_')).sort(), [
    'vit_classify_image',
    'vit_explain_image',
    'vit_inspect_checkpoint',
    'vit_summarise_results',
  ]);
  assert.match(classified.question, /Classify this picture\?[^]*classifies ship\.png\./);
  const { predictions } = json(classified) as { predictions: { label: string }[] };
  assert.deepEqual([predictions.length, predictions[0]!.label], [2, 'ship']);
  const explained = await ask('vit_explain_image', { image: path.join(opened, 'car.png'), class: 'truck' });
  assert.equal(json(explained).label, 'truck');
  const png = explained.content![1]!;
  assert.equal(png.mimeType, 'image/png');
  const { width, height } = await sharp(Buffer.from(png.data!, 'base64')).metadata();
  assert.deepEqual([width, height], [128, 128]);
  const inspected = await ask('vit_inspect_checkpoint', { model: 'embedded' });
  assert.match(inspected.content![0]!.text!, /This model can be run\./);
  const figures = json(await ask('vit_summarise_results', { file: FILE }));
  assert.deepEqual([figures.pictures, figures.failed], [8, 0]);
  assert.match(
    (await ask('vit_classify_image', { image: 'nowhere.png' })).error!,
    /^[^\n]*nowhere\.png does not exist\.$/,
  );
  assert.match((await ask('vit_classify_image', { image: 'ship.png', topK: 0 })).error!, /topK/);
  const refused = await askTool(page, opened, 'vit_classify_image', { image: 'ship.png' }, 'Cancel');
  assert.equal(refused.content, undefined);
});

test('VS Code knows the Model Context Protocol server, which starts and gives the same', async () => {
  const { page, folder: opened } = session;
  const list = () => runCommand(page, 'MCP: List Servers');
  await chooseFromList(page, () => chooseFromList(page, list, 'ViT Inspector'), /^(Start|Restart) Server/);
  const own = await askTool(page, opened, 'vit_classify_image', { image: 'ship.png' });
  // it says of itself that it only reads: VS Code does not ask
  const served = await askTool(page, opened, 'mcp_vit-inspector_classify_image', { image: 'ship.png' }, null);
  assert.equal(served.error, undefined);
  assert.deepEqual(served.content![0], own.content![0]);
});
