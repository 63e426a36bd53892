/** The page of every method. */
import type { MethodId } from '../../../extension/engine/methods';
import { gradients } from './gradients';
import { maps } from './maps';
import type { MethodPage } from './page';
import { passes } from './passes';

export const methodPages: Record<MethodId, MethodPage> = { ...maps, ...gradients, ...passes };
