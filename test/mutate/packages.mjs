// What comes from the packages of this folder, which the set-up does not install: npm run mutate does.
import { installPackages } from '../../scripts/lib/packages.mjs';

const silent = new Proxy({}, { get: () => () => false });

/** Installs them unless they are there; resolves to what is made of them. */
export async function packages() {
  await installPackages(import.meta.dirname, ['--ignore-scripts']);
  const [{ createInstrumenter }, { commonTokens }, { createInjector }, { TraceMap, eachMapping }] = await Promise.all([
    import('@stryker-mutator/instrumenter'),
    import('@stryker-mutator/api/plugin'),
    import('typed-inject'),
    import('@jridgewell/trace-mapping'),
  ]);
  const instrumenter = createInjector()
    .provideValue(commonTokens.getLogger, () => silent)
    .provideValue(commonTokens.logger, silent)
    .injectFunction(createInstrumenter);
  return {
    async mutantsOf(file, text) {
      const options = { ignorers: [], excludedMutations: [], plugins: null, noHeader: true };
      const { mutants } = await instrumenter.instrument([{ name: file, content: text, mutate: true }], options);
      return mutants.map(({ mutatorName, location, replacement }) => ({ mutatorName, location, replacement }));
    },
    eachMapping: (map, visit) => eachMapping(new TraceMap(map), visit),
  };
}
