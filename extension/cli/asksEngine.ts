/** Commands that ask the engine, and whether of pictures. */
const asking: Record<string, { pictures: boolean }> = {
  classify: { pictures: true },
  embed: { pictures: true },
  explain: { pictures: true },
  preprocess: { pictures: true },
  forward: { pictures: false },
  describe: { pictures: false },
};

/** Whether the command of these arguments needs an engine process, and what of it; undefined: not at once. */
export function asksEngine([name = '', ...rest]: readonly string[]): { pictures: boolean } | undefined {
  const isHelp = rest.includes('--help') || rest.includes('-h');
  return Object.hasOwn(asking, name) && !isHelp ? asking[name] : undefined;
}
