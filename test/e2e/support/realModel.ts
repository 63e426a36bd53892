/** A real ImageNet model and a photograph, where the project lies beside them. */
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './session';

export const deit = path.join(root, '../shared/deit-tiny');
const photo = path.join(root, '../shared/photos/airliner.jpg');

const haveDeit = existsSync(deit) && existsSync(photo);

/** For `skip` of a test that needs both. */
export const withoutDeit = haveDeit ? false : 'no ../shared/deit-tiny beside the project';

/** Puts the photograph into the folder that is opened, as airliner.jpg. */
export function addPhoto(folder: string): void {
  if (haveDeit) cpSync(photo, path.join(folder, 'airliner.jpg'));
}
