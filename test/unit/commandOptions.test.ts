/** What each command of the command line takes: its options by name, what they are without a word, and which values they refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command, InvalidArgumentError, type Option } from 'commander';
import { addBench } from '../../extension/cli/bench';
import { addDescribe } from '../../extension/cli/describe';
import { addExplain } from '../../extension/cli/explain/explain';
import { addForward } from '../../extension/cli/forward';
import { addMcp } from '../../extension/cli/mcp';
import { addPreprocess } from '../../extension/cli/preprocess';
import { addClassify } from '../../extension/cli/scale/classify';
import { addEmbed } from '../../extension/cli/scale/embed';
import { explainingIds, methodDefaults, methodIds } from '../../extension/engine/methods';

const program = new Command('vit-inspector');
for (const add of [addClassify, addEmbed, addExplain, addForward, addPreprocess, addDescribe, addMcp, addBench]) add(program); // prettier-ignore
const command = (name: string) => program.commands.find((each) => each.name() === name)!;
const option = (of: string, flag: string) => command(of).options.find(({ long }) => long === flag)!;

const model = ['-m, --model <model>', '--engine <engine>', '--threads <n>', '--gemm <kind>', '--precision <kind>', '--memory-limit <GB>', '--image-size <HxW>']; // prettier-ignore
const many = ['--format <format>', '-o, --output <file>', '--resume', '--shard <i/n>', '--files-from <list>', '--stdin-jsonl', '--batch <n>']; // prettier-ignore

/** As the headless contract and docs/guide have them; arguments of the command first, then its options in the order of the help. */
const takes: Record<string, [argument: string | null, flags: string[]]> = {
  classify: ['image...', ['-k, --top-k <n>', '--json', '--logits', ...model, ...many]],
  embed: ['image...', [...model, ...many]],
  explain: [
    'image...',
    ['-i, --input <file>', '--method <names>', '--class <classes>', '--against <classes>', '--layer <n>', '--head <n>', '--query <n>', '--steps <n>', '--samples <n>', '--seed <n>', '--faithfulness', '-o, --output <dir>', '--format <list>', ...model], // prettier-ignore
  ],
  forward: [null, ['-i, --input <file>', '-o, --output <dir>', '--outputs <names>', '--class <classes>', ...model]],
  preprocess: ['image', ['-m, --model <model>', '-o, --output <file>', '--memory-limit <GB>', '--image-size <HxW>']],
  describe: [null, ['--steps', '--json', ...model]],
  mcp: [null, model],
  bench: [null, ['-m, --model <model>', '--models <which>', '--against <engine>', '--threads <n,...>', '--batch <n,...>', '--rounds <n>', '--profile', '--start <image>', '--folder <folder>', '--tokens <n,...>', '--json']], // prettier-ignore
};

test('every command, its argument and its options', () => {
  const seen = program.commands.map((each) => {
    const [first] = each.registeredArguments;
    const argument = first ? `${first.name()}${first.variadic ? '...' : ''}` : null;
    return [each.name(), [argument, each.options.map(({ flags }) => flags)]];
  });
  assert.deepEqual(Object.fromEntries(seen), takes);
  assert.deepEqual(program.commands.map((each) => each.name()), Object.keys(takes)); // prettier-ignore
  const missing = (name: string) => command(name).options.filter(({ mandatory }) => mandatory).map(({ long }) => long); // prettier-ignore
  assert.deepEqual(['explain', 'forward', 'preprocess', 'classify', 'embed', 'bench'].map(missing), [['--method', '--output'], ['--input', '--output'], ['--output'], [], [], []]); // prettier-ignore
  assert.deepEqual(['classify', 'embed', 'explain', 'preprocess'].map((name) => command(name).registeredArguments[0]!.required), [false, false, false, true]); // prettier-ignore
  // where pictures may come from elsewhere, their names are asked for by the command itself
  for (const name of ['classify', 'embed']) assert.equal(command(name).usage(), '[options] <image...>');
});

test('each is told in a line of help, and none in two ways', () => {
  for (const each of program.commands) {
    const told = [each.description(), ...each.registeredArguments.map(({ description }) => description)];
    for (const { description } of each.options) told.push(description);
    for (const text of told) assert.match(text, /^[a-zA-Z"'{][^\n]{4,}[^.\s]$/, `${each.name()}: ${text}`);
    assert.equal(new Set(told).size, told.length, each.name());
  }
});

test('defaults are those that the help names', () => {
  const defaults = (name: string) =>
    Object.fromEntries<unknown>(command(name).options.flatMap((each) => (each.defaultValue === undefined ? [] : [[each.long!, each.defaultValue as unknown] as const]))); // prettier-ignore
  const ofModel = { '--model': 'embedded', '--threads': 0, '--gemm': 'packed', '--precision': 'fp32' };
  assert.deepEqual(defaults('classify'), { '--top-k': 5, ...ofModel });
  for (const name of ['embed', 'explain', 'describe', 'mcp']) assert.deepEqual(defaults(name), ofModel, name);
  assert.deepEqual(defaults('forward'), { '--outputs': ['logits', 'attention', 'tokens'], ...ofModel });
  assert.deepEqual(defaults('preprocess'), { '--model': 'embedded' });
  assert.deepEqual(defaults('bench'), { '--models': 'sizes', '--against': 'onnx' });
  const said = (of: string, flag: string) => /default: (.+?)[;)]/.exec(option(of, flag).description)?.[1];
  assert.deepEqual(['--steps', '--samples', '--seed'].map((flag) => said('explain', flag)), [methodDefaults.steps, methodDefaults.samples, methodDefaults.seed].map(String)); // prettier-ignore
  assert.equal(said('bench', '--rounds'), '10');
  assert.equal(option('explain', '--method').description, `all, or any of ${methodIds.join(', ')}; with commas between them`); // prettier-ignore
});

test('choices, and what excludes what', () => {
  const choices: [command: string, flag: string, values: string[]][] = [
    ['classify', '--format', ['jsonl', 'csv', 'parquet']],
    ['embed', '--format', ['npy', 'parquet', 'jsonl']],
    ['describe', '--engine', ['native', 'onnx']],
    ['describe', '--gemm', ['packed', 'blas', 'naive']],
    ['describe', '--precision', ['fp32', 'stored', 'bf16', 'int8']],
    ['bench', '--models', ['sizes', 'all']],
    ['bench', '--against', ['onnx']],
  ];
  for (const [of, flag, values] of choices) assert.deepEqual(option(of, flag).argChoices, values, `${of} ${flag}`);
  const { conflictsWith } = option('bench', '--tokens') as Option & { conflictsWith: string[] };
  assert.deepEqual(conflictsWith, ['model', 'models', 'batch', 'profile', 'start', 'folder']);
});

test('values are read, or refused with what they must be', () => {
  const read = (of: string, flag: string, text: string): unknown => option(of, flag).parseArg!(text, undefined as never); // prettier-ignore
  const good: [command: string, flag: string, text: string, value: unknown][] = [
    ['classify', '--top-k', '12', 12],
    ['classify', '--batch', '3', 3],
    ['classify', '--shard', '2/7', { index: 2, of: 7 }],
    ['bench', '--threads', '1,8', [1, 8]],
    ['bench', '--batch', '4', [4]],
    ['bench', '--rounds', '3', 3],
    // a class token and 1 x 1, 4 x 4, 14 x 14 and 64 x 64 patches
    ['bench', '--tokens', '2,17,197,4097', [2, 17, 197, 4097]],
    ['forward', '--outputs', 'logits, blocks.0.norm1', ['logits', 'blocks.0.norm1']],
    ['explain', '--method', 'all', explainingIds],
    ['explain', '--method', 'rollout,attention,rollout', ['rollout', 'attention']],
    ['explain', '--head', '2', 2],
    ['explain', '--head', 'mean', 'mean'],
    ['explain', '--head', 'max', 'max'],
    ['explain', '--head', 'min', 'min'],
    ['explain', '--layer', '0', 0],
    ['explain', '--query', '0', 0],
    ['explain', '--seed', '0', 0],
    ['explain', '--steps', '1', 1],
    ['explain', '--samples', '1', 1],
    ['explain', '--format', 'npy,png,json', ['npy', 'png', 'json']],
  ];
  for (const [of, flag, text, value] of good) assert.deepEqual(read(of, flag, text), value, `${of} ${flag} ${text}`);
  const bad: [command: string, flag: string, text: string, message: string][] = [
    ['classify', '--top-k', '0', 'It must be at least 1.'],
    ['classify', '--batch', '0', 'It must be at least 1.'],
    ['classify', '--shard', '8/7', 'It must be i/n with i from 0 to n - 1.'],
    ['bench', '--threads', '1,0', 'It must be at least 1.'],
    ['bench', '--batch', '1,', 'It must be a whole number.'],
    ['bench', '--rounds', '0', 'It must be at least 1.'],
    ['bench', '--tokens', '197,198,199', '198 is not one more than a square.'],
    ['explain', '--steps', '0', 'It must be at least 1.'],
    ['explain', '--samples', '0', 'It must be at least 1.'],
    ['explain', '--head', 'median', 'It must be a whole number.'],
    ['explain', '--layer', 'last', 'It must be a whole number.'],
    ['explain', '--query', '-1', 'It must be a whole number.'],
    ['explain', '--seed', '1.5', 'It must be a whole number.'],
    ['explain', '--method', 'rollout,toString', `It must be all, or any of ${methodIds.join(', ')}.`],
    ['explain', '--format', 'npy,jpg', 'It must be any of npy, png, json.'],
    ['forward', '--outputs', 'a,,b', 'It must be names with commas between them.'],
  ];
  for (const [of, flag, text, message] of bad)
    assert.throws(() => read(of, flag, text), (error) => error instanceof InvalidArgumentError && error.message === message, `${of} ${flag} ${text}`); // prettier-ignore
});
