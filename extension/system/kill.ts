import type { ChildProcess } from 'node:child_process';

/**
 * Zero and negative numbers mean whole groups of processes to kill(2), the caller's own among them, and a process that could not be
 * started has no number at all (Node.js then signals number 0). Only a positive number is ever signalled.
 */
const isProcess = (pid: number | undefined): pid is number => pid !== undefined && Number.isInteger(pid) && pid > 0;

/** False: there was nothing to signal. */
export function kill(pid: number | undefined, signal: NodeJS.Signals | 0 = 'SIGKILL'): boolean {
  return isProcess(pid) && process.kill(pid, signal);
}

/** A child that has ended is not signalled: its number may be another's by now. */
export function killChild(child: ChildProcess): boolean {
  return isProcess(child.pid) && child.kill('SIGKILL');
}
