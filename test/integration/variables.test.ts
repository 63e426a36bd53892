/** What saves a variable of a debugged program, run by Python itself. Python is $VIT_PYTHON, or python3; it may lack what is named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { savingExpression, type VariableKind } from '../../extension/debug/savingExpression';
import { readNpy } from '../../extension/files/npy';

const python = process.env.VIT_PYTHON ?? 'python3';
const lacks = (name: string): string | false =>
  spawnSync(python, ['-c', `import ${name}`]).status === 0 ? false : `${python} has no ${name}`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit variables \u{1f438} "q" '));
after(() => rmSync(folder, { recursive: true, force: true }));

/** In one namespace, as a frame is: a program, then the expression, as a debugger evaluates it. */
function run(program: string, expression: string, kind: VariableKind) {
  const file = path.join(folder, `${kind}.npy`);
  rmSync(file, { force: true });
  const saving = savingExpression(expression, kind, file);
  const { status, stderr } = spawnSync(python, ['-c', `${program}\neval(${JSON.stringify(saving)})`], {
    encoding: 'utf8',
  });
  return { file, status, last: stderr.trim().split('\n').at(-1) };
}

function saved(program: string, expression: string, kind: VariableKind) {
  const { file, status, last } = run(program, expression, kind);
  assert.equal(status, 0, last);
  const { shape, dtype, values } = readNpy(readFileSync(file));
  return { shape, dtype, values: [...values] };
}

describe('arrays of NumPy', { skip: lacks('numpy') }, () => {
  test('numbers of any type become float32, in their own order', () => {
    const program = 'import numpy as np\na = {"x": np.arange(6).reshape(2, 3).T}';
    assert.deepEqual(saved(program, 'a["x"]', 'attention'), {
      ...{ shape: [3, 2], dtype: '<f4', values: [0, 3, 1, 4, 2, 5] },
    });
    assert.deepEqual(saved('import numpy as np', 'np.array([True, False])', 'tokens').values, [1, 0]);
    assert.deepEqual(saved('', '[[1, 2], [3, 4]]', 'tokens').shape, [2, 2]);
    const list = saved('import numpy as np', 'tuple(np.full((2, 2), i) for i in range(3))', 'attention');
    assert.deepEqual([list.shape, list.values.at(-1)], [[3, 2, 2], 2]);
  });

  test('a picture is uint8 with its channels last', () => {
    const program = 'import numpy as np\nx = np.zeros((1, 3, 2, 5), "float32")\nx[0, 1] = 1';
    const { shape, dtype, values } = saved(program, 'x', 'picture');
    assert.deepEqual([shape, dtype, values.slice(0, 3)], [[2, 5, 3], '|u1', [0, 255, 0]]);
    // normalised, as a model is fed: stretched
    assert.deepEqual(saved('import numpy as np', 'np.array([[-2.0, 0.0, 2.0]])', 'picture').values, [0, 128, 255]);
    assert.deepEqual(saved('import numpy as np', 'np.array([[0.0, 7.0, 255.0]])', 'picture').values, [0, 7, 255]);
    assert.deepEqual(saved('import numpy as np', 'np.zeros((5, 6, 4), "uint8")', 'picture').shape, [5, 6, 3]);
  });

  test('what cannot be saved is said by Python, and nothing is written', () => {
    const tooMany = run('import numpy as np', 'np.broadcast_to(np.float32(0), (10**6, 10**6))', 'attention');
    assert.match(tooMany.last ?? '', /^ValueError: 1000000000000 values, more than/);
    assert.match(run('', 'missing', 'tokens').last ?? '', /^NameError: name 'missing' is not defined/);
    assert.match(run('', '"text"', 'tokens').last ?? '', /^ValueError: could not convert string to float/);
    assert.match(run('import numpy as np', 'np.zeros(3)', 'picture').last ?? '', /no picture has 1 dimensions/);
    assert.throws(() => readFileSync(path.join(folder, 'picture.npy')), /ENOENT/);
  });
});

test('tensors of torch, with a gradient, in bfloat16', { skip: lacks('torch, numpy') }, () => {
  const program = 'import torch\nx = torch.full((2, 3), 0.5, dtype=torch.bfloat16, requires_grad=True)';
  assert.deepEqual(saved(program, 'x', 'tokens'), { shape: [2, 3], dtype: '<f4', values: Array(6).fill(0.5) });
  assert.deepEqual(saved(program, '(x, x)', 'attention').shape, [2, 2, 3]);
  const bytes = 'import torch\nx = torch.tensor([[[0, 9]], [[1, 8]], [[2, 7]]], dtype=torch.uint8)';
  assert.deepEqual(saved(bytes, 'x', 'picture'), { shape: [1, 2, 3], dtype: '|u1', values: [0, 1, 2, 9, 8, 7] });
});

test('a picture of Pillow, with a palette', { skip: lacks('PIL.Image, numpy') }, () => {
  const program = 'from PIL import Image\nx = Image.new("RGB", (3, 2), (9, 8, 7)).convert("P")';
  const { shape, dtype } = saved(program, 'x', 'picture');
  assert.deepEqual([shape, dtype], [[2, 3, 3], '|u1']);
});
