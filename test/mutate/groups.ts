/** What is mutated, and which tests are asked: those without a window first, then those that need bundles, then VS Code itself. */
export interface Group {
  name: string;
  /** Which files. */
  takes: (file: string) => boolean;
  /** The share of its mutants that the tests must find. */
  wanted: number;
  /** Folders of tests that import the sources. */
  near: string[];
  /** Further tests for a file, which run what is built of it. */
  far: (file: string) => string[];
  /** Whether these are VS Code's, which nothing counts the places for: each is asked. */
  farIsWindow: boolean;
}

const inVsCode = /^extension\/(extension\.ts|commands\/|panel\/)/;

export const groups: Group[] = [
  {
    name: 'pure',
    takes: (file) => file.startsWith('extension/') && !inVsCode.test(file),
    wanted: 0.9,
    near: ['test/unit', 'test/native'],
    far: (file) => (integration[roomOf(file)] ?? ['cli', 'engine']).map((name) => `test/integration/${name}.test.ts`),
    farIsWindow: false,
  },
  {
    name: 'webview',
    takes: (file) => file.startsWith('webview/'),
    wanted: 0.75,
    near: ['test/unit'],
    far: (file) => [...pages(file), ...windows(file)],
    farIsWindow: true,
  },
  {
    name: 'vscode',
    takes: (file) => inVsCode.test(file),
    wanted: 0.75,
    near: ['test/unit'],
    far: windows,
    farIsWindow: true,
  },
];

/** The folder below extension/ or webview/. */
export const roomOf = (file: string) => /^[^/]+\/([^/]+)\//.exec(file)?.[1] ?? '.';

/** Files of test/integration that run a room's code; of these, those that run the very place are asked. */
const integration: Record<string, string[]> = {
  agents: ['mcp', 'cli'],
  bench: ['bench'],
  cli: ['bench', 'cli', 'explain', 'mcp', 'output', 'scale'],
  debug: ['variables'],
  drawing: ['cli', 'mcp'],
  engine: ['engine', 'explain', 'hostilePictures', 'image', 'inspection', 'job', 'memory', 'notFinite', 'onnx', 'onnxExternal', 'onnxForms', 'onnxGolden', 'preparedPictures', 'scale', 'tables'], // prettier-ignore
  files: ['cli', 'engine', 'image', 'regularFiles'],
  image: ['hostilePictures', 'image', 'preparedPictures', 'cli'],
  inspect: ['inspection', 'mcp'],
  jobs: ['job', 'scale'],
  models: ['cli', 'engine', 'hub', 'models', 'notFinite', 'regularFiles'],
  onnx: ['onnx', 'onnxExternal', 'onnxForms', 'onnxGolden', 'bench'],
  results: ['job', 'mcp', 'tables'],
  system: ['engine', 'image', 'memory', 'output'],
};

/** Files of test/e2e for a place: the first rule that fits. */
const stories: [RegExp, string[]][] = [
  [/resultsPanel|panel\/jobs|classifyFolder|webview\/results/, ['results']],
  [/panel\/array|webview\/array/, ['waysIn', 'looks']],
  [
    /panel\/checkpoint|inspectCheckpoint|useModel|exportOnnx|verifyAgainst|modelFiles|reports|webview\/checkpoint/,
    ['models'],
  ],
  [/modelFileEditor|runModelFile/, ['models', 'everyday']],
  [/languageModelTools|mcpServers/, ['agents']],
  [/variableFiles|viewVariable|notebook/, ['python']],
  [/lastCommit|omparison|compare|evidence|depth|webview\/attention\/methods/, ['evidence']],
  [/export|igure/, ['export']],
  [/walk|overview|samples|webview\/facts/, ['untrusted', 'story']],
  [/settings|source|html/, ['untrusted', 'waysIn']],
  [/notices|notifications|downloadModel|restartEngine|showLog/, ['failures']],
  [/selectModel|recentModels|statusBar|fileWatch|openSettings/, ['everyday', 'waysIn']],
  [/controls|images|pictures|takenPictures|saved|hidden|fileView|fileEditor|patches/, ['waysIn', 'story']],
  [/./, ['story', 'waysIn']],
];

/** Files of test/page for a place: there are none for notebooks. */
function pages(file: string): string[] {
  if (/^webview\/notebook\//.test(file)) return [];
  if (/^webview\/(checkpoint|array)\//.test(file)) return ['test/page/files.test.ts'];
  if (/^webview\/results\//.test(file)) return ['test/page/results.test.ts'];
  const all = [
    'attention',
    'walkthrough',
    'menus',
    'evidence',
    'gestures',
    ...(/^webview\/ui\//.test(file) ? ['results', 'files'] : []),
  ];
  const first = /export|compare|ui\/(menu|status)/.test(file)
    ? ['menus']
    : all.filter((name) => file.includes(name.slice(0, 4)));
  return [...new Set([...first, ...all])].map((name) => `test/page/${name}.test.ts`);
}

function windows(file: string): string[] {
  return stories.find(([pattern]) => pattern.test(file))![1].map((name) => `test/e2e/${name}.test.ts`);
}
