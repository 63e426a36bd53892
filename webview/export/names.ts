/** What files are called that are saved of a picture. */
import type { AppState } from '../app/state';

/** The picture's name without its ending. */
export const stemOf = ({ image }: Pick<AppState, 'image'>): string =>
  (image?.name ?? 'picture').replace(/\.[^.]+$/, '').slice(0, 120);
