// What a package is made of, as a bill of materials that tools read: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fromRoot, readJson } from './lib/run.mjs';
import { linkedLibraries } from './notices.mjs';

/**
 * The text of bom.cdx.json.
 * @param packages folders of the npm packages inside
 * @param target the platform of the package, e.g. linux-arm64
 */
export function billOfMaterials(packages, target) {
  const own = readJson(fromRoot('package.json'));
  const locked = readJson(fromRoot('package-lock.json')).packages;
  const components = [
    ...packages.flatMap((folder) => packageComponents(folder, locked)),
    ...linkedLibraries(target).map(({ name, licence }) => library(name, undefined, licenceOf(licence))),
    {
      type: 'machine-learning-model',
      name: 'DeiT-Ti',
      description: 'The embedded model was trained from its weights.',
      licenses: licenceOf('Apache-2.0'),
    },
  ];
  const name = (one) => `${one.group ?? ''}/${one.name}`;
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        name: own.name,
        version: own.version,
        licenses: licenceOf(own.license),
        properties: [{ name: 'platform', value: target }],
      },
    },
    components: components.sort((a, b) => (name(a) < name(b) ? -1 : 1)),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

const licenceOf = (text) => (/[ (]/.test(text) ? [{ expression: text }] : [{ license: { id: text } }]);

const library = (name, version, licenses) => ({
  type: 'library',
  name,
  ...(version && { version }),
  ...(licenses && { licenses }),
});

/** An npm package, and, of sharp's libvips, the libraries in it. */
function packageComponents(folder, locked) {
  const { name, version, license } = readJson(path.join(folder, 'package.json'));
  const [, group, short] = /^(?:(@[^/]+)\/)?(.*)$/.exec(name);
  const [, algorithm, digest] =
    /^sha(\d+)-(.*)$/.exec(locked[folder.slice(folder.indexOf('node_modules/'))]?.integrity ?? '') ?? [];
  const component = {
    ...library(short, version, license && licenceOf(license)),
    ...(group && { group }),
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(digest && { hashes: [{ alg: `SHA-${algorithm}`, content: Buffer.from(digest, 'base64').toString('hex') }] }),
  };
  // the package of sharp that holds libvips: one of its own, or on Windows sharp's
  if (!name.startsWith('@img/') || !existsSync(path.join(folder, 'versions.json'))) return [component];
  const inside = Object.entries(readJson(path.join(folder, 'versions.json')));
  return [{ ...component, components: inside.map(([name, version]) => library(name, version)) }];
}
