/** Pointers on a canvas as what people mean by them: pointing, clicking, dragging, pinching. */
import type { Point } from '../../extension/image/geometry';

interface Gestures {
  hover(at: Point | null): void;
  click(at: Point): void;
  drag(from: Point, to: Point): void;
  /** Two fingers: `factor` > 1 when they part. */
  pinch(factor: number, at: Point): void;
  /** A drag has ended. */
  end(): void;
}

/** Movement below this is still a click. */
const slack = 4;

export function listenToGestures(canvas: HTMLCanvasElement, gestures: Gestures): void {
  const pointers = new Map<number, Point>();
  let pressed: Point | null = null;
  const at = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    pressed = pointers.size === 1 ? at(event) : null;
  });
  canvas.addEventListener('pointermove', (event) => {
    const to = at(event);
    const from = pointers.get(event.pointerId);
    if (!from) return gestures.hover(to);
    if (pressed && Math.hypot(to.x - pressed.x, to.y - pressed.y) < slack) return;
    pressed = null;
    canvas.classList.add('dragging');
    pointers.set(event.pointerId, to);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return gestures.drag(from, to);
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    gestures.pinch(after / Math.max(1, before), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
  });
  const release = (event: PointerEvent, clicked: boolean) => {
    const wasPressed = pressed !== null;
    pointers.delete(event.pointerId);
    pressed = null;
    canvas.classList.remove('dragging');
    if (wasPressed && clicked && event.button === 0) gestures.click(at(event));
    else if (!wasPressed) gestures.end();
  };
  canvas.addEventListener('pointerup', (event) => release(event, true));
  canvas.addEventListener('pointercancel', (event) => release(event, false));
  canvas.addEventListener('pointerleave', () => gestures.hover(null));
}
