/** The environment of the processes that are forked. */

/**
 * glibc asks Linux for large pages where it maps memory (its manual, "Memory Allocation Tunables"). Tensors are new memory each time, which
 * costs a fault a page: in a virtual machine more than decoding a photograph. Unknown elsewhere, and then ignored.
 */
const LARGE_PAGES = 'glibc.malloc.hugetlb=1';

/**
 * For a process that decodes pictures, in threads of libvips' own: one heap for all of them, and what is freed at its end goes back to the
 * system. glibc would keep a heap a thread, each in large pages and as large as its largest picture was. The bounds are above what a picture
 * for a model takes at a time: memory that comes and goes with each costs as much time as it saves memory.
 */
const GIVE_BACK = [
  'glibc.malloc.hugetlb=0',
  'glibc.malloc.arena_max=1',
  'glibc.malloc.mmap_threshold=4194304',
  'glibc.malloc.trim_threshold=2097152',
];

/**
 * For processes whose objects are few and short-lived: V8 would let them fill 16 MB, three times over, before it looks which are still in use,
 * and a job of thousands of pictures grew by as much. They collect what is left when they rest (./atRest.ts).
 */
export const SMALL_HEAP: readonly string[] = ['--max-semi-space-size=1', '--expose-gc'];

export const nodeEnvironment = (): NodeJS.ProcessEnv => environment(tunablesSet(), [LARGE_PAGES]);

/** Of a decoder for panels: what the engine that starts it was given for itself does not count as the user's. */
export const decoderEnvironment = (): NodeJS.ProcessEnv =>
  environment(
    tunablesSet().filter((tunable) => tunable !== LARGE_PAGES),
    GIVE_BACK,
  );

const tunablesSet = () => process.env.GLIBC_TUNABLES?.split(':').filter(Boolean) ?? [];

/** What is set of these stays. */
function environment(set: readonly string[], ours: readonly string[]): NodeJS.ProcessEnv {
  const names = new Set(set.map(nameOf));
  return {
    ...process.env,
    // in VS Code, process.execPath is Electron: this makes it a plain Node
    ELECTRON_RUN_AS_NODE: '1',
    GLIBC_TUNABLES: [...set, ...ours.filter((tunable) => !names.has(nameOf(tunable)))].join(':'),
  };
}

const nameOf = (tunable: string) => tunable.split('=')[0];
