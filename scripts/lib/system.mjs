// What the build and the tests need from the operating system. Debian and Ubuntu: installed; elsewhere: named.
import { existsSync, readFileSync } from 'node:fs';
import { outputOf, Problem, retried, run, say, which } from './run.mjs';

export const findBrowser = () =>
  process.env.CHROMIUM ||
  which('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome') ||
  ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find(existsSync) ||
  null;

const onMac = process.platform === 'darwin';
const onWindows = process.platform === 'win32';

/** One need a row: how to see that it is met, the Debian package, and what to say elsewhere. */
const needs = {
  cmake: { met: () => which('cmake'), apt: 'cmake', brew: 'cmake', windows: 'CMake (winget install Kitware.CMake)' },
  compiler: {
    met: () => onWindows || which('c++', 'g++', 'clang++'),
    apt: 'g++',
    brew: 'the Xcode command line tools (xcode-select --install)',
    windows: 'Visual Studio Build Tools with C++',
  },
  make: {
    met: () => onWindows || which('make', 'ninja'),
    apt: 'make',
    brew: 'the Xcode command line tools',
    windows: '',
  },
  blas: {
    // macOS has Accelerate; on Windows CMake looks for OpenBLAS and says so itself when it finds none
    met: () => onMac || onWindows || (which('pkg-config') && outputOf('pkg-config', ['--exists', 'openblas']) !== null),
    apt: ['pkg-config', 'libopenblas-dev'],
  },
  clangFormat: {
    met: () => which('clang-format'),
    apt: 'clang-format',
    brew: 'clang-format',
    windows: 'clang-format (winget install LLVM.LLVM)',
  },
  // for the tests in Chinese; macOS and Windows have such fonts
  chineseFont: {
    met: () => onMac || onWindows || Boolean(outputOf('fc-list', [':lang=zh-cn'])?.trim()),
    apt: ['fontconfig', 'fonts-noto-cjk'],
    brew: '',
    windows: '',
  },
  browser: { met: findBrowser, apt: 'chromium', brew: '--cask google-chrome', windows: 'Google Chrome' },
};

/** What the recipes for many pictures are tested with (docs/scale.md); a test that misses its own is skipped, and says so. */
const forRecipes = {
  slurm: { met: () => which('slurmctld') && which('munged'), apt: ['slurm-wlm', 'munge'] },
  parallel: { met: () => which('parallel'), apt: 'parallel' },
};

const forBuild = ['cmake', 'compiler', 'make', 'blas'];
const forTests = [...forBuild, 'clangFormat', 'browser', 'chineseFont'];

function isDebian() {
  if (process.platform !== 'linux' || !which('apt-get') || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** 'root', 'sudo' (works without asking, or can ask on this terminal), or null. */
function privilege() {
  if (process.getuid?.() === 0) return 'root';
  if (!which('sudo')) return null;
  return process.stdin.isTTY || outputOf('sudo', ['-n', 'true']) !== null ? 'sudo' : null;
}

async function aptInstall(packages, as) {
  const apt = (...args) => {
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o=Dpkg::Use-Pty=0', ...args];
    return as === 'sudo' ? run('sudo', command) : run(command[0], command.slice(1), { quiet: true });
  };
  say(`installing Debian packages: ${packages.join(' ')}`);
  await retried('apt-get', 3, async () => {
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', ...packages);
  });
}

function advice(missing) {
  if (isDebian()) {
    return `run this as root, then try again: apt-get install ${missing.flatMap(({ apt }) => apt).join(' ')}`;
  }
  if (onMac) return `install them, then try again: brew install ${missing.map(({ brew }) => brew).join(' ')}`;
  if (onWindows) return `install them, then try again: ${missing.map(({ windows }) => windows).join('; ')}`;
  return `install what these Debian packages hold, then try again: ${missing.flatMap(({ apt }) => apt).join(' ')}`;
}

/** Makes sure that compilers and libraries are there, and with `tests` what the tests drive. */
export async function installSystemPackages({ tests = false } = {}) {
  const missing = () => (tests ? forTests : forBuild).map((name) => needs[name]).filter(({ met }) => !met());
  const before = missing();
  if (before.length === 0) return;
  const as = isDebian() ? privilege() : null;
  if (as)
    await aptInstall(
      before.flatMap(({ apt }) => apt),
      as,
    );
  const after = missing();
  if (after.length > 0) throw new Problem(`Some programs are missing; ${advice(after)}`);
}

/** On a machine of continuous integration (root, Debian): elsewhere nobody is given Slurm's services for a test. */
export async function installRecipePrograms() {
  const missing = Object.values(forRecipes).filter(({ met }) => !met());
  if (missing.length === 0 || !isDebian() || privilege() !== 'root') return;
  try {
    await aptInstall(
      missing.flatMap(({ apt }) => apt),
      'root',
    );
  } catch (error) {
    say(`${error.message}; the tests that need them are skipped`);
  }
}
