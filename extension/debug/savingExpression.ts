/** A Python expression that saves a variable of the program that is debugged as a .npy file. */

/** attention, tokens: its numbers as float32. picture: uint8, (H, W) or (H, W, 3). */
export type VariableKind = 'attention' | 'tokens' | 'picture';

/** What is saved at most: as many values as a .npy file may hold to be opened (256 MiB of float32). */
const MOST_VALUES = 64 * 2 ** 20 - 1024;

/**
 * It runs in the program: what Python raises is what the debugger answers. Arrays of NumPy and what converts to them, tensors of torch
 * on any device and of any type, TensorFlow's, pictures of Pillow; a list of tensors (transformers' `attentions`) is stacked.
 */
const PROGRAM = `
import numpy

def count(value):
    if isinstance(value, (list, tuple)):
        return sum(count(each) for each in value[:1]) * len(value)
    shape = getattr(value, 'shape', None)
    if shape is None:  # Pillow's pictures have a size
        size = getattr(value, 'size', None)
        shape = size if isinstance(size, tuple) else ()
    product = 1
    for side in shape:
        product *= int(side)
    return product

def array(value):
    if isinstance(value, (list, tuple)) and len(value) and hasattr(value[0], 'shape'):
        return numpy.stack([array(each) for each in value])
    if hasattr(value, 'detach'):
        value = value.detach().cpu()
        if value.is_floating_point():
            value = value.float()  # NumPy has no bfloat16
        value = value.numpy()
    elif hasattr(value, 'numpy'):
        value = value.numpy()
    return numpy.asarray(value)

def numbers(value):
    return array(value).astype('float32')

def picture(value):
    if hasattr(value, 'convert'):
        value = value.convert('RGB')
    value = array(value)
    while value.ndim > 3:
        value = value[0]
    if value.ndim < 2:
        raise ValueError('no picture has %d dimensions' % value.ndim)
    if value.ndim == 3 and value.shape[-1] not in (1, 3, 4) and value.shape[0] in (1, 3, 4):
        value = numpy.moveaxis(value, 0, -1)
    if value.ndim == 3 and value.shape[-1] == 4:
        value = value[..., :3]
    if value.dtype == numpy.uint8:
        return value
    value = numpy.nan_to_num(value.astype('float64'))
    low, high = value.min(), value.max()
    if low >= 0 and high <= 1:
        value = value * 255
    elif low < 0 or high > 255:  # as a model is fed: stretched to what can be seen
        value = (value - low) / ((high - low) or 1) * 255
    return numpy.rint(value).astype('uint8')

if count(value) > most:
    raise ValueError('%d values, more than the %d that can be opened' % (count(value), most))
saved = numpy.ascontiguousarray(picture(value) if kind == 'picture' else numbers(value))
with open(file, 'wb') as opened:
    numpy.save(opened, saved)
`;

/** @param expression what the variable is in Python; @param file an absolute path, on the machine of the program */
export function savingExpression(expression: string, kind: VariableKind, file: string): string {
  // a JSON string without escaped surrogates is a string of Python
  const [program, name, to] = [PROGRAM, kind, file].map((text) => JSON.stringify(text));
  return `exec(${program}, {'value': (${expression}), 'kind': ${name}, 'file': ${to}, 'most': ${MOST_VALUES}})`;
}
