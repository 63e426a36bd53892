/** The report on a model, with every step's shape: the engine process knows those, without reading the weights. */
import type { Step } from '../engine/requests';
import type { Finding, ModelDescription } from '../architecture/description';
import { reportOf, type Report } from '../models/report';
import { errorShape } from '../protocol/host';
import type { EnginePort } from './enginePort';

/** A model whose steps cannot be listed is described all the same, with a finding that says why. */
export async function reportOn(
  engine: Pick<EnginePort, 'request'>,
  description: ModelDescription,
): Promise<{ report: Report; steps: Step[] }> {
  const { architecture } = description;
  try {
    const steps = architecture ? await engine.request('describe-steps', { architecture }) : [];
    return { report: reportOf(description, steps), steps };
  } catch (error) {
    const { code, ...said } = errorShape(error);
    // without its engine nothing is wrong with the model
    const severity = code === 'ERR_ARCHITECTURE' ? 'error' : 'warning';
    const finding: Finding = { severity, code: 'no-steps', ...said };
    return { report: reportOf({ ...description, findings: [...description.findings, finding] }, []), steps: [] };
  }
}
