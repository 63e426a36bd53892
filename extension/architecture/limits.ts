/** The largest sizes believed of a file: native/limits.json, which the addon is compiled with too. */
import limits from '../../native/limits.json';

export type LimitName = keyof typeof limits;

export const LIMITS: Readonly<Record<LimitName, number>> = limits;

/** A hidden layer is a few times as long as a token; published ones at most six. */
export const MOST_RATIO = 1024;
