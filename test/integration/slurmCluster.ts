/** A Slurm of the test's own: munged, slurmctld and slurmd of this machine in a folder, no container, no accounting. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { isRunning } from './support';

export class SlurmCluster {
  private constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** `folder`: absolute, of the cluster alone. Resolves when a node waits for work. */
  static async start(folder: string, cpus: number): Promise<SlurmCluster> {
    const at = (name: string) => path.join(folder, name);
    for (const name of ['state', 'spool']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
    writeFileSync(at('slurm.conf'), configuration(folder, cpus, await freePort(), await freePort()));
    const cluster = new SlurmCluster(folder, { ...process.env, SLURM_CONF: at('slurm.conf') });
    const munge = ['--key-file', at('munge.key'), '--socket', at('munge.socket'), '--pid-file', at('munged.pid')];
    cluster.run('munged', '--force', ...munge, '--log-file', at('munged.log'), '--seed-file', at('munged.seed'));
    cluster.run('slurmctld', '-c');
    cluster.run('slurmd');
    await cluster.until('a node is idle', () => cluster.run('sinfo', '--noheader', '--format=%T') === 'idle');
    return cluster;
  }

  /** Standard output of one of Slurm's programs; throws with what it says when it fails. */
  run(program: string, ...args: string[]): string {
    return execFileSync(program, args, { env: this.env, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** The number of the job. `env`: of its tasks. */
  submit(env: NodeJS.ProcessEnv, ...args: string[]): string {
    return execFileSync('sbatch', ['--parsable', `--chdir=${this.folder}`, ...args], {
      env: { ...this.env, ...env },
      encoding: 'utf8',
    }).trim();
  }

  /** State of a task, or '' when nothing is known of it: COMPLETED, PENDING, RUNNING, ... and how often it was started again. */
  task(job: string, index: number): { state: string; restarts: number; id: string } {
    const said = spawnSync('scontrol', ['show', 'job', '--oneliner', `${job}_${index}`], {
      env: this.env,
      encoding: 'utf8',
    });
    const of = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(said.stdout)?.[1] ?? '';
    return { state: of('JobState'), restarts: Number(of('Restarts')), id: of('JobId') };
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (let tries = 0; !holds(); tries++) {
      if (tries > 600) throw new Error(`${what}: never seen\n${this.logs()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What is left is killed: nothing outlives the test. */
  async stop(): Promise<void> {
    spawnSync('scancel', ['--signal=KILL', '--full', '--me'], { env: this.env });
    for (const name of ['slurmd', 'slurmctld', 'munged']) {
      const pid = pidIn(path.join(this.folder, `${name}.pid`));
      if (pid === 0) continue;
      process.kill(pid, 'SIGTERM');
      for (let tries = 0; isRunning(pid) && tries < 100; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    }
  }

  private logs(): string {
    return ['slurmctld.log', 'slurmd.log']
      .map((name) => {
        try {
          return readFileSync(path.join(this.folder, name), 'utf8').split('\n').slice(-20).join('\n');
        } catch {
          return `${name}: nothing`;
        }
      })
      .join('\n');
  }
}

function configuration(folder: string, cpus: number, controllerPort: number, nodePort: number): string {
  const host = os.hostname().split('.')[0]!;
  const at = (name: string) => path.join(folder, name);
  return `${[
    'ClusterName=test',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controllerPort}`,
    `SlurmdPort=${nodePort}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${at('munge.socket')}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SlurmUser=root',
    `StateSaveLocation=${at('state')}`,
    `SlurmdSpoolDir=${at('spool')}`,
    `SlurmctldPidFile=${at('slurmctld.pid')}`,
    `SlurmdPidFile=${at('slurmd.pid')}`,
    `SlurmctldLogFile=${at('slurmctld.log')}`,
    `SlurmdLogFile=${at('slurmd.log')}`,
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SlurmdParameters=config_overrides',
    'SchedulerParameters=batch_sched_delay=0,sched_interval=1',
    'AccountingStorageType=accounting_storage/none',
    'JobCompType=jobcomp/none',
    'JobRequeue=1',
    'KillWait=5',
    'ReturnToService=2',
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN`,
    'PartitionName=all Nodes=ALL Default=YES State=UP',
  ].join('\n')}\n`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function pidIn(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}
