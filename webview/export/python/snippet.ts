/** The map on screen as a Python program that computes it again: PyTorch, and timm or transformers. */
import * as l10n from '@vscode/l10n';
import { version } from '../../../package.json';
import { methodDefaults, takes } from '../../../extension/engine/methods';
import { cropBox, resizedSize } from '../../../extension/image/geometry';
import type { Preprocessing } from '../../../extension/image/preprocessing';
import type { PanelImage } from '../../../extension/protocol/panel';
import type { AppState } from '../../app/state';
import { libraryOf, type Library } from './libraries';
import { methodPages } from '../../attention/methods';
import type { MethodCode } from '../../attention/methods/page';

/** Pictures that Pillow opens as this program does. */
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'bmp', 'tiff'];

type Shown = AppState & { [K in 'image' | 'model' | 'run']: NonNullable<AppState[K]> };

/** The parts of a program for what is shown; or why there is none, as a text for people. */
function partsOf({ model, image, view, hidden }: Shown): { library: Library; code: MethodCode } | string {
  const library = libraryOf(model);
  if (!library || !model.architecture)
    return l10n.t('Only models of timm and transformers: {0} is neither.', model.name);
  if (!FORMATS.includes(image.format)) return l10n.t('Pillow does not open pictures like {0}.', image.name);
  const code = methodPages[view.method].python(view, model.architecture);
  if (!code) return l10n.t('This method has no program of a page.');
  const needs = [code.uses, hidden.length > 0 ? 'embedding' : undefined] as const;
  if (needs.some((part) => part !== undefined && library[part] === null))
    return l10n.t('This method needs a part of {0} that the program does not know.', model.name);
  return { library, code };
}

/** Why there is no program for what is shown, for people; null when there is one. */
export function whyNoSnippet(state: AppState): string | null {
  if (!isShown(state)) return '';
  const parts = partsOf(state);
  return typeof parts === 'string' ? parts : null;
}

const isShown = (state: AppState): state is Shown => state.image !== null && state.model !== null && state.run !== null;

/**
 * @param file the name of the .npy file that the program writes: the map (rows, columns), as the panel saves it
 * Throws where `whyNoSnippet` says why.
 */
export function pythonSnippet(state: AppState, file: string): string {
  if (!isShown(state)) throw new Error('nothing is shown');
  const parts = partsOf(state);
  if (typeof parts === 'string') throw new Error(parts);
  const { library, code } = parts;
  const { image, model, view, hidden } = state;
  const { preprocessing } = model;
  const [rows, columns] = model.loaded.grid;
  const { tokenizer } = model.architecture!;
  const hides = hidden.length > 0 || code.uses === 'embedding';
  const lines = [
    `# ${view.method} of ${text(image.name)} under ${text(model.name)}, as ViT Inspector ${version} shows it.`,
    `# pip install ${['torch', 'numpy', 'pillow', ...library.packages].join(' ')}`,
    ...sortedImports([
      'from pathlib import Path',
      'import numpy as np',
      'import torch',
      ...imports,
      ...library.imports,
    ]),
    '',
    `MODEL = Path(${text(model.path)})`,
    `PICTURE = Path(${text(pathOf(image))})`,
    ...(takes(view.method, 'class')
      ? [`TARGET = ${targetOf(state)}  # class: weight; y is the sum of weight * logit`]
      : []),
    ...(takes(view.method, 'query')
      ? [`LAYER, QUERY = ${view.layer}, ${view.query}  # from 0; tokens: prefix tokens first`]
      : []),
    ...(view.method === 'attention' && typeof view.head === 'number' ? [`HEAD = ${view.head}  # from 0`] : []),
    ...(takes(view.method, 'steps') ? [`STEPS = ${methodDefaults.steps}`] : []),
    `PREFIX, GRID = ${model.loaded.numPrefix}, (${rows}, ${columns})  # tokens before the patches; patches down and across`,
    ...(tokenizer.kind === 'patch' ? [`PATCH = (${tokenizer.patch.join(', ')})`] : []),
    ...(hides ? [`HIDDEN = [${hidden.join(', ')}]  # patches whose embedding is zero, from 0`] : []),
    '',
    ...library.open,
    ...(hides ? hiding(library.embedding!) : []),
    '',
    '',
    ...picture(preprocessing, image),
    '',
    ...(code.uses === 'lastNorm' ? [`last_norm = ${library.lastNorm!}`] : []),
    ...trimmed(code.lines),
    `result = values${code.overTokens ? '[PREFIX:]' : ''}.reshape(GRID).detach().numpy()`,
    'print(result)',
    `np.save(${text(file)}, result)`,
  ];
  return `${lines.join('\n')}\n`;
}

const imports = ['from PIL import Image, ImageOps'];

/** Standard library first, as isort has it. */
function sortedImports(lines: readonly string[]): string[] {
  const own = ['import json', 'from pathlib import Path'];
  return [
    ...own.filter((line) => lines.includes(line)),
    '',
    ...lines.filter((line) => !own.includes(line)).sort(byModule),
  ];
}

const byModule = (a: string, b: string): number => {
  const name = (line: string) => line.split(' ')[1]!.toLowerCase();
  return name(a) < name(b) ? -1 : 1;
};

/** JSON's texts are Python's. */
const text = (value: string): string => JSON.stringify(value);

/** A file's own path; of other places what is known. */
function pathOf({ uri, name }: PanelImage): string {
  const url = new URL(uri);
  if (url.protocol !== 'file:') return name;
  const path = decodeURIComponent(url.pathname);
  const local = /^\/[a-z]:/i.test(path) ? path.slice(1) : path;
  return url.host === '' ? local : `//${url.host}${path}`;
}

/** '{404: 1.0, 895: -1.0}' */
function targetOf({ view, run }: Shown): string {
  const chosen = view.class ?? run.predictions[0]?.index ?? 0;
  return view.against === null ? `{${chosen}: 1.0}` : `{${chosen}: 1.0, ${view.against}: -1.0}`;
}

/** The picture as the model's input `x`, by Pillow's own resize. */
function picture(
  { channels, resize, interpolation, crop, rescale, mean, std }: Preprocessing,
  image: PanelImage,
): string[] {
  const size = resizedSize(image, resize);
  const box = crop ? cropBox(size, crop) : { left: 0, top: 0, ...size };
  const grey = channels === 1;
  const fill = grey ? String(crop?.fill[0] ?? 0) : `(${(crop?.fill ?? [0, 0, 0]).join(', ')})`;
  const perChannel = (values: readonly number[]) =>
    `torch.tensor([${Array.from({ length: channels }, (_, c) => values[c] ?? values[0] ?? 0).join(', ')}])[:, None, None]`;
  const untouched = size.width === image.width && size.height === image.height;
  return [
    `image = ImageOps.exif_transpose(Image.open(PICTURE)).convert("${grey ? 'L' : 'RGB'}")`,
    ...(untouched
      ? []
      : [`image = image.resize((${size.width}, ${size.height}), Image.Resampling.${interpolation.toUpperCase()})`]),
    `crop = Image.new(image.mode, (${box.width}, ${box.height}), ${fill})`,
    `crop.paste(image, (${-box.left + 0}, ${-box.top + 0}))`,
    `x = torch.tensor(np.array(crop), dtype=torch.float32).reshape(${box.height}, ${box.width}, ${channels}).permute(2, 0, 1)`,
    `x = ((x * ${rescale} - ${perChannel(mean)}) / ${perChannel(std)})[None]`,
  ];
}

/** Patches' embeddings are zero, as the brush makes them: before position embedding. */
const hiding = (module: string): string[] => [
  '',
  '',
  'def hide(module, inputs, output):',
  '    seen = torch.ones(GRID[0] * GRID[1])',
  '    seen[HIDDEN] = 0',
  '    if output.ndim == 3:  # (B, patches, D)',
  '        return output * seen[:, None]',
  '    return output * seen.reshape(GRID)[..., None] if output.shape[1:3] == GRID else output * seen.reshape(GRID)',
  '',
  '',
  `${module}.register_forward_hook(hide)`,
];

/** Without empty lines in front. */
function trimmed(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line !== '');
  return lines.slice(first);
}
