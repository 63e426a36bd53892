import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, toErrorShape } from '../../extension/errors/engineError';
import { ModelError } from '../../extension/errors/modelError';
import { FileFault } from '../../extension/errors/fileFault';
import { render, sentence } from '../../extension/errors/sentence';

test('whatever is thrown is a code and one line', () => {
  const thrower = () => {
    throw new Error('from a getter');
  };
  const hostile: unknown[] = [
    null,
    undefined,
    0,
    Symbol('s'),
    10n,
    '',
    {},
    Object.create(null),
    { message: 5 },
    { message: '\n\nlate', code: 12 },
    { toString: thrower },
    Object.defineProperty({}, 'message', { get: thrower }),
    Object.defineProperty(new Error('x'), 'message', { get: thrower }),
    Object.defineProperty(new Error('x'), 'code', { get: thrower }),
    Object.assign(new Error('x'), { message: null }),
    new Proxy({}, { get: thrower, getPrototypeOf: thrower, has: thrower }),
    new Proxy(() => undefined, { get: thrower, getPrototypeOf: thrower }),
    { code: 'constructor' },
    { code: '__proto__', message: 'x' },
  ];
  for (const thrown of hostile) {
    const { code, message } = toErrorShape(thrown);
    assert.equal(code, 'ERR_INTERNAL');
    assert.ok(message.length > 0 && !message.includes('\n'), message);
  }
});

test('known codes and sentences stay, and a model’s errors are the engine’s', () => {
  const of = (error: unknown) => {
    const { code, message, template, args } = toErrorShape(error);
    return [code, message, template, ...args];
  };
  assert.deepEqual(of(new EngineError('ERR_GONE', sentence('{0} is gone.', 'It'))), [
    'ERR_GONE',
    'It is gone.',
    '{0} is gone.',
    'It',
  ]);
  assert.deepEqual(of({ code: 'ERR_FILE', message: 'No file.\nat x' }), ['ERR_FILE', 'No file.', '{0}', 'No file.']);
  assert.deepEqual(of(new ModelError('config', sentence('{0} is odd.', 'It'))), [
    'ERR_MODEL',
    'It is odd.',
    '{0} is odd.',
    'It',
  ]);
  assert.equal(toErrorShape(new ModelError('cancelled', sentence('Stopped.'))).code, 'ERR_CANCELLED');
});

test('a sentence survives its way between processes when one of its clauses was an error', () => {
  const fault = new FileFault(sentence('has {0} pixels', 400));
  const said = sentence('{0} {1}.', 'huge.png', sentence('is odd: {0}', [fault]));
  assert.equal(said.message, 'huge.png is odd: has 400 pixels.');
  const arrived = toErrorShape(structuredClone(toErrorShape(new EngineError('ERR_IMAGE', said))));
  assert.equal(
    render(arrived, (template) => template),
    said.message,
  );
});
