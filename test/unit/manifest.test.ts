/** package.json, its texts and the code that it promises belong together. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { inputs, type ToolName } from '../../extension/agents/inputs';
import { toolTexts } from '../../extension/agents/texts';
import { IMAGE_EXTENSIONS, isImagePath } from '../../extension/image/pictureKinds';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface MenuItem {
  command: string;
  when?: string;
}
interface Manifest {
  icon: string;
  contributes: {
    commands: { command: string; title: string; category?: string }[];
    menus: Record<string, MenuItem[]>;
    customEditors: { viewType: string; selector: { filenamePattern: string }[] }[];
    languageModelTools: { name: string; modelDescription: string; inputSchema: object }[];
    configuration: { properties: Record<string, { scope: string; default: unknown }> };
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const { commands, menus, configuration } = manifest.contributes;

test('every command has its row in the table, and every row its title', () => {
  const rows = [...read('extension/commands/index.ts').matchAll(/^ {2}'(vit\.\w+)':/gm)].map(([, id]) => id);
  assert.deepEqual(commands.map(({ command }) => command).sort(), rows.sort());
  assert.ok(rows.length > 0);
});

test('the palette lists every command as ViT: its title; menus show a title alone', () => {
  const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
  for (const { command, title, category } of commands) {
    const text = texts[title.slice(1, -1)]!;
    const whole = category === undefined ? text : `${category}: ${text}`;
    assert.match(whole, /^ViT: [A-Z]\w+/);
    if (menus['explorer/context']!.some((item) => item.command === command)) assert.equal(category, undefined);
  }
});

test('menus name commands that exist', () => {
  const known = new Set(commands.map(({ command }) => command));
  for (const { command } of Object.values(menus).flat()) assert.ok(known.has(command), command);
});

test('what the menus call a picture is what the code does', () => {
  const items = Object.values(menus).flat();
  const clauses = items.map(({ when }) => /resourceExtname =~ \/(.+)\/i/.exec(when ?? '')?.[1]);
  const patterns = [...new Set(clauses.filter((clause) => clause?.includes('png')))];
  assert.equal(patterns.length, 1);
  const pattern = new RegExp(patterns[0]!, 'i');
  for (const extension of IMAGE_EXTENSIONS) {
    for (const name of [extension, extension.toUpperCase()]) {
      assert.match(`.${name}`, pattern);
      assert.equal(isImagePath(`/a.b/c.${name}`), true);
    }
  }
  for (const extension of ['txt', 'pngx', 'xpng', 'jp', 'ti', 'safetensors', '']) {
    assert.doesNotMatch(`.${extension}`, pattern);
    assert.equal(isImagePath(`/pictures.png/c.${extension}`), false);
  }
  assert.equal(isImagePath('/png'), false);
  const editor = manifest.contributes.customEditors.find(({ viewType }) => viewType === 'vitInspector.picture')!;
  assert.deepEqual(editor.selector, [{ filenamePattern: `*.{${IMAGE_EXTENSIONS.join(',')}}` }]);
});

/** A schema as the manifest has it: a method that is added changes nothing there. */
const withoutEnum = (schema: object) =>
  JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === 'enum' ? undefined : value))) as object;

test('the tools of language models are those of agents: name, description and schema', () => {
  const tools = Object.keys(inputs) as ToolName[];
  assert.deepEqual(
    manifest.contributes.languageModelTools.map(({ name, modelDescription, inputSchema }) => [
      name,
      modelDescription,
      inputSchema,
    ]),
    tools.map((tool) => [`vit_${tool}`, toolTexts[tool].description, withoutEnum(inputs[tool])]),
  );
  assert.equal(tools.length, 4);
});

test('every text of the manifest is there, and none is left over', () => {
  const used = [...read('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
  const texts = Object.keys(JSON.parse(read('package.nls.json')) as Record<string, string>);
  assert.deepEqual([...new Set(used)].sort(), texts.sort());
});

test('every setting has a scope, and those that say what this machine does are ignored in an untrusted workspace', () => {
  for (const [name, { scope }] of Object.entries(configuration.properties)) {
    assert.match(name, /^vit\.[a-zA-Z]+$/);
    assert.ok(['machine-overridable', 'resource', 'window'].includes(scope), name);
  }
  const properties = Object.entries(configuration.properties);
  assert.deepEqual(
    manifest.capabilities.untrustedWorkspaces.restrictedConfigurations,
    properties.filter(([, { scope }]) => scope.startsWith('machine')).map(([name]) => name),
  );
});

test('pages of getting started and README have pictures, which the script that takes them takes', () => {
  const script = read('scripts/screenshots.ts');
  const pages = readdirSync(path.join(root, 'media/walkthrough')).filter((file) => file.endsWith('.md'));
  assert.ok(pages.length >= 10, 'in two languages');
  const taken = (calls: string) =>
    [...script.matchAll(new RegExp(`await ${calls}\\('(\\w+)'\\)`, 'g'))].map(([, name]) => name!).sort();
  for (const page of pages) {
    const [, picture] = /!\[[^\]]+\]\((\w+)\.webp\)/.exec(read(`media/walkthrough/${page}`)) ?? [];
    assert.ok(picture !== undefined && taken('gettingStarted').includes(picture), `${page} has ${picture}`);
    assert.ok(existsSync(path.join(root, `media/walkthrough/${picture}.webp`)), picture);
  }
  const shown = [...read('README.md').matchAll(/\(media\/screenshots\/([\w-]+)\.png\)/g)].map(([, name]) => name!);
  const forReadme = [...script.matchAll(/await readme\('([\w-]+)'\)/g)].map(([, name]) => name!);
  assert.deepEqual(shown.sort(), forReadme.sort());
  for (const name of shown) assert.ok(existsSync(path.join(root, `media/screenshots/${name}.png`)), name);
});

test('the icon is a PNG of 128 x 128 pixels, and the tab icons exist', () => {
  const png = readFileSync(path.join(root, manifest.icon));
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 128]);
  for (const theme of ['light', 'dark']) assert.ok(existsSync(path.join(root, `media/tab-${theme}.svg`)));
});
