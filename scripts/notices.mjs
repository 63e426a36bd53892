// Who made what the package contains besides our own code, and under which licence: the text of ThirdPartyNotices.txt.
// Packages bring their licences. What a package lacks, and the libraries inside native ones, is in scripts/notices/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fromRoot, Problem, readJson, root } from './lib/run.mjs';

const folder = fromRoot('scripts/notices');
const text = (...parts) => readFileSync(path.join(folder, ...parts), 'utf8').trim();

/** Packages that name their licence in package.json and have no copy of it. */
const withoutText = {
  '@microsoft/fast-element': 'Copyright (c) Microsoft Corporation. All rights reserved.',
  '@microsoft/fast-foundation': 'Copyright (c) Microsoft Corporation. All rights reserved.',
  '@microsoft/fast-web-utilities': 'Copyright (c) Microsoft Corporation. All rights reserved.',
  '@vscode/l10n': 'Copyright (c) Microsoft Corporation. All rights reserved.',
  'gearhash-jit': 'Copyright (c) the authors of gearhash-jit',
};

/** Copied into dist/ or compiled into the addon: no bundle's list has them. */
const besideTheBundles = ['@vscode/codicons', 'node-addon-api'];

/** The package that holds a file, from its path: the folder below the last node_modules, or null. */
function packageOf(file) {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/'));
  return found && path.resolve(root, found[0]);
}

/** Folders of the packages of which something is in these bundles (esbuild's metafiles). */
function bundledPackages(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)),
  );
  return inputs.flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? (packageOf(file) ?? []) : []));
}

function packageNotice(directory) {
  const { name, version, license } = readJson(path.join(directory, 'package.json'));
  if (name.startsWith('onnxruntime-')) return { name, version, text: text('onnxruntime.txt') };
  if (name.startsWith('@img/sharp-libvips-')) return { name, version, text: libvipsText(directory) };
  const files = readdirSync(directory).sort();
  const texts = (pattern) =>
    files.filter((file) => pattern.test(file)).map((file) => readFileSync(path.join(directory, file), 'utf8').trim());
  const licence = texts(/^(licen[cs]e|copying)/i);
  if (licence.length === 0) {
    if (withoutText[name] === undefined || license !== 'MIT') {
      throw new Problem(`${name} has no licence text: add it to scripts/notices.mjs`);
    }
    licence.push(`MIT License\n\n${withoutText[name]}\n\n${text('licences', 'MIT.txt')}`);
  }
  // for Windows sharp's own package holds libvips
  const inside = files.includes('versions.json') ? [libvipsText(directory)] : [];
  return { name, version, text: [...licence, ...texts(/^(copyright|notice|acknowledge)/i), ...inside].join('\n\n') };
}

/** One library of many: each with its own notice, and libnsgif, which is part of libvips. */
function libvipsText(directory) {
  const versions = readJson(path.join(directory, 'versions.json'));
  const libraries = [...Object.entries(versions), ['nsgif', '']];
  return libraries
    .map(([name, version]) => {
      if (!existsSync(path.join(folder, 'libvips', `${name}.txt`))) {
        throw new Problem(`libvips now contains ${name}: add its licence as scripts/notices/libvips/${name}.txt`);
      }
      return heading('-', `${name} ${version}`.trim()) + text('libvips', `${name}.txt`);
    })
    .join('\n\n');
}

const heading = (line, title) => `${line.repeat(80)}\n${title}\n${line.repeat(80)}\n\n`;

/** Packages with the same text (one project in several packages) share it. */
function sections(notices) {
  const byText = new Map();
  for (const { name, version, text } of notices) {
    byText.set(text, [...(byText.get(text) ?? []), version ? `${name} ${version}` : name]);
  }
  return [...byText].map(([text, names]) => heading('=', [...new Set(names)].join('\n')) + text);
}

/**
 * Folders of the npm packages of which something is in the package.
 * @param metafiles esbuild's, of every bundle
 * @param files what goes into the package, relative to the root
 */
export function packagesInside(metafiles, files) {
  const shipped = files.flatMap((file) => packageOf(file) ?? []);
  const beside = besideTheBundles.map((name) => fromRoot('node_modules', name));
  return [...new Set([...bundledPackages(metafiles), ...shipped, ...beside])];
}

/** Libraries that are linked into the addon of a platform, e.g. linux-arm64. */
export function linkedLibraries(target) {
  if (target.startsWith('darwin')) return [];
  return [
    { name: 'OpenBLAS', licence: 'BSD-3-Clause', text: text('openblas.txt') },
    { name: 'libstdc++', licence: 'GPL-3.0-or-later WITH GCC-exception-3.1', text: text('libstdcxx.txt') },
    ...(target.startsWith('win32')
      ? [{ name: 'winpthreads', licence: 'MIT AND BSD-3-Clause', text: text('winpthreads.txt') }]
      : []),
  ];
}

/**
 * The whole text.
 * @param packages their folders
 * @param target the platform of the package
 */
export function thirdPartyNotices(packages, target) {
  const notices = packages.map(packageNotice);
  notices.push({ name: 'DeiT', text: text('deit.txt') }, ...linkedLibraries(target));
  const common = ['Apache-2.0', 'MPL-2.0', 'LGPL-3.0', 'GPL-3.0'];
  return `ViT Inspector contains the following software of others, under their licences.\n\n\n${[
    ...sections(notices.sort((a, b) => a.name.localeCompare(b.name))),
    ...common.map(
      (name) => heading('=', `Text of ${name}, to which notices above refer`) + text('licences', `${name}.txt`),
    ),
  ].join('\n\n\n')}\n`;
}
