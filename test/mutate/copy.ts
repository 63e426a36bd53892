/** A copy of the working tree to make mutants in: what git knows or would add, and links to what is installed and built. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Copy {
  root: string;
  remove(): void;
}

export function copyTree(root: string): Copy {
  const folder = mkdtempSync(path.join(tmpdir(), 'vit-mutants-'));
  const copy = path.join(folder, 'tree');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // when this process breaks off
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  for (const file of new Set(list.split('\0'))) {
    if (file !== '' && existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(copy, file));
  }
  const link = (what: string, as: string) => existsSync(what) && symlinkSync(what, as);
  for (const name of ['node_modules', 'build']) link(path.join(root, name), path.join(copy, name));
  link(path.join(root, '../shared'), path.join(folder, 'shared'));
  // the workbench keeps its runs beside what is installed
  const workbench = path.join(root, '.workbench');
  mkdirSync(path.join(copy, '.workbench'));
  for (const name of existsSync(workbench) ? readdirSync(workbench) : []) {
    if (name !== 'runs') link(path.join(workbench, name), path.join(copy, '.workbench', name));
  }
  return {
    root: copy,
    remove() {
      process.off('exit', remove);
      remove();
    },
  };
}
