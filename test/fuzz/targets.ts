/** What is fuzzed: everything that reads a file, a message or a description that somebody else wrote. Each is made of good ones. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { parse } from 'jsonc-parser';
import type { Architecture, Block } from '../../native/binding';
import { SaidError } from '../../extension/errors/saidError';
import { readNpy } from '../../extension/files/npy';
import { checkModelFile } from '../../extension/models/modelFile';
import { openModel } from '../../extension/models/open';
import { panelChecks } from '../../extension/protocol/panelChecks';
import { decode } from '../../extension/protocol/rpc';
import { parseLine } from '../../extension/results/format';
import { runHostileArguments } from './commandLine';
import { jsonText, mutateBytes, mutateValue } from './mutate';
import type { Random } from './random';
import { addon, engine, exportedGraphs, root } from './support';

export interface Target {
  name: string;
  /** Makes an input and tries it, in a folder of its own. Gives the input, as bytes, when it is asked for; throws what is wrong. */
  run(random: Random, folder: string): Promise<void> | void;
  /** Milliseconds an input may take. */
  patience: number;
}

const read = (file: string): Buffer => readFileSync(path.join(root, file));
/** Also with comments. */
const json = (file: string): unknown => parse(read(file).toString());
const cases = readdirSync(path.join(root, 'test/golden/cases')).sort();

/** One sentence, of a kind that is told apart from a defect. */
export function assertSaid(error: unknown): void {
  if (!(error instanceof SaidError)) throw error;
  const { message } = error;
  if (
    message === '' ||
    message.length > 3000 ||
    /\n|undefined|\[object |\bat .*:\d+:\d+/.test(message.replace(/"[^"]*"/g, ''))
  )
    throw new Error(`not one clear sentence: ${message.slice(0, 400)}`, { cause: error });
}

async function orSaid(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    assertSaid(error);
  }
}

const modelFiles = ['samples/mountain-dusk.vit.json', 'samples/tokens-to-token.vit.json'].map(json);

const vitJson: Target = {
  name: 'vit-json',
  patience: 3000,
  run(random) {
    const text = random.chance(0.8)
      ? jsonText(random, mutateValue(random, random.of(modelFiles)))
      : Buffer.from(mutateBytes(random, Buffer.from(JSON.stringify(random.of(modelFiles))))).toString();
    checkModelFile(text, '/models/x.vit.json');
  },
};

/** A folder with a configuration and weights, one of them hostile. */
const checkpoint = (name: string, hostile: 'config' | 'weights'): Target => ({
  name,
  patience: 10_000,
  async run(random, folder) {
    const of = path.join('test/golden/cases', random.of(cases));
    const files = readdirSync(path.join(root, of)).filter((file) => /\.(json|safetensors)$/.test(file));
    for (const file of files) {
      const good = read(path.join(of, file));
      const isHostile = hostile === 'weights' ? file.endsWith('.safetensors') : file.endsWith('.json');
      const bytes = !isHostile
        ? good
        : file.endsWith('.json')
          ? hostileJson(random, good)
          : hostileTensors(random, good);
      writeFileSync(path.join(folder, file), bytes);
    }
    await orSaid(() => openModel(folder, { root }));
  },
});

function hostileJson(random: Random, good: Buffer): Uint8Array {
  if (random.chance(0.15)) return mutateBytes(random, good);
  return Buffer.from(jsonText(random, mutateValue(random, JSON.parse(good.toString()))));
}

/** With a header whose length is right, most of the time. */
function hostileTensors(random: Random, good: Buffer): Uint8Array {
  if (random.chance(0.2)) return mutateBytes(random, good);
  const length = Number(good.readBigUInt64LE());
  const header = JSON.parse(good.subarray(8, 8 + length).toString()) as unknown;
  const text = Buffer.from(jsonText(random, mutateValue(random, header)));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([start, text, good.subarray(8 + length)]);
}

const onnx: Target = {
  name: 'onnx',
  patience: 10_000,
  async run(random, folder) {
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, mutateBytes(random, random.of(await exportedGraphs())));
    await orSaid(() => openModel(file, { root }));
  },
};

const npyFiles = ['attention.npy', 'input.npy'].map((file) => read(path.join('test/golden/cases/hf-clip', file)));

const npy: Target = {
  name: 'npy',
  patience: 3000,
  async run(random) {
    const good = random.of(npyFiles);
    // most of the time in the header, which says how the rest is read
    const bytes = random.chance(0.8)
      ? Buffer.concat([mutateBytes(random, good.subarray(0, 128)), good.subarray(128)])
      : mutateBytes(random, good);
    await orSaid(() => readNpy(bytes));
  },
};

const RESULTS = [
  {
    kind: 'header',
    format: 1,
    model: 'm',
    engine: 'native',
    labels: ['cat', null],
    topK: 2,
    scores: 'softmax',
    classes: 2,
  },
  { id: 'a/b.png', image: 'a/b.png', bytes: 3, predictions: [{ index: 1, label: 'cat', probability: 0.5, logit: 1 }] },
  { id: 'a', image: 'a', error: { code: 'ERR_IMAGE', template: '{0} is {1}', args: ['a', ['b']] } },
  { kind: 'tag', id: 'a', tag: 'drop', at: '2026-01-01T00:00:00Z' },
];

const results: Target = {
  name: 'results',
  patience: 3000,
  run(random) {
    parseLine(jsonText(random, mutateValue(random, random.of(RESULTS))));
  },
};

const MESSAGES = [
  { kind: 'event', event: { type: 'ready', version: 1 } },
  { kind: 'event', event: { type: 'mask', patches: new Uint32Array([1, 2]) } },
  { kind: 'event', event: { type: 'open-source', file: 'native/src/addon.cc', line: 3 } },
  { kind: 'request', id: 1, name: 'source', take: { file: 'native/src/addon.cc', line: 3 } },
  { kind: 'request', id: 1, name: 'copy', take: { text: 'x' } },
  { kind: 'request', id: 2, name: 'save', take: { suggestedName: 'x.png', bytes: new Uint8Array(4) } },
  {
    kind: 'request',
    id: 3,
    name: 'slice',
    take: { runId: 1, what: { method: 'attention', layer: 0, head: 'mean', query: 0 } },
  },
  { kind: 'cancel', id: 1 },
];

const messages: Target = {
  name: 'messages',
  patience: 3000,
  run(random) {
    const found = decode(panelChecks, mutateValue(random, random.of(MESSAGES)));
    if ('problem' in found && found.problem.length > 3000) throw new Error('a problem of many characters');
  },
};

/** The addon: descriptions, ranges of files, products of sizes. Small models only: what is large is refused before it is made. */
const architectures: Target = {
  name: 'architecture',
  patience: 20_000,
  async run(random) {
    const good: Architecture = random.of(addon.architectures);
    const architecture = mutateValue(random, good) as Architecture;
    const block = mutateValue(random, random.of(addon.architectures).block) as Block;
    const loaded = random.chance(0.8) ? architecture : { ...good, block };
    await orCoded(() => addon.binding.describeSteps(architecture));
    await orCoded(async () => {
      const model = await addon.binding.load({
        ...{ architecture: loaded, weights: { seed: random.below(9) } },
        ...{
          threads: 1,
          gemm: random.of(['packed', 'blas', 'naive'] as const),
          precision: 'fp32',
          memoryLimit: 64 * 2 ** 20,
        },
      });
      const { channels, height, width } = loaded.image;
      const values = channels * height * width;
      const input = new Float32Array(Math.min(1e6, Number.isSafeInteger(values) ? values : 0)).fill(0.5);
      const run = await model.forward(input, 1, { attention: true, tokens: true });
      run.release();
      model.close();
    });
  },
};

/** An error of the addon's own, with one of its codes. */
async function orCoded(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!/^ERR_(ARCHITECTURE|ARGUMENT|TENSOR|MEMORY|FILE)$/.test(code ?? '')) throw error;
    if (/undefined|\n/.test(message)) throw error;
  }
}

const pictures = readdirSync(path.join(root, 'samples'))
  .filter((file) => /\.(png|jpg|webp)$/.test(file))
  .map((file) => ({ name: file, bytes: read(path.join('samples', file)) }));

/** Decoded where everything is: in the engine's decoder. */
const picture: Target = {
  name: 'picture',
  patience: 60_000,
  async run(random) {
    const { name, bytes } = random.of(pictures);
    const hostile = mutateBytes(random, bytes, random.chance(0.7) ? 0 : 64);
    const source = {
      name,
      bytes: name.endsWith('.png') ? withChecksums(hostile) : hostile,
      preview: random.chance(0.2),
    };
    await orSaid(async () => {
      const { imageId } = await engine().request('open-image', source);
      await engine().request('close-image', { imageId });
    });
  },
};

/** A PNG file whose chunks have right checksums as far as they can be told apart: readers get past them. */
function withChecksums(png: Uint8Array): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length) break;
    view.setUint32(end, crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
  return png;
}

/** ONNX Runtime, and this project's own reading around it, in the engine process. */
const runtime: Target = {
  name: 'onnx-runtime',
  patience: 120_000,
  async run(random, folder) {
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, mutateBytes(random, random.of(await exportedGraphs())));
    await orSaid(async () => {
      const options = { engine: 'onnx', threads: 1, gemm: 'packed', precision: 'fp32' } as const;
      const { loaded } = await engine().request('open-model', { model: { id: file }, options });
      await engine().request('close-model', { modelId: loaded.modelId });
    });
  },
};

const commandLine: Target = { name: 'command-line', patience: 90_000, run: runHostileArguments };

export const targets: readonly Target[] = [
  ...[vitJson, checkpoint('config', 'config'), checkpoint('safetensors', 'weights'), onnx, npy, results, messages],
  ...[architectures, picture, runtime, commandLine],
];
