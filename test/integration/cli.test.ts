import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { readNpy } from '../../extension/files/npy';
import { writeNpy } from '../../extension/files/npyEncoding';
import { assertOneLine, root, runCli, sample, type Ended } from './support';

/** dist/cli.js with these arguments, to its end. */
const cli = (...args: string[]) => runCli(folder, {}, ...args);
const cliWith = (env: NodeJS.ProcessEnv, ...args: string[]) => runCli(folder, env, ...args);

const npy = async (file: string) => readNpy(await readFile(path.join(folder, file)));
const embedded = path.join(root, 'models', 'vit-cifar10');

/** Of the embedded model, as its config says: another training may choose others. */
async function sizes(): Promise<{ depth: number; heads: number; dim: number }> {
  const config = JSON.parse(await readFile(path.join(embedded, 'config.json'), 'utf8')) as {
    model_args: { depth: number; num_heads: number; embed_dim: number };
  };
  const { depth, num_heads, embed_dim } = config.model_args;
  return { depth, heads: num_heads, dim: embed_dim };
}

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'vit-cli-'));
});
after(() => rm(folder, { recursive: true }));

describe('classify', () => {
  interface Line {
    image: string;
    model: string;
    engine: string;
    error?: string;
    predictions: { index: number; label: string; probability: number; logit: number }[];
    timings: { decode_ms: number; preprocess_ms: number; forward_ms: number };
  }
  const lines = ({ stdout }: Ended) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  test('one JSON object a line, in the order asked, with these fields and no others', async () => {
    const images = [sample('ship.png'), sample('aeroplane.png'), sample('cat.webp')];
    const ended = await cli('classify', ...images, '--json', '--top-k', '2');
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    const results = lines(ended);
    assert.deepEqual(
      results.map(({ image }) => image),
      images,
    );
    for (const line of results) {
      assert.deepEqual(Object.keys(line), ['image', 'model', 'engine', 'scores', 'predictions', 'timings']);
      assert.deepEqual([line.model, line.engine, line.predictions.length], ['embedded', 'native', 2]);
      assert.deepEqual(Object.keys(line.predictions[0] ?? {}), ['index', 'label', 'probability', 'logit']);
      assert.deepEqual(Object.keys(line.timings), ['decode_ms', 'preprocess_ms', 'forward_ms']);
      const [first, second] = line.predictions;
      assert.ok(first && second && first.probability >= second.probability && first.probability <= 1);
    }
    assert.deepEqual(
      results.map(({ predictions }) => predictions[0]?.label),
      ['ship', 'airplane', 'cat'],
    );
  });

  test('for people: the name, then classes with percentages', async () => {
    const { code, stdout } = await cli('classify', sample('ship.png'), '-k', '1');
    assert.equal(code, 0);
    assert.match(stdout, /^\S*ship\.png\n {2}[ \d.]+ % {2}ship\n$/);
  });

  test('a bad picture is a line with an error, the others are classified, the exit code is 1', async () => {
    await writeFile(path.join(folder, 'empty.png'), '');
    const ended = await cli('classify', 'empty.png', sample('ship.png'), 'missing.jpg', '--json');
    assert.equal(ended.code, 1);
    const [empty, ship, missing] = lines(ended);
    assert.deepEqual(Object.keys(empty ?? {}), ['image', 'model', 'engine', 'error']);
    assert.match(empty?.error ?? '', /empty\.png is empty\.$/);
    assert.equal(ship?.predictions[0]?.label, 'ship');
    assert.match(missing?.error ?? '', /missing\.jpg does not exist\.$/);
    assert.equal(ended.stderr.trim().split('\n').length, 2);
  });

  const wrong: [name: string, make: () => Uint8Array | Promise<Uint8Array>, message: RegExp][] = [
    [
      'cut.jpg',
      async () => (await readFile(sample('harbour.jpg'))).subarray(0, 4000),
      /cut\.jpg is truncated or damaged/,
    ],
    ['renamed.png', () => Buffer.from('a letter, not a picture'), /renamed\.png is not a picture/],
    [
      'vast.png',
      () => vast().png().toBuffer(),
      /vast\.png has 20000 x 20000 pixels \(400 megapixels\), over the limit/,
    ],
    ['vast.jpg', () => vast().jpeg({ quality: 1 }).toBuffer(), /vast\.jpg has 20000 x 20000 pixels \(400 megapixels\)/],
  ];
  for (const [name, make, message] of wrong) {
    test(name, async () => {
      await writeFile(path.join(folder, name), await make());
      const ended = await cli('classify', name);
      assert.equal(ended.code, 1);
      assertOneLine(ended, message);
    });
  }

  const unusual: [name: string, make: () => Promise<Uint8Array>][] = [
    [
      'one-pixel.png',
      () =>
        sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
          .png()
          .toBuffer(),
    ],
    ['cmyk.jpg', () => readFile(path.join(root, 'test', 'golden', 'images', 'cmyk.jpg'))],
    ['alpha.png', () => readFile(path.join(root, 'test', 'golden', 'images', 'rgba.png'))],
  ];
  for (const [name, make] of unusual) {
    test(`${name} is classified`, async () => {
      await writeFile(path.join(folder, name), await make());
      const ended = await cli('classify', name, '--json');
      assert.deepEqual([ended.code, ended.stderr], [0, '']);
      assert.equal(lines(ended)[0]?.predictions.length, 5);
    });
  }

  test('onnxruntime gives the same numbers', async () => {
    const [native] = lines(await cli('classify', sample('frog.png'), '--json', '--top-k', '10'));
    const [onnx] = lines(await cli('classify', sample('frog.png'), '--json', '--top-k', '10', '--engine', 'onnx'));
    assert.equal(onnx?.engine, 'onnx');
    native?.predictions.forEach(({ index, logit }) => {
      const other = onnx.predictions.find((prediction) => prediction.index === index);
      assert.ok(Math.abs(logit - (other?.logit ?? NaN)) < 1e-4);
    });
  });
});

const vast = () =>
  sharp({
    create: { width: 20_000, height: 20_000, channels: 3, background: 'black' },
    limitInputPixels: false,
  }).toColourspace('b-w');

describe('preprocess and forward', () => {
  test('a picture to a tensor to everything the model computed', async () => {
    const { depth, heads, dim } = await sizes();
    assert.equal((await cli('preprocess', sample('frog.png'), '--output', 'frog.npy')).code, 0);
    const input = await npy('frog.npy');
    assert.deepEqual([input.shape, input.dtype], [[1, 3, 128, 128], '<f4']);

    const outputs = 'logits,attention,tokens,input,patches,blocks.2.attn.q';
    const ended = await cli('forward', '--input', 'frog.npy', '--output', 'out/frog', '--outputs', outputs);
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, '', '']);
    const out = (name: string) => npy(`out/frog/${name}.npy`);
    assert.deepEqual((await out('input')).values, input.values);
    const logits = await out('logits');
    assert.deepEqual(logits.shape, [1, 10]);
    const attention = await out('attention');
    assert.deepEqual(attention.shape, [1, depth, heads, 65, 65]);
    for (let row = 0; row < depth * heads * 65; row++) {
      const sum = attention.values.subarray(row * 65, (row + 1) * 65).reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
    assert.deepEqual((await out('tokens')).shape, [1, depth + 1, 65, dim]);
    assert.deepEqual((await out('patches')).shape, [1, 64, 768]);
    assert.deepEqual((await out('blocks.2.attn.q')).shape, [1, heads, 65, dim / heads]);
    const classified = JSON.parse((await cli('classify', sample('frog.png'), '--json', '-k', '10')).stdout) as {
      predictions: { index: number; logit: number }[];
    };
    for (const { index, logit } of classified.predictions) assert.ok(Math.abs(logits.values[index]! - logit) < 1e-5);
  });

  test('a batch gives each picture what it gets alone', async () => {
    const values = Float32Array.from({ length: 3 * 3 * 128 * 128 }, (_, i) => Math.sin(i * 0.37) * 2);
    await writeFile(path.join(folder, 'three.npy'), writeNpy([3, 3, 128, 128], values));
    assert.equal((await cli('forward', '-i', 'three.npy', '-o', 'three')).code, 0);
    const size = 3 * 128 * 128;
    await writeFile(path.join(folder, 'second.npy'), writeNpy([1, 3, 128, 128], values.subarray(size, 2 * size)));
    assert.equal((await cli('forward', '-i', 'second.npy', '-o', 'second')).code, 0);
    for (const name of ['logits', 'attention', 'tokens']) {
      const [all, one] = [await npy(`three/${name}.npy`), await npy(`second/${name}.npy`)];
      assert.deepEqual(all.shape, [3, ...one.shape.slice(1)]);
      const begin = one.values.length;
      one.values.forEach((value, i) => assert.ok(Math.abs(value - all.values[begin + i]!) < 1e-4, `${name} ${i}`));
    }
  });

  test('every step of the walk-through can be written, with the shape describe says', async () => {
    const described = JSON.parse((await cli('describe', '--steps', '--json')).stdout) as {
      steps: { name: string; shape: number[] }[];
    };
    await writeFile(path.join(folder, 'zero.npy'), writeNpy([1, 3, 128, 128], new Float32Array(3 * 128 * 128)));
    assert.equal((await cli('forward', '-i', 'zero.npy', '-o', 'steps', '--outputs', 'steps')).code, 0);
    assert.ok(described.steps.length > 20);
    for (const { name, shape } of described.steps) {
      // `tokens` is an output too: of every depth, and that is what the file then holds
      if (name !== 'tokens') assert.deepEqual((await npy(`steps/${name}.npy`)).shape, shape, name);
    }
  });

  test('another input size', async () => {
    const ended = await cli('preprocess', sample('frog.png'), '-o', 'wide.npy', '--image-size', '128x192');
    assert.equal(ended.code, 0);
    assert.deepEqual((await npy('wide.npy')).shape, [1, 3, 128, 192]);
    assert.equal((await cli('forward', '-i', 'wide.npy', '-o', 'wide', '--image-size', '128x192')).code, 0);
    const { depth, heads } = await sizes();
    assert.deepEqual((await npy('wide/attention.npy')).shape, [1, depth, heads, 97, 97]);
  });

  const wrong: [name: string, bytes: Uint8Array, message: RegExp][] = [
    [
      'three-axes.npy',
      writeNpy([3, 32, 32], new Float32Array(3072)),
      /three-axes\.npy has shape \(3, 32, 32\), but the input is/,
    ],
    [
      'small.npy',
      writeNpy([1, 3, 8, 8], new Float32Array(192)),
      /shape \(1, 3, 8, 8\), but the model takes \(B, 3, 128, 128\)/,
    ],
    ['cut.npy', writeNpy([1, 3, 32, 32], new Float32Array(3072)).subarray(0, 999), /cut\.npy is truncated/],
    ['words.npy', Buffer.from('words, words, words'), /words\.npy is not a NumPy \.npy file/],
  ];
  for (const [name, bytes, message] of wrong) {
    test(name, async () => {
      await writeFile(path.join(folder, name), bytes);
      const ended = await cli('forward', '-i', name, '-o', 'never');
      assert.equal(ended.code, 1);
      assertOneLine(ended, message);
    });
  }
});

describe('describe', () => {
  test('as JSON', async () => {
    const described = JSON.parse((await cli('describe', '--json')).stdout) as Record<string, unknown>;
    assert.deepEqual([described.id, described.family], ['embedded', 'timm']);
    const { image, depth } = described.architecture as { image: object; depth: number };
    assert.deepEqual([image, depth], [{ channels: 3, height: 128, width: 128 }, 12]);
    assert.deepEqual(described.tokens, { total: 65, prefix: ['class'], grid: [8, 8] });
    assert.equal((described.labels as string[])[8], 'ship');
  });

  test('for people', async () => {
    const { code, stdout } = await cli('describe', '--model', embedded);
    assert.equal(code, 0);
    assert.match(stdout, /^family +timm/m);
    const { depth, heads, dim } = await sizes();
    assert.match(stdout, new RegExp(`^tokens +65: class \\+ 8 x 8 patches, each ${dim} long$`, 'm'));
    const map = new RegExp(`^ {2}blocks\\.0-${depth - 1}\\.attn\\.weights +\\(1, ${heads}, 65, 65\\)$`, 'm');
    assert.match(stdout, map);
  });
});

describe('models that cannot be used: one sentence, exit code 1', () => {
  type Change = (bytes: Buffer) => Uint8Array;
  /** A copy of the embedded model with its weights changed. */
  async function model(name: string, change: Change): Promise<string> {
    const copy = path.join(folder, name);
    await cp(embedded, copy, { recursive: true });
    const file = path.join(copy, 'model.safetensors');
    await writeFile(file, change(await readFile(file)));
    return copy;
  }
  /** The header as an object, changed, in front of the same tensors. */
  const withHeader =
    (change: (header: Record<string, { shape: number[]; data_offsets: number[] }>) => void): Change =>
    (bytes) => {
      const length = Number(bytes.readBigUInt64LE(0));
      const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Parameters<typeof change>[0];
      change(header);
      const text = Buffer.from(JSON.stringify(header));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([size, text, bytes.subarray(8 + length)]);
    };
  const without = (name: string) =>
    withHeader((header) => {
      header[`other.${name}`] = header[name]!;
      Reflect.deleteProperty(header, name);
    });
  const cases: [name: string, change: Change, message: RegExp][] = [
    ['truncated', (bytes) => bytes.subarray(0, bytes.length >> 1), /model\.safetensors/],
    ['empty', () => new Uint8Array(), /model\.safetensors/],
    ['text', () => Buffer.from('these are not weights, whatever the name says'), /model\.safetensors/],
    [
      'a header longer than the file',
      (bytes) => Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), bytes.subarray(8)]),
      /model\.safetensors/,
    ],
    [
      'an offset beyond the file',
      withHeader((header) => void (header['head.bias']!.data_offsets = [1e12, 1e12 + 40])),
      /head\.bias/,
    ],
    [
      'a shape that is not its bytes',
      withHeader((header) => void (header['head.weight']!.shape = [10, 129])),
      /head\.weight/,
    ],
    ['a block is missing', without('blocks.3.attn.qkv.weight'), /blocks\.3\.attn\.qkv\.weight/],
  ];
  for (const [name, change, message] of cases) {
    test(name, async () => {
      const ended = await cli('classify', sample('ship.png'), '--model', await model(name, change));
      assert.deepEqual([ended.code, ended.stdout], [1, '']);
      assertOneLine(ended, message);
    });
  }

  test('a registry id is found in the cache that all hub tools share, and nowhere else', async () => {
    const commit = 'a'.repeat(40);
    const repository = path.join(folder, 'hub', 'models--someone--small');
    await cp(embedded, path.join(repository, 'snapshots', commit), { recursive: true });
    await mkdir(path.join(repository, 'refs'));
    await writeFile(path.join(repository, 'refs', 'main'), commit);
    const env = { HF_HUB_CACHE: path.join(folder, 'hub') };
    const found = await cliWith(env, 'classify', sample('ship.png'), '--model', 'someone/small', '--json', '-k', '1');
    assert.equal(found.code, 0);
    const line = JSON.parse(found.stdout) as { model: string; predictions: { label: string }[] };
    assert.deepEqual([line.model, line.predictions[0]?.label], ['someone/small', 'ship']);
    const missing = await cliWith(env, 'classify', sample('ship.png'), '--model', 'someone/else');
    assert.equal(missing.code, 1);
    assertOneLine(missing, /someone\/else is neither a path nor a model that was downloaded/);
  });

  test('no such model', async () => {
    const ended = await cli('classify', sample('ship.png'), '--model', 'nowhere');
    assert.equal(ended.code, 1);
    assertOneLine(ended, /nowhere/);
  });

  test('describe shows a broken one all the same', async () => {
    const broken = await model('described', without('norm.weight'));
    const ended = await cli('describe', '--model', broken, '--json');
    assert.equal(ended.code, 1);
    assertOneLine(ended, /norm\.weight/);
    const { findings } = JSON.parse(ended.stdout) as { findings: { severity: string; subject?: string }[] };
    assert.ok(findings.some(({ severity, subject }) => severity === 'error' && subject === 'norm.weight'));
  });
});

describe('bad usage: one line, exit code 2', () => {
  const cases: [args: string[], message: RegExp][] = [
    [[], /no command was given/],
    [['paint'], /unknown command 'paint'/],
    [['classify'], /missing required argument 'image'/],
    [['classify', 'a.png', '--colour'], /unknown option '--colour'/],
    [['classify', 'a.png', '--top-k', '0'], /top-k.*at least 1/],
    [['classify', 'a.png', '--top-k', 'many'], /top-k.*whole number/],
    [['classify', 'a.png', '--engine', 'steam'], /Allowed choices are native, onnx/],
    [['classify', 'a.png', '--image-size', '224'], /HEIGHTxWIDTH/],
    [['forward', '--output', 'x'], /required option '-i, --input <file>' not specified/],
    [['preprocess', 'a.png'], /required option '-o, --output <file>' not specified/],
    [['preprocess', 'a.png', 'b.png', '-o', 'x'], /too many arguments/],
  ];
  for (const [args, message] of cases) {
    test(args.join(' ') || '(nothing)', async () => {
      const ended = await cli(...args);
      assert.deepEqual([ended.code, ended.stdout], [2, '']);
      assertOneLine(ended, message);
    });
  }

  test('a step the model does not have', async () => {
    await writeFile(path.join(folder, 'zeros.npy'), writeNpy([1, 3, 128, 128], new Float32Array(3 * 128 * 128)));
    const ended = await cli('forward', '-i', 'zeros.npy', '-o', 'x', '--outputs', 'logits,blocks.99.norm1');
    assert.equal(ended.code, 2);
    assertOneLine(ended, /no step called blocks\.99\.norm1/);
  });

  test('help and version are no failures', async () => {
    const help = await cli('--help');
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /classify \[options\] <image\.\.\.>/);
    assert.deepEqual((await cli('--version')).stdout, '0.1.0\n');
  });
});
