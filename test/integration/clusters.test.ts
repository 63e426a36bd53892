/** The recipes of docs/scale.md, each with the engine it is for: whatever ends a task, the rows are those of one process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Job } from 'kubernetes-models/batch/v1';
import sharp from 'sharp';
import ts from 'typescript';
import { parse } from 'yaml';
import { which } from '../../scripts/lib/run.mjs';
import { root, runCli } from './support';
import { SlurmCluster } from './slurmCluster';

const PARTS = 4;
const COUNT = 400;
const cli = path.join(root, 'dist/cli.js');
const recipe = (name: string) => path.join(root, 'scripts/scale', name);

interface Row {
  id: string;
  image: string;
  error?: string;
  predictions?: { index: number; probability: number }[];
}

let folder: string;
let expected: Map<string, Row>;
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-clusters-'));
  mkdirSync(path.join(folder, 'pictures'));
  const small = await Promise.all(
    ['cat.webp', 'horse-portrait.jpg', 'ship.png'].map((name) =>
      sharp(path.join(root, 'samples', name))
        .resize(64, 48)
        .png()
        .toBuffer(),
    ),
  );
  for (let i = 0; i < COUNT; i++) writeFileSync(path.join(folder, 'pictures', `${i}.png`), small[i % small.length]!);
  const alone = await runCli(folder, {}, 'classify', 'pictures', '--output', 'alone.jsonl');
  assert.equal(alone.code, 0, alone.stderr);
  expected = rowsIn(path.join(folder, 'alone.jsonl'));
  assert.equal(expected.size, COUNT);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** By id; none twice. */
function rowsIn(...files: string[]): Map<string, Row> {
  const rows = files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as Row);
  const byId = new Map(rows.map((row) => [row.id, row]));
  assert.equal(byId.size, rows.length, 'a picture twice');
  return byId;
}

/** The parts in that folder hold every picture once, with what one process said of it. */
function assertSameRows(results: string): void {
  const parts = readdirSync(results).filter((name) => name.startsWith('part-'));
  assert.deepEqual(
    parts.sort(),
    Array.from({ length: PARTS }, (_, i) => `part-0000${i}-of-0000${PARTS}.jsonl`),
  );
  const rows = rowsIn(...parts.map((name) => path.join(results, name)));
  assert.deepEqual([...rows.keys()].sort(), [...expected.keys()].sort());
  for (const [id, { predictions }] of rows) {
    const alone = expected.get(id)!.predictions!;
    assert.deepEqual(
      predictions!.map(({ index }) => index),
      alone.map(({ index }) => index),
    );
    predictions!.forEach(({ probability }, k) => assert.ok(Math.abs(probability - alone[k]!.probability) < 1e-5, id));
  }
}

const lengthOf = (file: string): number => {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
};

/** The process that classifies into that part, by what it has open; null when there is none. Linux only. */
function writerOf(part: string): number | null {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (open.includes(part)) return Number(pid);
    } catch {
      // gone meanwhile
    }
  }
  return null;
}

/** Kills, with no warning, what writes that part, once it has some rows. */
async function killWriter(part: string): Promise<void> {
  const begun = lengthOf(part) + 6000;
  for (let tries = 0; tries < 6000; tries++) {
    const pid = lengthOf(part) > begun ? writerOf(part) : null;
    if (pid !== null) return void process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`nothing writes ${part}`);
}

const slurm = ['munged', 'slurmctld', 'slurmd'].every((name) => which(name)) && process.getuid?.() === 0;
test(
  'Slurm: an array of tasks, one killed and one requeued',
  { skip: !slurm && 'slurm-wlm and munge are not installed, or this is not root' },
  async () => {
    const cluster = await SlurmCluster.start(path.join(folder, 'slurm'), 2);
    try {
      const results = path.join(folder, 'by slurm');
      const args = [recipe('slurm.sh'), path.join(folder, 'pictures'), results, '--batch', '1'];
      const job = cluster.submit({ VIT_INSPECTOR: cli }, `--array=0-${PARTS - 1}`, ...args);
      const part = (index: number) => path.join(results, `part-0000${index}-of-0000${PARTS}.jsonl.part`);
      const again = async (index: number) => {
        // a task that is put back waits two minutes before it may start, unless somebody says otherwise
        await cluster.until(
          'it is in the queue again',
          () => cluster.task(job, index).state === 'PENDING' && cluster.task(job, index).restarts === 1,
        );
        cluster.run('scontrol', 'update', `JobId=${cluster.task(job, index).id}`, 'StartTime=now');
      };
      await killWriter(part(0));
      await again(0);
      await cluster.until('task 2 has some rows', () => lengthOf(part(2)) > 6000);
      cluster.run('scontrol', 'requeue', `${job}_2`);
      await again(2);
      for (let index = 0; index < PARTS; index++) {
        await cluster.until(`task ${index} is done`, () => cluster.task(job, index).state === 'COMPLETED');
      }
      assert.deepEqual(
        [0, 1, 2, 3].map((index) => cluster.task(job, index).restarts),
        [1, 0, 1, 0],
      );
      assertSameRows(results);
    } finally {
      await cluster.stop();
    }
  },
);

test(
  'GNU parallel: parts side by side, one killed',
  { skip: !which('parallel') && 'GNU parallel is not installed' },
  async () => {
    const results = path.join(folder, 'by parallel');
    const child = spawn(
      recipe('parallel.sh'),
      [String(PARTS), path.join(folder, 'pictures'), results, '--batch', '1'],
      {
        env: { ...process.env, JOBS: '2' },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await killWriter(path.join(results, `part-00001-of-0000${PARTS}.jsonl.part`));
    assert.equal(await ended, 0);
    assertSameRows(results);
  },
);

interface Manifest {
  spec: {
    completions: number;
    completionMode: string;
    backoffLimitPerIndex: number;
    podFailurePolicy: { rules: { action: string; onExitCodes?: { containerName: string; values: number[] } }[] };
    template: {
      spec: {
        restartPolicy: string;
        containers: { name: string; args: string[]; env: { name: string; value: string }[] }[];
      };
    };
  };
}
const manifest = () => parse(readFileSync(recipe('kubernetes.yaml'), 'utf8')) as Manifest;

test('Kubernetes: the manifest is as its published schema says, with no field that it does not know', () => {
  const job = manifest();
  new Job(job as unknown as ConstructorParameters<typeof Job>[0]).validate();
  assert.deepEqual(complaints(job), []);
  const misspelt = { ...job, spec: { ...job.spec, backofLimitPerIndex: 5 } };
  assert.match(complaints(misspelt).join(), /backofLimitPerIndex/);
  // what the schema does not say, but the server refuses
  const { completionMode, completions, podFailurePolicy, template } = job.spec;
  assert.deepEqual([completionMode, template.spec.restartPolicy], ['Indexed', 'Never']);
  const [container] = template.spec.containers;
  const rule = podFailurePolicy.rules.find(({ action }) => action === 'FailIndex')!;
  assert.deepEqual(rule.onExitCodes, { containerName: container!.name, operator: 'In', values: [2, 3] });
  assert.equal(container!.env.find(({ name }) => name === 'JOB_COMPLETIONS')!.value, String(completions));
});

/** What TypeScript says of an object as a Job of the Kubernetes API: unknown fields, too. */
function complaints(job: object): string[] {
  const file = path.join(root, 'manifest.ts');
  const text = `import type { IJob } from 'kubernetes-models/batch/v1';\nexport const job: IJob = ${JSON.stringify(job)};\n`;
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], { ...options, moduleResolution: ts.ModuleResolutionKind.Node10 }, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test("Kubernetes: what the manifest's pods run, for every index", async () => {
  const results = path.join(folder, 'by kubernetes');
  mkdirSync(results);
  const here = manifest().spec.template.spec.containers[0]!.args.map((arg) =>
    arg.replace(/^\/pictures/, path.join(folder, 'pictures')).replace(/^\/results/, results),
  );
  for (let index = 0; index < PARTS; index++) {
    const env = { JOB_COMPLETION_INDEX: String(index), JOB_COMPLETIONS: String(PARTS) };
    const { code, stderr } = await runCli(folder, env, ...here);
    assert.equal(code, 0, stderr);
  }
  assertSameRows(results);
});
