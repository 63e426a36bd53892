/** By how much the native engine and ONNX Runtime differ, as text for people. */
import type { Verification } from '../engine/requests';
import { tolerances } from '../engine/tolerances';
import { sentence } from '../errors/sentence';
import { columns } from './layout';
import type { Say } from './modelReport';

/** @param picture its path */
export function verificationReport(
  model: string,
  picture: string,
  { logits, layers, forward_ms }: Verification,
  say: Say,
): string {
  const small = (value: number): string => value.toExponential(2);
  const head = [sentence('layer'), sentence('attention'), sentence('tokens')].map(say);
  const rows = layers.map(({ layer, attention, tokens }) => [
    String(layer + 1),
    small(attention.max),
    small(tokens.max),
  ]);
  const difference = sentence(
    'logits: {0}, of values up to {1}; tolerance {2}',
    small(logits.max),
    logits.scale.toPrecision(4),
    tolerances.logits,
  );
  const times = sentence(
    'one pass with every map kept: native {0} ms, ONNX Runtime {1} ms',
    forward_ms.native.toFixed(1),
    forward_ms.onnx.toFixed(1),
  );
  return [
    say(sentence('{0} on {1}', model, picture)),
    say(sentence('largest absolute differences between the native engine and ONNX Runtime')),
    '',
    say(difference),
    '',
    columns([head, ...rows]),
    '',
    say(times),
    '',
  ].join('\n');
}
