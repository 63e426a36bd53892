import type { Binding, Step } from '../../../native/binding';
import type { Finding, ModelDescription } from '../../architecture/description';
import { toErrorShape } from '../../errors/engineError';
import { reportOf } from '../../models/describe';
import type { KindStatistics } from '../../models/weightKinds';
import type { Report } from '../../models/report';

/** The report on a model, with every step's shape, and what its weights are like where they were read. One whose steps cannot be listed has a finding that says why. */
export function reportOn(
  description: ModelDescription,
  binding: () => Binding,
  kinds: KindStatistics[] = [],
): { report: Report; steps: Step[] } {
  const { architecture } = description;
  try {
    const steps = architecture ? binding().describeSteps(architecture) : [];
    return { report: reportOf(description, steps, kinds), steps };
  } catch (error) {
    const { code, ...said } = toErrorShape(error);
    // without its engine nothing is wrong with the model
    const severity = code === 'ERR_ARCHITECTURE' ? 'error' : 'warning';
    const finding: Finding = { severity, code: 'no-steps', ...said };
    return { report: reportOf({ ...description, findings: [...description.findings, finding] }, [], kinds), steps: [] };
  }
}
