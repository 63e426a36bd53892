/** The largest sizes believed of a file: native/limits.json, which the addon is compiled with too. */
import limits from '../../native/limits.json';

export type LimitName = keyof typeof limits;

export const LIMITS: Readonly<Record<LimitName, number>> = limits;

/** A hidden layer is a few times as long as a token; published ones at most six. */
export const MOST_RATIO = 1024;

/**
 * Of a pass over one picture: what takes hours is refused before it begins. A model of seven thousand million weights at 1024 pixels
 * needs a third of it.
 */
export const MOST_MULTIPLICATIONS = 1e14;
