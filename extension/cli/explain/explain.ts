/** `explain`: maps of what speaks for a class, as files, and how far each can be trusted. */
import type { Command } from 'commander';
import path from 'node:path';
import type { EngineClient } from '../../engine/client';
import type { DescribedModel, LoadedModel } from '../../engine/requests';
import { writeNpy } from '../../files/npyEncoding';
import { makeDirectory, writeWholeFile } from '../../files/wholeFile';
import type { MethodId } from '../../engine/methods';
import { GONE_OR_DIED, onceMore } from '../../inspect/onceMore';
import { loadModel } from '../engine';
import { withEngine } from '../engineProcess';
import { complain, lineOf, UsageError } from '../errors';
import { classesOf } from '../classNames';
import { explainPicture, type Explained, type PictureToExplain } from '../../inspect/explainPicture';
import { addExplainOptions, assertOptionsFit, assertPossible, parametersOf, type ExplainOptions } from './options';
import { Summary } from './summary';
import { filesOf, namesFor, type PictureFile } from '../pictureFiles';
import { asPictures, readTensor } from '../tensorFile';

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('write which patches speak for a class, by any of several methods')
    .argument('[image...]', 'picture files, or folders of them');
  addExplainOptions(command).action(async (images: string[], options: ExplainOptions) => {
    if ((images.length === 0) === (options.input === undefined))
      throw new UsageError('explain: give pictures, or a tensor with --input');
    assertOptionsFit(options);
    await withEngine((engine) => explain(engine, images, options));
  });
}

interface Setting {
  engine: EngineClient;
  loaded: LoadedModel;
  description: DescribedModel;
  options: ExplainOptions;
}

async function explain(engine: EngineClient, images: string[], options: ExplainOptions): Promise<void> {
  const files = await filesOf(images);
  const { input } = options;
  const tensor = input === undefined ? null : asPictures(input, await readTensor(input));
  const setting = { engine, options, ...(await loadModel(engine, options)) };
  assertPossible(options, setting.loaded);
  await makeDirectory(options.output);
  const summary = new Summary();
  if (tensor) await explainTensor(setting, tensor, summary);
  else await explainFiles(setting, files, summary);
  if (options.faithfulness && summary.size > 1) {
    console.log(summary.table());
    await writeJson(path.join(options.output, 'summary.json'), summary.json());
  }
}

/** Pictures one after another: what is kept of one goes before the next. */
async function explainTensor(
  setting: Setting,
  { shape, values }: { shape: number[]; values: Float32Array },
  summary: Summary,
): Promise<void> {
  const { options } = setting;
  const [batch = 0] = shape;
  if (batch === 0) throw new Error(`${options.input} holds no pictures.`);
  const size = values.length / batch;
  const explained: Explained[] = [];
  const chosen = chosenClasses(setting, batch);
  for (let i = 0; i < batch; i++) {
    const one = { values: values.slice(i * size, (i + 1) * size), shape: [1, ...shape.slice(1)] };
    explained.push(await explainOne(setting, { kind: 'tensor', ...one }, chosen(i)));
    summary.add(explained[i]!);
  }
  for (const method of options.method) await write(setting, method, method, explained);
}

/** One set of files for each. A picture that cannot be opened is reported, and the others go on. */
async function explainFiles(setting: Setting, files: PictureFile[], summary: Summary): Promise<void> {
  const names = namesFor(files);
  const chosen = chosenClasses(setting, files.length);
  for (const [i, { file }] of files.entries()) {
    try {
      const explained = await again(setting, () => explainOne(setting, { kind: 'file', file }, chosen(i)));
      summary.add(explained);
      for (const method of setting.options.method) await write(setting, method, `${names[i]}-${method}`, [explained]);
    } catch (error) {
      complain(lineOf(error));
      process.exitCode = 1;
    }
  }
}

/** A picture before this one may have ended the engine's process, or a large one its memory: the model is loaded again, once for each picture. */
async function again<T>(setting: Setting, work: () => Promise<T>): Promise<T> {
  let gone = false;
  return onceMore(
    async () => {
      if (gone) setting.loaded = (await loadModel(setting.engine, setting.options)).loaded;
      return work();
    },
    () => (gone = true),
    GONE_OR_DIED,
  );
}

type Classes = { class: number | null; against: number | null };

function chosenClasses({ options, description }: Setting, count: number): (picture: number) => Classes {
  const { labels } = description;
  const of = (option: 'class' | 'against') => {
    const text = options[option];
    return text === undefined ? null : classesOf(`--${option}`, text, labels, count);
  };
  const [classes, against] = [of('class'), of('against')];
  return (picture) => ({ class: classes?.[picture] ?? null, against: against?.[picture] ?? null });
}

const explainOne = (setting: Setting, picture: PictureToExplain, classes: Classes): Promise<Explained> =>
  explainPicture(setting.engine, setting.loaded, picture, {
    parameters: { ...parametersOf(setting.options, setting.loaded), ...classes },
    head: setting.options.head ?? 'mean',
    methods: setting.options.method,
    faithfulness: setting.options.faithfulness === true,
    formats: formatsOf(setting.options),
    description: setting.description,
  });

const formatsOf = ({ format, input }: ExplainOptions) =>
  format ?? (input === undefined ? (['npy', 'png', 'json'] as const) : (['npy', 'json'] as const));

/** NAME.npy (B, rows, columns), NAME.json, and a picture each: NAME.png, or NAME-0.png, NAME-1.png, ... of a tensor. */
async function write({ options, loaded, description }: Setting, id: MethodId, name: string, explained: Explained[]) {
  const at = (ending: string) => path.join(options.output, `${name}${ending}`);
  const formats = formatsOf(options);
  const maps = explained.map(({ maps }) => maps[id]!);
  const [rows, columns] = loaded.grid;
  if (formats.includes('npy')) {
    const all = new Float32Array(maps.length * rows * columns);
    maps.forEach(({ map }, i) => all.set(map, i * rows * columns));
    await writeWholeFile(at('.npy'), [writeNpy([maps.length, rows, columns], all)]);
  }
  if (formats.includes('json')) {
    const { parameters } = maps[0] ?? {};
    await writeJson(at('.json'), {
      ...{ method: id, model: description.id, engine: loaded.engine, ...parameters },
      images: explained.map(({ file, maps }) => ({ ...(file !== null && { image: file }), ...maps[id]!.facts })),
    });
  }
  if (formats.includes('png'))
    for (const [i, { png }] of maps.entries())
      await writeWholeFile(at(options.input === undefined ? '.png' : `-${i}.png`), [png!]);
}

const writeJson = (file: string, value: unknown): Promise<unknown> =>
  writeWholeFile(file, [Buffer.from(`${JSON.stringify(value, null, 1)}\n`)]);
